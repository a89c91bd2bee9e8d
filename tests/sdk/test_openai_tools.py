"""OpenAI's own SDK calls tools, parses JSON and sends images, against the simulator."""

import json

import agent_loops
import openai
import pydantic
import pytest

NAMES, PARAMETERS = agent_loops.NAMES, agent_loops.PARAMETERS
CHAT_TOOLS = [{"type": "function", "function": {"name": name, "parameters": PARAMETERS}} for name in NAMES]
RESPONSES_TOOLS = [{"type": "function", "name": name, "parameters": PARAMETERS, "strict": False} for name in NAMES]
[CHAT_MODEL] = agent_loops.MODELS["openai"]
[RESPONSES_MODEL] = agent_loops.MODELS["responses"]
PNG = "data:image/png;base64,iVBORw0KGgo="


class Item(pydantic.BaseModel):
    count: int
    note: str | None


class Thing(pydantic.BaseModel):
    name: str
    items: list[Item]


def whole(client, messages):
    return client.chat.completions.create(model=CHAT_MODEL, messages=messages, tools=CHAT_TOOLS).choices[0]


def streamed(client, messages):
    with client.chat.completions.stream(model=CHAT_MODEL, messages=messages, tools=CHAT_TOOLS) as stream:
        return stream.get_final_completion().choices[0]


@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_loop_of_tools_on_chat(simulator, ask):
    client = simulator.openai()
    messages = [{"role": "user", "content": agent_loops.PROMPT}]
    called, rounds = [], 0
    while True:
        choice = ask(client, messages)
        if choice.finish_reason != "tool_calls":
            break
        calls = choice.message.tool_calls
        fields = {"id": True, "type": True, "function": {"name", "arguments"}}
        sent = [call.model_dump(include=fields) for call in calls]
        messages.append({"role": "assistant", "content": choice.message.content, "tool_calls": sent})
        for call, said in zip(calls, agent_loops.results(rounds), strict=True):
            called.append((call.function.name, json.loads(call.function.arguments)))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": said["result"]})
        rounds += 1
    assert called == agent_loops.CALLED
    assert choice.message.content == agent_loops.TEXTS["openai"]


def responses_whole(client, items):
    return client.responses.create(
        model=RESPONSES_MODEL, input=items, tools=RESPONSES_TOOLS, store=False, include=["reasoning.encrypted_content"]
    )


def responses_streamed(client, items):
    with client.responses.stream(
        model=RESPONSES_MODEL, input=items, tools=RESPONSES_TOOLS, store=False, include=["reasoning.encrypted_content"]
    ) as stream:
        return stream.get_final_response()


@pytest.mark.parametrize("ask", [responses_whole, responses_streamed])
def test_a_loop_of_tools_on_responses(simulator, ask):
    client = simulator.openai()
    items = [{"role": "user", "content": agent_loops.PROMPT}]
    called, rounds = [], 0
    while True:
        response = ask(client, items)
        calls = [item for item in response.output if item.type == "function_call"]
        assert response.output[0].type == "reasoning"
        if not calls:
            break
        called += [(call.name, json.loads(call.arguments)) for call in calls]
        items += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output]
        for call, said in zip(calls, agent_loops.results(rounds), strict=True):
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": said["result"]})
        rounds += 1
    assert called == agent_loops.CALLED
    assert response.output_text == agent_loops.TEXTS["responses"]


def test_json_is_parsed(simulator):
    client = simulator.openai()
    messages = [{"role": "user", "content": "Describe the thing"}]
    parsed = client.chat.completions.parse(model="gpt-4o", messages=messages, response_format=Thing).choices[0].message.parsed
    assert isinstance(parsed, Thing)
    response = client.responses.parse(model="gpt-6.1-sol", input="Describe the thing", text_format=Thing)
    assert response.output_parsed == parsed
    with client.chat.completions.stream(model="gpt-4o", messages=messages, response_format=Thing) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed


def test_tools_are_parsed(simulator):
    tool = openai.pydantic_function_tool(Thing, name="thing")
    messages = [{"role": "user", "content": "Use the thing"}]
    answer = simulator.openai().chat.completions.parse(model="gpt-4o", messages=messages, tools=[tool], tool_choice="required")
    assert isinstance(answer.choices[0].message.tool_calls[0].function.parsed_arguments, Thing)


def test_images_are_weighed(simulator):
    content = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PNG}}]
    answer = simulator.openai().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": content}])
    assert answer.usage.prompt_tokens > 1000
    parts = [{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": PNG}]
    answer = simulator.openai().responses.create(model="gpt-4o", input=[{"role": "user", "content": parts}])
    assert answer.usage.input_tokens > 1000


@pytest.mark.parametrize("fault", ["comments", "crlf", "half-utf8", "no-blank-line-at-end"])
def test_the_framing_does_not_matter(simulator, fault):
    simulator.fault(fault)
    messages = [{"role": "user", "content": "Hi [[reply: one two]]"}]
    stream = simulator.openai().chat.completions.create(model="gpt-4o", messages=messages, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text.startswith("[simulated] one two")


def test_a_failed_response_is_an_event(simulator):
    simulator.fault("failed")
    stream = simulator.openai().responses.create(model="gpt-6.1-sol", input="Explain it", stream=True)
    assert list(stream)[-1].type == "response.failed"


def test_a_reset_connection_is_an_error_of_the_connection(simulator):
    simulator.fault("connect-reset")
    with pytest.raises(openai.APIConnectionError):
        simulator.openai().chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize(("fault", "calls"), [("500-should-not-retry", 1), ("400-should-retry", 2), ("429-ms=1", 2), ("408", 2), ("409", 2)])
def test_the_sdk_retries_as_it_is_told(simulator, fault, calls):
    simulator.fault(fault)
    client = simulator.openai().with_options(max_retries=1)
    messages = [{"role": "user", "content": "Hi"}]
    if calls == 1:
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="gpt-4o", messages=messages)
    else:
        client.chat.completions.create(model="gpt-4o", messages=messages)
    assert len(simulator.requests()) == calls


@pytest.mark.parametrize("name", ["groq", "deepseek", "mistral", "xai", "openrouter", "together", "ollama", "vllm"])
def test_compatible_providers(simulator, name):
    client = openai.OpenAI(api_key="k", base_url=f"{simulator.root}/openai-compatible/{name}/v1", max_retries=0, timeout=30)
    model = client.models.list().data[0].id
    messages = [{"role": "user", "content": "Hi [[reply: one two]]"}]
    stream = client.chat.completions.create(model=model, messages=messages, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text == "[simulated] one two"
