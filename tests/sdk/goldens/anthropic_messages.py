"""The golden conversations in Anthropic's Messages."""

from goldens import words as w

MAX_TOKENS = 1024

ANTHROPIC_DEPTH = {"name": "depth", "description": w.DEPTH_DESCRIPTION, "input_schema": w.DEPTH_SCHEMA}
ANTHROPIC_TIDES = {"name": "tides", "description": w.TIDES_DESCRIPTION, "input_schema": w.EMPTY_SCHEMA}
# The SDK has dropped the sampling parameters; older models still take the fields.
ANTHROPIC_PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": w.PICTURE_BASE64}}


def text_block(text: str, **more: object) -> dict:
    return {"type": "text", "text": text, **more}


def tool_use(call: str, name: str, arguments: dict) -> dict:
    return {"type": "tool_use", "id": call, "name": name, "input": arguments}


def tool_result(call: str, content: object, **more: object) -> dict:
    return {"type": "tool_result", "tool_use_id": call, "content": content, **more}


CALLS = {
    # A limit is required here: the one that stands where the caller named none.
    "text": {
        "messages": [{"role": "user", "content": w.QUESTION}],
        "max_tokens": 8192,
        "extra_body": {"temperature": 0.5},
    },
    "system": {
        "system": [text_block(w.FIRST_INSTRUCTION), text_block(w.SECOND_INSTRUCTION)],
        "messages": [
            {"role": "user", "content": w.QUESTION},
            {"role": "assistant", "content": w.ANSWER},
            {"role": "system", "content": w.LATER_INSTRUCTION},
            {"role": "user", "content": w.SECOND_QUESTION},
        ],
        "max_tokens": MAX_TOKENS,
    },
    "multi_turn": {
        "messages": [
            {"role": "user", "content": w.GERMAN_QUESTION},
            # As the API gave it: citations are known to this API alone.
            {
                "role": "assistant",
                "content": [
                    text_block(
                        w.GERMAN_ANSWER,
                        citations=[
                            {
                                "type": "char_location",
                                "cited_text": "1.500 Meter",
                                "document_index": 0,
                                "document_title": "Sea",
                                "start_char_index": 0,
                                "end_char_index": 11,
                            }
                        ],
                    )
                ],
            },
            {"role": "user", "content": w.GERMAN_SECOND},
        ],
        "max_tokens": MAX_TOKENS,
        "metadata": {"user_id": "diver-7"},
        "inference_geo": "us",
        "extra_body": {"top_p": 0.9},
    },
    "image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    text_block(w.PICTURE_QUESTION),
                    ANTHROPIC_PICTURE,
                    {"type": "image", "source": {"type": "url", "url": w.PICTURE_URL}},
                ],
            }
        ],
        "max_tokens": MAX_TOKENS,
    },
    "tools": {
        "messages": [{"role": "user", "content": w.TOOL_QUESTION}],
        "tools": [{**ANTHROPIC_DEPTH, "strict": True}, ANTHROPIC_TIDES],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "max_tokens": MAX_TOKENS,
    },
    "parallel_tools": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": [
                    tool_use(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS),
                    tool_use(w.TIDES_CALL, "tides", {}),
                ],
            },
            {
                "role": "user",
                "content": [
                    tool_result(w.DEPTH_CALL, w.DEPTH_RESULT),
                    tool_result(w.TIDES_CALL, w.TIDES_FAILURE, is_error=True),
                ],
            },
        ],
        "tools": [ANTHROPIC_DEPTH, ANTHROPIC_TIDES],
        "max_tokens": MAX_TOKENS,
    },
    "tool_result": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": [text_block(w.TOOL_TEXT), tool_use(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS)],
            },
            {
                "role": "user",
                "content": [tool_result(w.DEPTH_CALL, [text_block(w.DEPTH_RESULT), ANTHROPIC_PICTURE])],
            },
        ],
        "tools": [ANTHROPIC_DEPTH],
        "max_tokens": MAX_TOKENS,
    },
    "forced_tool": {
        "messages": [{"role": "user", "content": w.TOOL_QUESTION}],
        "tools": [ANTHROPIC_DEPTH],
        "tool_choice": {"type": "tool", "name": "depth"},
        "max_tokens": MAX_TOKENS,
    },
    "json_schema": {
        "messages": [{"role": "user", "content": w.JSON_QUESTION}],
        "output_config": {"format": {"type": "json_schema", "schema": w.JSON_SCHEMA}},
        "max_tokens": MAX_TOKENS,
    },
    "stop": {
        "messages": [{"role": "user", "content": w.STOP_QUESTION}],
        "stop_sequences": w.STOP,
        "max_tokens": MAX_TOKENS,
        "extra_body": {"temperature": 0.5, "top_k": 40},
    },
    "reasoning": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": w.THOUGHTS, "signature": w.THOUGHTS_SIGNATURE},
                    tool_use(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS),
                ],
            },
            {"role": "user", "content": [tool_result(w.DEPTH_CALL, w.DEPTH_RESULT)]},
        ],
        "tools": [ANTHROPIC_DEPTH],
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "high"},
        "max_tokens": 4096,
    },
    # Marks that keep for an hour come before those that do not; the prompt begins with the tools.
    "cache_hints": {
        "tools": [{**ANTHROPIC_DEPTH, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "system": [text_block(w.FIRST_INSTRUCTION, cache_control={"type": "ephemeral", "ttl": "1h"})],
        "messages": [
            {
                "role": "user",
                "content": [text_block(w.ATLAS, cache_control={"type": "ephemeral"}), text_block(w.ATLAS_QUESTION)],
            }
        ],
        "max_tokens": MAX_TOKENS,
        "extra_headers": {"anthropic-beta": "extended-cache-ttl-2025-04-11"},
    },
    "refusal": {"messages": [{"role": "user", "content": w.REFUSED_QUESTION}], "max_tokens": MAX_TOKENS},
    "length": {"messages": [{"role": "user", "content": w.LENGTH_QUESTION}], "max_tokens": 64},
}
