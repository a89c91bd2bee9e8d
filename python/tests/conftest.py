"""Each case runs through both faces of the package: blocking methods, and their twins on an event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import orkestra as o

# Proxies of the machine are not for loopback.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

Made = Callable[..., o.Provider]


class Face:
    """Calls methods through one of the two faces."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def call(self, thing: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """What the method gives."""
        if not self.is_async:
            return getattr(thing, method)(*args, **kwargs)

        async def main() -> Any:
            return await getattr(thing, "a" + method)(*args, **kwargs)

        return asyncio.run(main())

    def chat(self, provider: Any, *args: Any, **kwargs: Any) -> o.Response:
        response = self.call(provider, "chat", *args, **kwargs)
        assert isinstance(response, o.Response)
        return response

    def read(self, provider: Any, method: str, *args: Any, **kwargs: Any) -> tuple[list[Any], o.Response]:
        """The pieces of a stream, and the response they come to."""
        if not self.is_async:
            stream = getattr(provider, method)(*args, **kwargs)
            return list(stream), stream.response()

        async def main() -> tuple[list[Any], o.Response]:
            stream = getattr(provider, "a" + method)(*args, **kwargs)
            return [piece async for piece in stream], await stream.aresponse()

        return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param == "async")


@pytest.fixture(scope="session")
def running() -> Iterator[o.Simulator]:
    with o.Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running: o.Simulator) -> o.Simulator:
    """The simulator, without faults and without a record."""
    running.clear()
    return running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, and nothing from the environment."""
    for name in list(os.environ):
        if name.startswith("ORKESTRA_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def provider(simulator: o.Simulator) -> Made:
    """Makes providers that call the simulator, without retries."""

    def make(name: str = "openai", **kwargs: Any) -> o.Provider:
        usual = {"base_url": simulator.base_url(name), "max_retries": 0, "ledger": "off", "timeout": 60}
        kwargs = {**usual, **kwargs}
        return o.Provider(name, kwargs.pop("api_key", "sk-any"), **kwargs)

    return make


@pytest.fixture
def registered() -> Iterator[Registered]:
    """Registers for the process, and takes out again what was."""
    kept = Registered()
    yield kept
    kept.leave()


class Registered:
    def __init__(self) -> None:
        self.events: list[tuple[Any, Any]] = []
        self.functions: list[Any] = []

    def event(self, name: Any, handler: Any) -> None:
        self.events.append((name, o.register_event(name, handler)))

    def middleware(self, function: Any) -> None:
        self.functions.append(o.register_middleware(function))

    def leave(self) -> None:
        assert all(o.unregister_event(name, handler) for name, handler in self.events)
        assert all(o.unregister_middleware(function) for function in self.functions)
