"""What the SDKs make of an answer, in plain terms."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from anthropic.types import Message
from google.genai.types import GenerateContentResponse
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from goldens.meant import Meant

# The APIs' words for why an answer ended.
ENDS = {
    "openai": {"stop": "stop", "stop_sequence": "stop", "tools": "tool_calls", "length": "length", "refusal": "stop"},
    "responses": {
        "stop": "completed",
        "stop_sequence": "completed",
        "tools": "completed",
        "length": "max_output_tokens",
        "refusal": "completed",
    },
    "anthropic": {
        "stop": "end_turn",
        "stop_sequence": "stop_sequence",
        "tools": "tool_use",
        "length": "max_tokens",
        "refusal": "refusal",
    },
    "gemini": {"stop": "STOP", "stop_sequence": "STOP", "tools": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"},
}


@dataclass
class Read:
    """An answer as an SDK gives it."""

    text: str = ""
    calls: list[tuple[str, str, dict]] = field(default_factory=list)
    refusal: str = ""
    thoughts: str = ""
    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0
    end: str = ""


def expected(api: str, meant: Meant) -> Read:
    """What an SDK must make of an answer that means `meant`."""
    read = Read(**vars(meant))
    read.end = ENDS[api][meant.end]
    if api == "openai":
        # This API keeps thoughts to itself.
        read.thoughts = ""
    if api == "anthropic" and meant.refusal:
        # Here a refusal is ordinary text that ends for a reason of its own.
        read.text, read.refusal = meant.refusal, ""
    if api == "gemini" and meant.refusal:
        # Here nothing is said, and nothing billed.
        read.refusal, read.output = "", 0
    return read


def chat(answer: ChatCompletion) -> Read:
    [choice] = answer.choices
    message, usage = choice.message, answer.usage
    calls = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or []]
    return Read(
        text=message.content or "",
        calls=calls,
        refusal=message.refusal or "",
        input=usage.prompt_tokens,
        output=usage.completion_tokens,
        cached=usage.prompt_tokens_details.cached_tokens,
        reasoning=usage.completion_tokens_details.reasoning_tokens,
        end=choice.finish_reason,
    )


def chat_stream(chunks: Iterable[ChatCompletionChunk]) -> Read:
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    # Unlike `get_final_completion`, this does not fail where the answer was cut.
    return chat(state.current_completion_snapshot)


def responses(answer: Response) -> Read:
    read = Read(text=answer.output_text, input=answer.usage.input_tokens, output=answer.usage.output_tokens)
    read.cached = answer.usage.input_tokens_details.cached_tokens
    read.reasoning = answer.usage.output_tokens_details.reasoning_tokens
    read.end = answer.incomplete_details.reason if answer.incomplete_details else answer.status
    for item in answer.output:
        if item.type == "function_call":
            read.calls.append((item.call_id, item.name, json.loads(item.arguments)))
        elif item.type == "reasoning":
            read.thoughts += "".join(part.text for part in item.summary)
        elif item.type == "message":
            read.refusal += "".join(part.refusal for part in item.content if part.type == "refusal")
    return read


def responses_stream(events: Iterable[ResponseStreamEvent]) -> Read:
    deltas = {"text": "", "refusal": "", "thoughts": "", "arguments": ""}
    kinds = {
        "response.output_text.delta": "text",
        "response.refusal.delta": "refusal",
        "response.reasoning_summary_text.delta": "thoughts",
        "response.function_call_arguments.delta": "arguments",
    }
    for position, event in enumerate(events):
        if event.sequence_number != position:
            raise SystemExit(f"{event.type} has the number {event.sequence_number}, it is event {position}")
        if kind := kinds.get(event.type):
            deltas[kind] += event.delta
    read = responses(event.response)
    arguments = "".join(item.arguments for item in event.response.output if item.type == "function_call")
    whole = {"text": read.text, "refusal": read.refusal, "thoughts": read.thoughts, "arguments": arguments}
    if deltas != whole:
        raise SystemExit(f"the pieces are {deltas}, the whole is {whole}")
    return read


def messages(answer: Message) -> Read:
    usage = answer.usage
    read = Read(output=usage.output_tokens, cached=usage.cache_read_input_tokens, end=answer.stop_reason)
    read.input = usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens
    read.reasoning = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0
    for block in answer.content:
        if block.type == "text":
            read.text += block.text
        elif block.type == "thinking":
            read.thoughts += block.thinking
        elif block.type == "tool_use":
            read.calls.append((block.id, block.name, block.input))
    return read


def gemini(answers: list[GenerateContentResponse]) -> Read:
    usage = answers[-1].usage_metadata
    read = Read(input=usage.prompt_token_count, cached=usage.cached_content_token_count or 0)
    read.reasoning = usage.thoughts_token_count or 0
    read.output = (usage.candidates_token_count or 0) + read.reasoning
    for answer in answers:
        for candidate in answer.candidates or []:
            read.end = candidate.finish_reason.name if candidate.finish_reason else read.end
            for part in candidate.content.parts or []:
                if part.function_call:
                    call = part.function_call
                    read.calls.append((call.id, call.name, call.args))
                elif part.thought:
                    read.thoughts += part.text
                else:
                    read.text += part.text
        if answer.prompt_feedback:
            read.end = answer.prompt_feedback.block_reason.name
    return read
