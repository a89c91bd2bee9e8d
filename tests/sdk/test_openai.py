"""OpenAI's own SDK talks to the simulator."""

import openai
import pytest

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello! What can I do?"},
    {"role": "user", "content": "Explain how tides work [[reply: they map keys to places]]"},
]
TEXT = "[simulated] they map keys to places"


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-6.1-sol"])
def test_a_chat(simulator, model):
    answer = simulator.openai().chat.completions.create(model=model, messages=TURNS)
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens > 20
    reasoning = answer.usage.completion_tokens_details.reasoning_tokens
    assert (reasoning > 0) == (model == "gpt-6.1-sol")
    assert answer.usage.completion_tokens > reasoning
    assert answer._request_id.startswith("req_sim")


@pytest.mark.parametrize("model", ["gpt-4o-mini", "gpt-6.1-sol"])
def test_a_streamed_chat(simulator, model):
    client = simulator.openai()
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=model, messages=TURNS, stream=True, stream_options=options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    whole = client.chat.completions.create(model=model, messages=TURNS)
    assert chunks[-1].usage == whole.usage
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def test_the_stream_helper_accumulates_the_whole_answer(simulator):
    with simulator.openai().chat.completions.stream(model="gpt-4o", messages=TURNS) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == TEXT


def test_responses_whole_and_streamed(simulator):
    client = simulator.openai()
    whole = client.responses.create(model="gpt-6.1-sol", instructions="Be brief.", input=TURNS[-1]["content"])
    assert whole.output_text == TEXT
    assert whole.usage.output_tokens_details.reasoning_tokens > 0
    with client.responses.stream(model="gpt-6.1-sol", input=TURNS[-1]["content"]) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        final = stream.get_final_response()
    assert "".join(deltas) == final.output_text == TEXT


def test_models(simulator):
    client = simulator.openai()
    assert {"gpt-4o-mini", "o3", "gpt-6.2-sol"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("400", openai.BadRequestError),
        ("401", openai.AuthenticationError),
        ("403", openai.PermissionDeniedError),
        ("404", openai.NotFoundError),
        ("429=3", openai.RateLimitError),
        ("429-quota", openai.RateLimitError),
        ("500", openai.InternalServerError),
        ("503", openai.InternalServerError),
        ("529", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_faults_are_the_sdks_own_exceptions(simulator, fault, error, stream):
    simulator.fault(fault)
    with pytest.raises(error) as caught:
        simulator.openai().chat.completions.create(model="gpt-4o", messages=TURNS, stream=stream)
    assert type(caught.value) is error
    assert caught.value.request_id.startswith("req_sim")
    if fault == "429=3":
        assert caught.value.response.headers["retry-after"] == "3"
        assert caught.value.code == "rate_limit_exceeded"
    if fault == "429-quota":
        assert caught.value.type == "insufficient_quota"


def test_a_refused_key_and_refused_parameters(simulator):
    with pytest.raises(openai.AuthenticationError) as caught:
        simulator.openai("bad-key").chat.completions.create(model="gpt-4o", messages=TURNS)
    assert caught.value.code == "invalid_api_key"
    client = simulator.openai()
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="o3", messages=TURNS, max_tokens=5)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", "max_tokens")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="gpt-6.1-sol", messages=TURNS, temperature=0.3)
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-none", messages=TURNS)
    assert caught.value.code == "model_not_found"


def test_an_error_in_mid_stream_is_an_api_error(simulator):
    simulator.fault("stream-error")
    stream = simulator.openai().chat.completions.create(model="gpt-4o", messages=TURNS, stream=True)
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    assert "error while processing" in caught.value.message


def test_a_cut_stream_is_noticed(simulator):
    simulator.fault("cut")
    stream = simulator.openai().chat.completions.create(model="gpt-4o", messages=TURNS, stream=True)
    got = []
    with pytest.raises(openai.APIConnectionError):
        for chunk in stream:
            got.append(chunk)
    assert got


def test_a_missing_answer_is_a_timeout(simulator):
    simulator.fault("timeout")
    with pytest.raises(openai.APITimeoutError):
        simulator.openai().with_options(timeout=0.3).chat.completions.create(model="gpt-4o", messages=TURNS)


def test_a_refusal(simulator):
    simulator.fault("refusal")
    answer = simulator.openai().chat.completions.create(model="gpt-4o", messages=TURNS)
    assert answer.choices[0].message.content is None
    assert answer.choices[0].message.refusal
