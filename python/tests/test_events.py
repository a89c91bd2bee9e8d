"""Handlers watch: they are told what happens, in order, and never change it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from conftest import Face, Made, Registered

import orkestra as o

EVENTS = ["on_request", "on_chat", "on_stream", "on_route", "on_response", "on_chunk", "on_stream_complete"]


def watch(add: Any, is_async: bool, seen: list[Any], mark: str = "") -> None:
    """Adds a handler for each event by ``add(name, handler)``."""
    for name in EVENTS:
        if is_async:

            async def told(data: o.EventData) -> None:
                seen.append((mark, data) if mark else data)

            add(name, told)
        else:
            add(name, lambda data: seen.append((mark, data) if mark else data))


@pytest.mark.parametrize("is_async", [False, True])
def test_a_call_tells_what_happens(face: Face, provider: Made, is_async: bool) -> None:
    made = provider()
    seen: list[Any] = []
    watch(made.event, is_async, seen)
    response = face.chat(made, "What is the capital of Japan?")
    assert [data.event for data in seen] == ["on_request", "on_chat", "on_route", "on_response"]
    assert {data.prompt for data in seen} == {"What is the capital of Japan?"}
    assert {data.provider for data in seen} == {"openai"}
    request, _, route, answered = seen
    assert (request.model, request.response) == (None, None)
    assert route.model == route.metadata["plan"].model == response.model
    assert answered.model == response.model and answered.response.text == response.text
    assert answered.response.cost_exact == response.cost_exact


@pytest.mark.parametrize("is_async", [False, True])
def test_a_stream_tells_of_each_piece(face: Face, provider: Made, is_async: bool) -> None:
    made = provider()
    seen: list[Any] = []
    watch(made.event, is_async, seen)
    pieces, response = face.read(made, "stream_text", "Describe the moon.")
    names = [data.event for data in seen]
    assert names[:3] == ["on_request", "on_stream", "on_route"]
    assert names[3:] == ["on_chunk"] * len(pieces) + ["on_stream_complete"]
    assert [data.response for data in seen[3:-1]] == pieces == [data.metadata["chunk"] for data in seen[3:-1]]
    assert seen[-1].response.text == response.text


def test_those_of_the_process_come_first(face: Face, provider: Made, registered: Registered) -> None:
    google, openai = provider("google"), provider("openai")
    multi = o.MultiProvider([google, openai])
    seen: list[Any] = []
    watch(openai.event, False, seen, "openai")
    watch(google.event, False, seen, "google")
    watch(multi.event, False, seen, "multi")
    watch(registered.event, False, seen, "process")
    chosen = face.chat(multi, "Hello").provider
    marks = [(mark, data.event) for mark, data in seen]
    first = [(mark, event) for event in ("on_request", "on_chat") for mark in ("process", "multi")]
    then = [(mark, event) for event in ("on_route", "on_response") for mark in ("process", "multi", chosen)]
    assert marks == first + then
    assert seen[0][1].provider is None and seen[-1][1].provider == chosen


def test_conversations_are_shown_as_they_were_given(face: Face, provider: Made) -> None:
    made = provider()
    seen: list[Any] = []
    made.event("on_request", seen.append)
    messages = [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}, {"role": "user", "content": "C"}]
    face.chat(made, messages)
    face.chat(made, "Hello", system="Be brief.")
    assert [data.prompt for data in seen] == [messages, "Hello"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_that_fails_is_logged_and_fails_nothing(
    face: Face, provider: Made, caplog: pytest.LogCaptureFixture, is_async: bool
) -> None:
    made = provider()
    seen: list[Any] = []

    def fails(data: o.EventData) -> None:
        raise RuntimeError("on purpose")

    async def fails_later(data: o.EventData) -> None:
        raise RuntimeError("on purpose")

    made.event("on_response", fails_later if is_async else fails)
    made.event("on_response", seen.append)
    with caplog.at_level(logging.ERROR, logger="orkestra"):
        assert face.chat(made, "Hello").text
    assert len(seen) == 1
    (record,) = caplog.records
    assert record.name == "orkestra" and "on_response" in record.getMessage()
    assert record.exc_info is not None and "on purpose" in str(record.exc_info[1])


def test_a_handler_may_end_the_program(face: Face, provider: Made) -> None:
    made = provider()

    def leaves(data: o.EventData) -> None:
        raise SystemExit(3)

    made.event("on_route", leaves)
    with pytest.raises(SystemExit):
        face.chat(made, "Hello")


def test_handlers_are_registered_by_decorator_and_by_call(face: Face, provider: Made) -> None:
    made = provider()
    seen: list[Any] = []

    @made.event("on_chat")
    def watches(data: o.EventData) -> None:
        seen.append("own")

    @o.register_event("on_chat")
    def watches_all(data: o.EventData) -> None:
        seen.append("process")

    assert callable(watches)
    face.chat(made, "Hello")
    assert seen == ["process", "own"]
    assert o.unregister_event("on_chat", watches_all)
    assert not o.unregister_event("on_chat", watches_all)
    face.chat(made, "Hello")
    assert seen == ["process", "own", "own"]


def test_what_cannot_be_registered_is_refused_at_once(provider: Made) -> None:
    wrong: Any = "on_lunch"
    adders: list[Any] = [provider().event, o.register_event]
    for add in adders:
        with pytest.raises(o.InvalidRequest, match="on_stream_complete"):
            add(wrong)
        with pytest.raises(o.InvalidRequest, match="on_stream_complete"):
            add(wrong, print)
        with pytest.raises(o.InvalidType, match="function"):
            add("on_chat", 5)
    with pytest.raises(o.InvalidType, match="function"):
        o.register_middleware(5)  # type: ignore[type-var]


def test_a_call_that_fails_tells_no_response(face: Face, provider: Made, simulator: o.Simulator) -> None:
    made = provider()
    seen: list[Any] = []
    watch(made.event, False, seen)
    simulator.fault("401")
    with pytest.raises(o.Unauthenticated):
        face.chat(made, "Hello")
    assert [data.event for data in seen] == ["on_request", "on_chat", "on_route"]
