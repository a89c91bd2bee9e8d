"""Google's own SDK calls functions, parses JSON and sends images, against the simulator."""

import agent_loops
import pydantic
import pytest
from google.genai import errors, types

MODELS = agent_loops.MODELS["gemini"]
DECLARATIONS = [{"name": name, "parameters_json_schema": agent_loops.PARAMETERS} for name in agent_loops.NAMES]
TOOLS = [types.Tool(function_declarations=DECLARATIONS)]
CONFIG = types.GenerateContentConfig(tools=TOOLS)


class Item(pydantic.BaseModel):
    count: int
    note: str


class Thing(pydantic.BaseModel):
    name: str
    items: list[Item]


def whole(models, **call):
    return models.generate_content(**call).candidates[0].content.parts


def streamed(models, **call):
    chunks = models.generate_content_stream(**call)
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    # The last part of a stream of calls is empty.
    return [part for part in parts if part.text != ""]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_loop_of_tools(simulator, ask, model):
    models = simulator.google().models
    contents = [types.Content(role="user", parts=[types.Part(text=agent_loops.PROMPT)])]
    called, rounds = [], 0
    while True:
        parts = ask(models, model=model, contents=contents, config=CONFIG)
        calls = [part.function_call for part in parts if part.function_call]
        if not calls:
            break
        called += [(call.name, call.args) for call in calls]
        contents.append(types.Content(role="model", parts=parts))
        responses = []
        for call, said in zip(calls, agent_loops.results(rounds), strict=True):
            response = {"error" if said.get("is_error") else "output": said["result"]}
            answered = types.FunctionResponse(id=call.id, name=call.name, response=response)
            responses.append(types.Part(function_response=answered))
        contents.append(types.Content(role="user", parts=responses))
        rounds += 1
    assert called == agent_loops.CALLED
    assert "".join(part.text for part in parts) == agent_loops.TEXTS["gemini"]


def test_functions_are_called_by_the_sdk_itself(simulator):
    asked = []

    def look(at: str) -> str:
        """Looks somewhere."""
        asked.append(at)
        return "blue"

    config = types.GenerateContentConfig(tools=[look])
    prompt = 'Look [[call: look {"at": "sky"}]]'
    answer = simulator.google().models.generate_content(model="gemini-3.8-flash", contents=prompt, config=config)
    assert asked == ["sky"]
    assert "blue" in answer.text


@pytest.mark.parametrize("model", MODELS)
def test_json_is_parsed(simulator, model):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Thing)
    answer = simulator.google().models.generate_content(model=model, contents="Describe the thing", config=config)
    assert isinstance(answer.parsed, Thing)
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=Thing.model_json_schema())
    answer = simulator.google().models.generate_content(model=model, contents="Describe the thing", config=config)
    assert Thing.model_validate_json(answer.text)


def test_images_are_weighed(simulator):
    image = types.Part.from_bytes(data=b"\x89PNG\r\n\x1a\n", mime_type="image/png")
    answer = simulator.google().models.generate_content(model="gemini-3.8-flash", contents=["What?", image])
    assert answer.usage_metadata.prompt_token_count > 1000


@pytest.mark.parametrize("fault", ["bare-json-error", "stream-error-early"])
def test_errors_within_a_stream_are_server_errors(simulator, fault):
    simulator.fault(fault)
    with pytest.raises(errors.APIError):
        list(simulator.google().models.generate_content_stream(model="gemini-3.8-flash", contents="Explain it"))


def test_an_error_within_an_array_is_a_server_error(simulator):
    simulator.fault("error-array")
    with pytest.raises(errors.ServerError):
        simulator.google().models.generate_content(model="gemini-3.8-flash", contents="Explain it")


def test_a_malformed_call_has_its_own_reason(simulator):
    simulator.fault("malformed-function-call")
    answer = simulator.google().models.generate_content(model="gemini-3.8-flash", contents="Hi", config=CONFIG)
    assert answer.candidates[0].finish_reason == types.FinishReason.MALFORMED_FUNCTION_CALL
    assert not answer.text
