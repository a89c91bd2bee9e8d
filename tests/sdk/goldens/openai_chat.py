"""The golden conversations in OpenAI's Chat Completions."""

from goldens import words as w

MAX_TOKENS = 1024

CHAT_DEPTH = {"name": "depth", "description": w.DEPTH_DESCRIPTION, "parameters": w.DEPTH_SCHEMA}
CHAT_TIDES = {"name": "tides", "description": w.TIDES_DESCRIPTION}


def chat_tool(function: dict, **more: object) -> dict:
    return {"type": "function", "function": {**function, **more}}


def chat_call(call: str, name: str, arguments: str) -> dict:
    return {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}


CALLS = {
    "text": {"messages": [{"role": "user", "content": w.QUESTION}], "temperature": 0.5},
    "system": {
        "messages": [
            {"role": "system", "content": w.FIRST_INSTRUCTION},
            {"role": "developer", "content": w.SECOND_INSTRUCTION},
            {"role": "user", "content": w.QUESTION},
            {"role": "assistant", "content": w.ANSWER},
            {"role": "system", "content": w.LATER_INSTRUCTION},
            {"role": "user", "content": w.SECOND_QUESTION},
        ],
        "max_completion_tokens": MAX_TOKENS,
    },
    "multi_turn": {
        "messages": [
            {"role": "user", "content": w.GERMAN_QUESTION},
            # As the API gave it: the annotations are known to this API alone.
            {
                "role": "assistant",
                "content": w.GERMAN_ANSWER,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {"url": "https://sea.example", "title": "Sea", "start_index": 0, "end_index": 2},
                    }
                ],
            },
            {"role": "user", "content": w.GERMAN_SECOND},
        ],
        "max_completion_tokens": MAX_TOKENS,
        "top_p": 0.9,
        "user": "diver-7",
        "logit_bias": {"50256": -100},
    },
    "image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": w.PICTURE_QUESTION},
                    {"type": "image_url", "image_url": {"url": w.PICTURE_DATA_URL, "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": w.PICTURE_URL}},
                ],
            }
        ],
        "max_completion_tokens": MAX_TOKENS,
    },
    "tools": {
        "messages": [{"role": "user", "content": w.TOOL_QUESTION}],
        "tools": [chat_tool(CHAT_DEPTH, strict=True), chat_tool(CHAT_TIDES)],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "max_completion_tokens": MAX_TOKENS,
    },
    "parallel_tools": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    chat_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT_SPACED),
                    chat_call(w.TIDES_CALL, "tides", "{}"),
                ],
            },
            {"role": "tool", "tool_call_id": w.DEPTH_CALL, "content": w.DEPTH_RESULT},
            # This API has no word for a failure but words.
            {"role": "tool", "tool_call_id": w.TIDES_CALL, "content": f"Error: {w.TIDES_FAILURE}"},
        ],
        "tools": [chat_tool(CHAT_DEPTH), chat_tool(CHAT_TIDES)],
        "max_completion_tokens": MAX_TOKENS,
    },
    "tool_result": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": w.TOOL_TEXT,
                "tool_calls": [chat_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT)],
            },
            {"role": "tool", "tool_call_id": w.DEPTH_CALL, "content": w.DEPTH_RESULT},
            # A tool's message takes no picture.
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": w.PICTURE_DATA_URL}}]},
        ],
        "tools": [chat_tool(CHAT_DEPTH)],
        "max_completion_tokens": MAX_TOKENS,
    },
    "forced_tool": {
        "messages": [{"role": "user", "content": w.TOOL_QUESTION}],
        "tools": [chat_tool(CHAT_DEPTH)],
        "tool_choice": {"type": "function", "function": {"name": "depth"}},
        "max_completion_tokens": MAX_TOKENS,
    },
    "json_schema": {
        "messages": [{"role": "user", "content": w.JSON_QUESTION}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": w.JSON_NAME,
                "description": w.JSON_DESCRIPTION,
                "schema": w.JSON_SCHEMA,
                "strict": True,
            },
        },
        "max_completion_tokens": MAX_TOKENS,
    },
    "stop": {
        "messages": [{"role": "user", "content": w.STOP_QUESTION}],
        "stop": w.STOP,
        "temperature": 0.5,
        "seed": 7,
        "frequency_penalty": 0.5,
        "max_completion_tokens": MAX_TOKENS,
    },
    "reasoning": {
        "messages": [
            {"role": "user", "content": w.TOOL_QUESTION},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [chat_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT)],
            },
            {"role": "tool", "tool_call_id": w.DEPTH_CALL, "content": w.DEPTH_RESULT},
        ],
        "tools": [chat_tool(CHAT_DEPTH)],
        "reasoning_effort": "high",
        "max_completion_tokens": 4096,
    },
    "cache_hints": {
        "messages": [
            {"role": "system", "content": w.FIRST_INSTRUCTION},
            {"role": "user", "content": [{"type": "text", "text": w.ATLAS}, {"type": "text", "text": w.ATLAS_QUESTION}]},
        ],
        "tools": [chat_tool(CHAT_DEPTH)],
        "prompt_cache_key": "sea-atlas",
        "max_completion_tokens": MAX_TOKENS,
    },
    "refusal": {
        "messages": [{"role": "user", "content": w.REFUSED_QUESTION}],
        "max_completion_tokens": MAX_TOKENS,
    },
    "length": {"messages": [{"role": "user", "content": w.LENGTH_QUESTION}], "max_completion_tokens": 64},
}
