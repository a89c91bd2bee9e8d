"""Anthropic's own SDK talks to the simulator."""

import anthropic
import httpx2
import pytest

TURNS = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello! What can I do?"},
    {"role": "user", "content": "Explain how tides work [[reply: they map keys to places]]"},
]
TEXT = "[simulated] they map keys to places"
CALL = {"max_tokens": 2000, "messages": TURNS}


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5"])
def test_a_chat(simulator, model):
    answer = simulator.anthropic().messages.create(model=model, system="Be brief.", **CALL)
    thinks = model == "claude-opus-5-5"
    assert [block.type for block in answer.content] == (["thinking", "text"] if thinks else ["text"])
    assert answer.content[-1].text == TEXT
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 20
    assert (answer.usage.output_tokens_details.thinking_tokens > 0) == thinks
    assert answer._request_id.startswith("req_sim")


@pytest.mark.parametrize("model", ["claude-haiku-4-5", "claude-opus-5-5"])
def test_a_streamed_chat(simulator, model):
    client = simulator.anthropic()
    with client.messages.stream(model=model, system="Be brief.", **CALL) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    whole = client.messages.create(model=model, system="Be brief.", **CALL)
    assert text == TEXT
    assert [block.type for block in final.content] == [block.type for block in whole.content]
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.stop_reason == "end_turn"


def test_thinking_can_be_shown_and_replayed(simulator):
    client = simulator.anthropic()
    thinking = {"type": "adaptive", "display": "summarized"}
    with client.messages.stream(model="claude-opus-5-5", thinking=thinking, **CALL) as stream:
        answer = stream.get_final_message()
    assert answer.content[0].thinking
    turns = [*TURNS, {"role": "assistant", "content": answer.content}, {"role": "user", "content": "More"}]
    assert client.messages.create(model="claude-opus-5-5", max_tokens=2000, messages=turns).stop_reason == "end_turn"


def test_counting_tokens(simulator):
    client = simulator.anthropic()
    counted = client.messages.count_tokens(model="claude-haiku-4-5", messages=TURNS)
    billed = client.messages.create(model="claude-haiku-4-5", **CALL)
    assert counted.input_tokens == billed.usage.input_tokens


def test_models(simulator):
    client = simulator.anthropic()
    # Smaller pages than there are models: the SDK asks for the next ones itself.
    ids = [model.id for model in client.models.list(limit=5)]
    assert {"claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-5-5"} <= set(ids)
    assert len(ids) == len(set(ids)) > 10
    assert client.models.retrieve("claude-opus-5-5").display_name == "Claude Opus 5.5"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", anthropic.BadRequestError),
        ("401", anthropic.AuthenticationError),
        ("403", anthropic.PermissionDeniedError),
        ("404", anthropic.NotFoundError),
        ("413", anthropic.RequestTooLargeError),
        ("429=3", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.OverloadedError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_faults_are_the_sdks_own_exceptions(simulator, fault, error, stream):
    simulator.fault(fault)
    with pytest.raises(error) as caught:
        simulator.anthropic().messages.create(model="claude-haiku-4-5", stream=stream, **CALL)
    assert type(caught.value) is error
    assert caught.value.request_id.startswith("req_sim")
    if fault == "429=3":
        assert caught.value.response.headers["retry-after"] == "3"


def test_a_refused_key_and_refused_parameters(simulator):
    with pytest.raises(anthropic.AuthenticationError):
        simulator.anthropic("bad-key").messages.create(model="claude-haiku-4-5", **CALL)
    client = simulator.anthropic()
    with pytest.raises(anthropic.BadRequestError, match="deprecated for this model"):
        # The SDK no longer has sampling parameters; they are still sent to older models.
        client.messages.create(model="claude-opus-5-5", extra_body={"temperature": 0.5}, **CALL)
    client.messages.create(model="claude-haiku-4-5", extra_body={"temperature": 0.5}, **CALL)
    with pytest.raises(anthropic.NotFoundError, match="claude-opus-4"):
        client.messages.create(model="claude-opus-4", **CALL)


def test_an_error_in_mid_stream_is_a_status_error(simulator):
    simulator.fault("stream-error")
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(simulator.anthropic().messages.create(model="claude-haiku-4-5", stream=True, **CALL))


@pytest.mark.parametrize("fault", ["cut", "end-early"])
def test_a_truncated_stream_is_noticed(simulator, fault):
    simulator.fault(fault)
    got = []
    # A broken connection is the transport's error; an early end misses the final `message_stop`.
    if fault == "cut":
        with pytest.raises(httpx2.RemoteProtocolError):
            for event in simulator.anthropic().messages.create(model="claude-haiku-4-5", stream=True, **CALL):
                got.append(event.type)
    else:
        got = [event.type for event in simulator.anthropic().messages.create(model="claude-haiku-4-5", stream=True, **CALL)]
    assert got[0] == "message_start"
    assert "message_stop" not in got


def test_a_refusal(simulator):
    simulator.fault("refusal")
    answer = simulator.anthropic().messages.create(model="claude-opus-5-5", **CALL)
    assert answer.stop_reason == "refusal"
    assert answer.stop_details.category == "general_harms"
    assert answer.content == []
