"""Middleware stands around calls: it may change what goes in and what comes out, answer itself, or refuse."""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from typing import Any

import pytest
from conftest import Face, Made, Registered

import orkestra as o

ASKED = "Describe the moon in some detail, please."


def kinds(before: Any, after: Any) -> list[Any]:
    """The same middleware, plain and async."""

    def plain(data: o.MiddlewareData, next: Any) -> None:
        before(data)
        next()
        after(data)

    async def awaits(data: o.MiddlewareData, next: Any) -> None:
        before(data)
        await asyncio.sleep(0)
        await next()
        after(data)

    return [plain, awaits]


def nothing(data: o.MiddlewareData) -> None:
    pass


@pytest.mark.parametrize("kind", [0, 1])
def test_it_sees_and_changes_what_goes_in(face: Face, provider: Made, simulator: o.Simulator, kind: int) -> None:
    made = provider()

    def before(data: o.MiddlewareData) -> None:
        assert (data.prompt, data.provider, data.event, data.response) == ("Hello", "openai", "on_chat", None)
        assert (data.model, data.max_tokens, data.temperature) == (None, 8192, 1.0)
        data.prompt, data.model, data.max_tokens, data.temperature = "Goodbye", "gpt-4o", 77, 0.5

    made.middleware(kinds(before, nothing)[kind])
    response = face.chat(made, "Hello", system="Be brief.")
    body = simulator.requests()[-1]["body"]
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "Goodbye"]
    assert (response.model, body["temperature"]) == ("gpt-4o", 0.5)
    assert 77 in (body.get("max_tokens"), body.get("max_completion_tokens"))


@pytest.mark.parametrize("kind", [0, 1])
def test_it_reads_and_replaces_what_comes_out(face: Face, provider: Made, kind: int) -> None:
    made = provider()

    def after(data: o.MiddlewareData) -> None:
        assert data.response.cost > 0
        data.response = data.response.text.upper()

    made.middleware(kinds(nothing, after)[kind])
    response = face.chat(made, ASKED)
    assert response.text == response.text.upper() and response.cost > 0
    assert response.message["content"] == response.text


@pytest.mark.parametrize("is_async", [False, True])
def test_it_may_answer_itself(face: Face, provider: Made, simulator: o.Simulator, is_async: bool) -> None:
    made = provider()

    def cached(data: o.MiddlewareData, next: Any) -> None:
        data.response = "from the cache"

    async def cached_async(data: o.MiddlewareData, next: Any) -> None:
        data.response = "from the cache"

    made.middleware(cached_async if is_async else cached)
    response = face.chat(made, "Hello")
    assert response.text == "from the cache"
    assert (response.cost, response.savings, response.model) == (0, 0, "none")
    pieces, whole = face.read(made, "stream_text", "Hello")
    assert pieces == ["from the cache"] and whole.text == "from the cache"
    assert simulator.requests() == []


def test_a_response_of_an_earlier_call_may_be_given_again(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider()
    kept: dict[str, o.Response] = {}

    def cache(data: o.MiddlewareData, next: Any) -> None:
        if data.prompt in kept:
            data.response = kept[data.prompt]
        else:
            kept[data.prompt] = next()

    made.middleware(cache)
    first, second = face.chat(made, "Hello"), face.chat(made, "Hello")
    assert first.decision_id == second.decision_id
    assert len(simulator.requests()) == 1


def test_the_process_stands_outside_and_shares_metadata(face: Face, provider: Made, registered: Registered) -> None:
    google, openai = provider("google"), provider("openai")
    multi = o.MultiProvider([google, openai])
    order: list[str] = []
    paths: list[list[str]] = []

    def named(name: str) -> Any:
        def middleware(data: o.MiddlewareData, next: Any) -> None:
            order.append(f"{name} in")
            data.metadata.setdefault("path", []).append(name)
            next()
            order.append(f"{name} out")
            paths.append(data.metadata["path"])

        return middleware

    multi.middleware(named("multi"))
    google.middleware(named("google"))
    openai.middleware(named("openai"))
    registered.middleware(named("process"))
    chosen = face.chat(multi, "Hello").provider
    inwards = ["process", "multi", chosen]
    assert order == [f"{name} in" for name in inwards] + [f"{name} out" for name in reversed(inwards)]
    assert paths == [inwards] * 3
    order.clear()
    face.chat(google, "Hello")
    assert order == ["process in", "google in", "google out", "process out"]


@pytest.mark.parametrize("is_async", [False, True])
def test_what_it_raises_fails_the_call_with_its_own_traceback(face: Face, provider: Made, is_async: bool) -> None:
    class Blocked(Exception):
        pass

    made = provider()

    def forbids(data: o.MiddlewareData, next: Any) -> None:
        raise Blocked("not this prompt")

    async def forbids_async(data: o.MiddlewareData, next: Any) -> None:
        raise Blocked("not this prompt")

    made.middleware(forbids_async if is_async else forbids)
    for attempt in (lambda: face.chat(made, "Hello"), lambda: face.read(made, "stream_text", "Hello")):
        with pytest.raises(Blocked, match="not this prompt") as caught:
            attempt()
        names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert "forbids_async" in names or "forbids" in names


@pytest.mark.parametrize("kind", [0, 1])
def test_errors_of_the_call_arrive_in_it_and_may_be_caught(
    face: Face, provider: Made, simulator: o.Simulator, kind: int
) -> None:
    made = provider()

    def plain(data: o.MiddlewareData, next: Any) -> None:
        try:
            next()
        except o.Unauthenticated as error:
            data.response = f"sorry: {error.kind}"

    async def awaits(data: o.MiddlewareData, next: Any) -> None:
        try:
            await next()
        except o.Unauthenticated as error:
            data.response = f"sorry: {error.kind}"

    made.middleware([plain, awaits][kind])
    simulator.fault("401")
    assert face.chat(made, "Hello").text == "sorry: unauthenticated"


def test_it_may_call_again(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider()

    def again(data: o.MiddlewareData, next: Any) -> None:
        for _ in range(3):
            try:
                next()
                return
            except o.Unavailable:
                continue

    made.middleware(again)
    simulator.fault("503", count=2)
    assert face.chat(made, "Hello", model="gpt-4o").text
    assert len(simulator.requests()) == 3


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_passes_through_untouched(face: Face, provider: Made, is_async: bool) -> None:
    seen: list[Any] = []
    made = provider()
    made.middleware(kinds(lambda data: seen.append(data.event), lambda data: seen.append(type(data.response)))[is_async])
    pieces, response = face.read(made, "stream_text", ASKED)
    assert "".join(pieces) == response.text and response.cost > 0
    assert seen == ["on_stream", o.TextStream]


@pytest.mark.parametrize("kind", ["plain", "async function", "async generator"])
def test_a_stream_may_be_changed_piece_by_piece(face: Face, provider: Made, kind: str) -> None:
    made = provider()
    whole = face.chat(made, ASKED).text

    def louder(pieces: Any) -> Any:
        for piece in pieces:
            yield piece.upper()

    async def louder_async(pieces: Any) -> Any:
        async for piece in pieces:
            yield piece.upper()

    def plain(data: o.MiddlewareData, next: Any) -> None:
        next()
        data.response = louder(data.response)

    async def awaits(data: o.MiddlewareData, next: Any) -> None:
        await next()
        data.response = louder(data.response) if kind == "async function" else louder_async(data.response)

    made.middleware(plain if kind == "plain" else awaits)
    pieces, response = face.read(made, "stream_text", ASKED)
    assert "".join(pieces) == whole.upper() == response.text
    assert len(pieces) > 1 and response.cost > 0


def test_what_it_leaves_must_be_an_answer(face: Face, provider: Made) -> None:
    silent, wrong, stream = provider(), provider(), provider()
    silent.middleware(lambda data, next: None)
    with pytest.raises(o.InvalidRequest, match=r"neither called next\(\)"):
        face.chat(silent, "Hello")
    wrong.middleware(lambda data, next: setattr(data, "response", 5))
    with pytest.raises(o.InvalidType, match="type int"):
        face.chat(wrong, "Hello")
    stream.middleware(lambda data, next: setattr(data, "response", iter([1])))
    with pytest.raises(o.InvalidType, match="piece"):
        face.read(stream, "stream_text", "Hello")


def test_what_it_asks_for_is_checked(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider()

    def empties(data: o.MiddlewareData, next: Any) -> None:
        data.prompt = ""
        next()

    made.middleware(empties)
    with pytest.raises(o.InvalidRequest, match="empty"):
        face.chat(made, "Hello")
    assert simulator.requests() == []


def test_handlers_see_what_the_caller_gets(face: Face, provider: Made) -> None:
    made = provider()
    seen: list[str] = []

    def shouts(data: o.MiddlewareData, next: Any) -> None:
        next()
        data.response = "LOUD"

    made.middleware(shouts)
    made.event("on_response", lambda data: seen.append(data.response.text))
    face.chat(made, "Hello")
    assert seen == ["LOUD"]


def test_async_ones_run_in_the_context_of_the_call(provider: Made) -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user")
    made = provider()
    seen: list[str] = []

    async def reads(data: o.MiddlewareData, next: Any) -> None:
        seen.append(user.get())
        await next()

    def reads_plain(data: o.MiddlewareData, next: Any) -> None:
        seen.append(user.get())
        next()

    made.middleware(reads)
    made.middleware(reads_plain)
    made.event("on_chat", lambda data: seen.append(user.get()))

    async def one(name: str) -> None:
        user.set(name)
        await made.achat("Hello")

    async def main() -> None:
        await asyncio.gather(one("ada"), one("bob"))

    asyncio.run(main())
    assert sorted(seen) == ["ada"] * 3 + ["bob"] * 3


def test_a_blocking_call_inside_a_loop_may_have_async_ones(provider: Made) -> None:
    made = provider()
    made.middleware(kinds(nothing, nothing)[1])

    async def main() -> str:
        return made.chat("Hello").text

    assert asyncio.run(main())
