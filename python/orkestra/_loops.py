"""What callbacks need of asyncio. Imported by the extension when the first one is registered."""

from __future__ import annotations

import asyncio
import functools
import inspect
from asyncio import events
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator
from typing import Any


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling ``function`` gives a coroutine."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)
    )


def run(awaitable: Awaitable[Any]) -> Any:
    """Waits for ``awaitable`` on an event loop of its own, also where another one runs: a blocking call was made there."""
    loop = asyncio.new_event_loop()
    try:
        return _wait(loop, awaitable)
    finally:
        _end(loop)


def items(pieces: AsyncIterable[Any]) -> Iterator[Any]:
    """The items of ``pieces``, one by one, on one event loop of their own."""
    loop, iterator = asyncio.new_event_loop(), pieces.__aiter__()
    try:
        while True:
            try:
                item = _wait(loop, iterator.__anext__())
            except StopAsyncIteration:
                return
            yield item
    finally:
        _end(loop)


def _wait(loop: asyncio.AbstractEventLoop, awaitable: Awaitable[Any]) -> Any:
    outer = events._get_running_loop()
    events._set_running_loop(None)
    try:
        return loop.run_until_complete(awaitable)
    finally:
        events._set_running_loop(outer)


def _end(loop: asyncio.AbstractEventLoop) -> None:
    try:
        # An interruption leaves them behind.
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        _wait(loop, _all_of(left))
        _wait(loop, loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _all_of(tasks: set[asyncio.Task[Any]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


def in_thread(function: Callable[..., Any], *arguments: Any) -> Awaitable[Any]:
    """Has a thread of the loop's pool call ``function``."""
    return asyncio.to_thread(function, *arguments)


def next_or_stop(iterator: Iterator[Any]) -> Any:
    """The next item. An end is told as an asynchronous one: no coroutine can pass StopIteration on."""
    try:
        return next(iterator)
    except StopIteration:
        raise StopAsyncIteration from None


def next_in_thread(iterator: Iterator[Any]) -> Awaitable[Any]:
    """The next item, waited for by a thread of the loop's pool."""
    return asyncio.to_thread(next_or_stop, iterator)
