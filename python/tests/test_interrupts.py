"""Ctrl-C and cancellation end a call at once, here and at the provider, and leave the ledger whole."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Face, Made

import orkestra as o

ASKED = "Describe the moon in some detail, please."
# Much less than the deadlines that would end the calls otherwise.
AT_ONCE = 3.0


@pytest.fixture(autouse=True)
def listening() -> Iterator[None]:
    """A shell's background jobs are started deaf to Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def until(holds: Callable[[], bool]) -> None:
    """Waits until it holds, at most ten seconds."""
    pause, end = threading.Event(), time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        pause.wait(0.002)


class CtrlC:
    """Presses Ctrl-C once it holds."""

    def __init__(self, holds: Callable[[], bool]) -> None:
        self.at = 0.0
        self.thread = threading.Thread(target=self.press, args=(holds,), daemon=True)

    def press(self, holds: Callable[[], bool]) -> None:
        until(holds)
        self.at = time.monotonic()
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)

    def __enter__(self) -> CtrlC:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.thread.join(10)
        assert time.monotonic() - self.at < AT_ONCE


def ends(simulator: o.Simulator) -> list[str | None]:
    return [request["end"] for request in simulator.requests()]


def test_ctrl_c_ends_a_call(face: Face, provider: Made, simulator: o.Simulator, tmp_path: Path) -> None:
    made = provider(ledger=tmp_path / "l.db")
    assert face.chat(made, "Hello").text
    simulator.clear()
    simulator.fault("timeout")
    with CtrlC(lambda: len(simulator.requests()) == 1), pytest.raises(KeyboardInterrupt):
        face.chat(made, "Hello")
    until(lambda: ends(simulator) == ["dropped"])
    # Nothing had arrived, so nothing was added; what was there is there, and more can come.
    assert len(made.ledger.entries()) == 1
    assert face.chat(made, "Hello").text
    assert face.call(made.ledger, "totals")["overall"]["calls"] == 2


def test_ctrl_c_ends_a_stream(face: Face, provider: Made, simulator: o.Simulator, tmp_path: Path) -> None:
    made = provider(ledger=tmp_path / "l.db")
    simulator.fault("stall")
    pieces: list[str] = []

    async def main() -> None:
        async for piece in made.astream_text(ASKED):
            pieces.append(piece)

    with CtrlC(lambda: bool(pieces)), pytest.raises(KeyboardInterrupt):
        if face.is_async:
            asyncio.run(main())
        else:
            for piece in made.stream_text(ASKED):
                pieces.append(piece)
    until(lambda: ends(simulator) == ["dropped"])
    (entry,) = made.ledger.entries()
    assert entry["outcome"] == "dropped" and entry["usage"]["output"] > 0 and entry["cost"] > 0


def test_ctrl_c_in_a_middleware_ends_the_call(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider()
    simulator.fault("timeout")
    if face.is_async:

        @made.middleware
        async def passes_async(data: o.MiddlewareData, next: Callable[[], o.Response]) -> None:
            await next()  # type: ignore[misc]

    else:

        @made.middleware
        def passes(data: o.MiddlewareData, next: Callable[[], o.Response]) -> None:
            next()

    with CtrlC(lambda: len(simulator.requests()) == 1), pytest.raises(KeyboardInterrupt):
        face.chat(made, "Hello")
    until(lambda: ends(simulator) == ["dropped"])


@pytest.mark.parametrize("plain", [None, False, True])
def test_a_cancelled_task_ends_its_call(provider: Made, simulator: o.Simulator, plain: bool | None) -> None:
    made = provider()
    simulator.fault("timeout")

    async def passes_async(data: o.MiddlewareData, next: Callable[[], o.Response]) -> None:
        await next()  # type: ignore[misc]

    if plain is not None:
        made.middleware((lambda data, next: next()) if plain else passes_async)

    async def main() -> None:
        task = asyncio.create_task(made.achat("Hello"))
        while not simulator.requests():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while ends(simulator) != ["dropped"]:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_cancelled_stream_is_billed(provider: Made, simulator: o.Simulator, tmp_path: Path) -> None:
    made = provider(ledger=tmp_path / "l.db")
    simulator.fault("stall")
    begun = asyncio.Event()

    async def reads() -> None:
        async with made.astream_text(ASKED) as stream:
            async for _ in stream:
                begun.set()

    async def main() -> None:
        task = asyncio.create_task(reads())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(main(), 20))
    assert [entry["outcome"] for entry in made.ledger.entries()] == ["dropped"]


def test_a_timeout_of_the_callers_own(provider: Made, simulator: o.Simulator) -> None:
    made = provider()
    simulator.fault("timeout")

    async def main() -> None:
        with pytest.raises((asyncio.TimeoutError, TimeoutError)) as caught:
            await asyncio.wait_for(made.achat("Hello"), 0.05)
        assert not isinstance(caught.value, o.Error)

    asyncio.run(main())


def test_what_is_never_awaited_is_said() -> None:
    with pytest.warns(RuntimeWarning, match="'achat' was never awaited"):
        o.Provider("openai", None, ledger="off").achat("Hello")


def test_a_coroutine_is_one_to_asyncio(provider: Made) -> None:
    made = provider()

    async def main() -> list[str]:
        coroutine = made.achat("Hello")
        assert asyncio.iscoroutine(coroutine) and coroutine.__name__ == "achat"
        first = await coroutine
        with pytest.raises(RuntimeError, match="already awaited"):
            await coroutine
        second, third = await asyncio.gather(made.achat("Hello"), asyncio.ensure_future(made.achat("Hello")))
        return [first.text, second.text, third.text]

    assert len(set(asyncio.run(main()))) == 1
    closed = made.achat("Hello")
    closed.close()


def test_outside_of_a_loop_a_coroutine_says_so(provider: Made) -> None:
    coroutine = provider().achat("Hello")
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)
