"""Google's own SDK talks to the simulator."""

import httpx2
import pytest
from google.genai import errors, types

TURNS = [
    types.Content(role="user", parts=[types.Part(text="Hello")]),
    types.Content(role="model", parts=[types.Part(text="Hello! What can I do?")]),
    types.Content(role="user", parts=[types.Part(text="Explain how tides work [[reply: they map keys to places]]")]),
]
TEXT = "[simulated] they map keys to places"
BRIEF = types.GenerateContentConfig(system_instruction="Be brief.")
MODELS = ["gemini-2.5-flash-lite", "gemini-4-argon"]


@pytest.mark.parametrize("model", MODELS)
def test_a_chat(simulator, model):
    answer = simulator.google().models.generate_content(model=model, contents=TURNS, config=BRIEF)
    assert answer.text == TEXT
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    thoughts = usage.thoughts_token_count or 0
    assert (thoughts > 0) == (model == "gemini-4-argon")
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count + thoughts


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_chat(simulator, model):
    models = simulator.google().models
    chunks = list(models.generate_content_stream(model=model, contents=TURNS, config=BRIEF))
    assert "".join(chunk.text or "" for chunk in chunks) == TEXT
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
    assert chunks[-1].usage_metadata == models.generate_content(model=model, contents=TURNS, config=BRIEF).usage_metadata


def test_a_chat_session_keeps_its_turns(simulator):
    chat = simulator.google().chats.create(model="gemini-3.8-flash")
    chat.send_message("Hello")
    assert chat.send_message("Hi [[reply: again]]").text == "[simulated] again"
    assert [content["role"] for content in simulator.requests()[-1]["body"]["contents"]] == ["user", "model", "user"]


def test_thoughts_can_be_shown(simulator):
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level="LOW")
    )
    answer = simulator.google().models.generate_content(model="gemini-4-argon", contents=TURNS, config=config)
    assert [part.thought for part in answer.candidates[0].content.parts] == [True, None]
    assert answer.text == TEXT


def test_counting_tokens(simulator):
    models = simulator.google().models
    counted = models.count_tokens(model="gemini-3.8-flash", contents=TURNS)
    billed = models.generate_content(model="gemini-3.8-flash", contents=TURNS)
    assert counted.total_tokens == billed.usage_metadata.prompt_token_count


def test_models(simulator):
    # Smaller pages than there are models: the SDK asks for the next ones itself.
    listed = {model.name: model for model in simulator.google().models.list(config={"page_size": 4})}
    assert {"models/gemini-2.5-flash-lite", "models/gemini-4-argon"} <= listed.keys()
    assert listed["models/gemini-4-argon"].input_token_limit == 1_048_576
    assert simulator.google().models.get(model="gemini-3.8-flash").name == "models/gemini-3.8-flash"


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("400", errors.ClientError, "INVALID_ARGUMENT"),
        ("401", errors.ClientError, "INVALID_ARGUMENT"),
        ("403", errors.ClientError, "PERMISSION_DENIED"),
        ("404", errors.ClientError, "NOT_FOUND"),
        ("429", errors.ClientError, "RESOURCE_EXHAUSTED"),
        ("500", errors.ServerError, "INTERNAL"),
        ("503", errors.ServerError, "UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_faults_are_the_sdks_own_exceptions(simulator, fault, error, status, stream):
    simulator.fault(fault)
    models = simulator.google().models
    call = models.generate_content_stream if stream else models.generate_content
    with pytest.raises(error) as caught:
        answer = call(model="gemini-3.8-flash", contents="Hi")
        list(answer)
    assert caught.value.status == status
    # A 400 alone would look the same for a refused key.
    assert ("API_KEY_INVALID" in str(caught.value)) == (fault == "401")


def test_a_refused_key_and_refused_parameters(simulator):
    with pytest.raises(errors.ClientError, match="API key not valid"):
        simulator.google("bad-key").models.generate_content(model="gemini-3.8-flash", contents="Hi")
    models = simulator.google().models
    with pytest.raises(errors.ClientError, match="budget is not supported"):
        config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_budget=1000))
        models.generate_content(model="gemini-4-argon", contents="Hi", config=config)
    with pytest.raises(errors.ClientError) as caught:
        models.generate_content(model="gemini-none", contents="Hi")
    assert caught.value.code == 404


def test_an_error_in_mid_stream_is_a_server_error(simulator):
    simulator.fault("stream-error")
    with pytest.raises(errors.ServerError) as caught:
        list(simulator.google().models.generate_content_stream(model="gemini-3.8-flash", contents="Explain it"))
    assert caught.value.code == 503


def test_a_cut_stream_is_noticed(simulator):
    simulator.fault("cut")
    with pytest.raises(httpx2.RemoteProtocolError):
        list(simulator.google().models.generate_content_stream(model="gemini-3.8-flash", contents="Explain it"))


def test_a_blocked_prompt_has_no_candidates(simulator):
    simulator.fault("empty-candidates")
    answer = simulator.google().models.generate_content(model="gemini-3.8-flash", contents="Hi")
    assert not answer.candidates
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
