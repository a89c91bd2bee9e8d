"""Anthropic's own SDK calls tools, parses JSON and sends images, against the simulator."""

import agent_loops
import anthropic
import pydantic
import pytest

TOOLS = [{"name": name, "input_schema": agent_loops.PARAMETERS} for name in agent_loops.NAMES]


class Item(pydantic.BaseModel):
    count: int
    note: str | None


class Thing(pydantic.BaseModel):
    name: str
    items: list[Item]


def whole(client, **call):
    return client.messages.create(**call)


def streamed(client, **call):
    with client.messages.stream(**call) as stream:
        return stream.get_final_message()


@pytest.mark.parametrize("model", agent_loops.MODELS["anthropic"])
@pytest.mark.parametrize("ask", [whole, streamed])
def test_a_loop_of_tools(simulator, ask, model):
    client = simulator.anthropic()
    messages = [{"role": "user", "content": agent_loops.PROMPT}]
    called, rounds = [], 0
    while True:
        answer = ask(client, model=model, max_tokens=2000, messages=messages, tools=TOOLS)
        if answer.stop_reason != "tool_use":
            break
        calls = [block for block in answer.content if block.type == "tool_use"]
        called += [(call.name, call.input) for call in calls]
        messages.append({"role": "assistant", "content": answer.content})
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": said["result"], "is_error": said.get("is_error", False)}
            for call, said in zip(calls, agent_loops.results(rounds), strict=True)
        ]
        messages.append({"role": "user", "content": results})
        rounds += 1
    assert called == agent_loops.CALLED
    assert answer.content[-1].text == agent_loops.TEXTS["anthropic"]


def test_the_tool_runner_runs_to_the_end(simulator):
    asked = []

    @anthropic.beta_tool
    def look(at: str) -> str:
        """Looks somewhere.

        Args:
            at: Where to.
        """
        asked.append(at)
        return "blue"

    runner = simulator.anthropic().beta.messages.tool_runner(
        model="claude-haiku-4-5",
        max_tokens=1000,
        tools=[look],
        messages=[{"role": "user", "content": 'Look [[call: look {"at": "sky"}]]'}],
    )
    last = runner.until_done()
    assert asked == ["sky"]
    assert "blue" in last.content[-1].text


def test_json_is_parsed(simulator):
    client = simulator.anthropic()
    call = {"model": "claude-opus-5-5", "max_tokens": 2000, "messages": [{"role": "user", "content": "Describe the thing"}]}
    answer = client.messages.parse(output_format=Thing, **call)
    assert isinstance(answer.parsed_output, Thing)


def test_images_and_documents_are_weighed(simulator):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjc="}}
    content = [image, document, {"type": "text", "text": "What?"}]
    messages = [{"role": "user", "content": content}]
    answer = simulator.anthropic().messages.create(model="claude-haiku-4-5", max_tokens=100, messages=messages)
    assert answer.usage.input_tokens > 2000
    with pytest.raises(anthropic.BadRequestError, match="not supported in the count_tokens endpoint"):
        url = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
        simulator.anthropic().messages.count_tokens(model="claude-haiku-4-5", messages=[{"role": "user", "content": [url]}])


def test_the_cache_is_read_and_written(simulator):
    client = simulator.anthropic()
    system = [{"type": "text", "text": "A long instruction. " * 600, "cache_control": {"type": "ephemeral"}}]
    call = {"model": "claude-sonnet-4-6", "max_tokens": 100, "system": system, "messages": [{"role": "user", "content": "Hi"}]}
    first, second = client.messages.create(**call).usage, client.messages.create(**call).usage
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens > 1024
    assert (first.cache_read_input_tokens, second.cache_creation_input_tokens) == (0, 0)


@pytest.mark.parametrize("fault", ["comments", "crlf", "half-utf8"])
def test_the_framing_does_not_matter(simulator, fault):
    simulator.fault(fault)
    messages = [{"role": "user", "content": "Hi [[reply: one two]]"}]
    with simulator.anthropic().messages.stream(model="claude-haiku-4-5", max_tokens=100, messages=messages) as stream:
        assert "".join(stream.text_stream).startswith("[simulated] one two")
        assert stream.get_final_message().stop_reason == "end_turn"


@pytest.mark.parametrize(("fault", "calls"), [("500-should-not-retry", 1), ("400-should-retry", 2), ("429-ms=1", 2), ("529", 2)])
def test_the_sdk_retries_as_it_is_told(simulator, fault, calls):
    simulator.fault(fault)
    client = simulator.anthropic().with_options(max_retries=1)
    call = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
    if calls == 1:
        with pytest.raises(anthropic.InternalServerError):
            client.messages.create(**call)
    else:
        client.messages.create(**call)
    assert len(simulator.requests()) == calls
