"""Answers in pieces."""

from __future__ import annotations

import asyncio

import pytest
from conftest import Face, Made

import orkestra as o

TOLD = "Describe the moon in some detail, please."


@pytest.mark.parametrize("name", ["google", "anthropic", "openai"])
def test_pieces_and_response_say_the_same_as_a_whole_answer(face: Face, provider: Made, name: str) -> None:
    whole = face.chat(provider(name), TOLD)
    pieces, response = face.read(provider(name), "stream_text", TOLD)
    assert len(pieces) > 1 and all(type(piece) is str for piece in pieces)
    assert "".join(pieces) == response.text == whole.text
    assert response.cost_exact == whole.cost_exact


def test_events_show_calls_of_tools_and_usage(face: Face, provider: Made) -> None:
    tool = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
    asked = 'Look. [[call: weather {"city": "Rome"}]]'
    events, response = face.read(provider(), "stream", asked, tools=[tool], model="gpt-4o")
    (begun,) = [event for event in events if event.type == "tool_call"]
    assert (begun.name, begun.index) == ("weather", 0) and begun.id
    arguments = "".join(event.text for event in events if event.type == "tool_arguments")
    assert arguments == response.tool_calls[0].arguments
    assert response.tool_calls[0].parsed() == {"city": "Rome"}
    assert "weather" in repr(begun)


def test_thoughts_are_events_of_their_own(face: Face, provider: Made) -> None:
    events, response = face.read(provider("google"), "stream", TOLD, model="gemini-3.1-pro-preview", reasoning_effort="high")
    text = "".join(event.text for event in events if event.type == "text")
    assert text == response.text


@pytest.mark.parametrize("fault", ["cut", "end-early", "malformed", "stream-error"])
def test_a_broken_stream_ends_with_an_error_and_is_billed(
    face: Face, provider: Made, simulator: o.Simulator, tmp_path: object, fault: str
) -> None:
    made = provider(ledger=f"{tmp_path}/l.db")
    simulator.fault(fault)
    with pytest.raises(o.Unavailable):
        face.read(made, "stream_text", TOLD)
    (entry,) = face.call(made.ledger, "entries")
    assert entry["outcome"] == "cut" and entry["cost"] > 0 and entry["usage"]["estimated"]


def test_the_call_begins_with_the_first_piece_and_ends_with_close(
    face: Face, provider: Made, simulator: o.Simulator, tmp_path: object
) -> None:
    made = provider(ledger=f"{tmp_path}/l.db")
    if face.is_async:

        async def main() -> None:
            stream = made.astream_text(TOLD)
            assert simulator.requests() == [] and stream.plan is None
            async with stream:
                assert await anext(stream) is not None
                assert stream.plan is not None
            assert [piece async for piece in stream] == []
            with pytest.raises(o.Unavailable):
                await stream.aresponse()

        asyncio.run(main())
    else:
        stream = made.stream_text(TOLD)
        assert simulator.requests() == [] and stream.plan is None
        with stream:
            assert next(stream) is not None
            assert stream.plan is not None
        assert list(stream) == []
        with pytest.raises(o.Unavailable):
            stream.response()
    (entry,) = face.call(made.ledger, "entries")
    assert entry["outcome"] == "dropped"


def test_a_stream_that_is_let_go_is_billed(provider: Made, tmp_path: object) -> None:
    made = provider(ledger=f"{tmp_path}/l.db")
    for _ in made.stream_text(TOLD):
        break
    assert [entry["outcome"] for entry in made.ledger.entries()] == ["dropped"]


def test_a_stream_can_be_read_by_the_other_face(provider: Made) -> None:
    stream = provider().stream_text(TOLD)
    first = next(stream)

    async def rest() -> list[str]:
        return [piece async for piece in stream]

    assert first + "".join(asyncio.run(rest())) == stream.response().text


def test_arguments_are_checked_before_anything_is_called(provider: Made, simulator: o.Simulator) -> None:
    for method in ("stream_text", "astream_text", "stream", "astream"):
        with pytest.raises(o.InvalidRequest):
            getattr(provider(), method)("")
    assert simulator.requests() == []


def test_a_refused_call_raises_at_the_first_piece(face: Face, provider: Made, simulator: o.Simulator) -> None:
    simulator.fault("401")
    with pytest.raises(o.Unauthenticated):
        face.read(provider(), "stream_text", TOLD)


def test_several_providers_stream_too(face: Face, provider: Made) -> None:
    multi = o.MultiProvider([provider("google"), provider("openai")])
    pieces, response = face.read(multi, "stream_text", TOLD, strategy="smartest")
    assert "".join(pieces) == response.text and response.tier == "premium"
