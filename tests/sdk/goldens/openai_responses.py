"""The golden conversations in OpenAI's Responses."""

from goldens import words as w

MAX_TOKENS = 1024

# This API enforces schemas unless told otherwise.
RESPONSES_DEPTH = {
    "type": "function",
    "name": "depth",
    "description": w.DEPTH_DESCRIPTION,
    "parameters": w.DEPTH_SCHEMA,
    "strict": False,
}
RESPONSES_TIDES = {
    "type": "function",
    "name": "tides",
    "description": w.TIDES_DESCRIPTION,
    "parameters": w.EMPTY_SCHEMA,
    "strict": False,
}


def said(role: str, *texts: str) -> dict:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"role": role, "content": [{"type": kind, "text": text} for text in texts]}


def responses_call(call: str, name: str, arguments: str) -> dict:
    return {"type": "function_call", "call_id": call, "name": name, "arguments": arguments}


def responses_result(call: str, output: object) -> dict:
    return {"type": "function_call_output", "call_id": call, "output": output}


CALLS = {
    "text": {"input": [said("user", w.QUESTION)], "temperature": 0.5},
    "system": {
        "instructions": f"{w.FIRST_INSTRUCTION}\n\n{w.SECOND_INSTRUCTION}",
        "input": [
            said("user", w.QUESTION),
            said("assistant", w.ANSWER),
            said("system", w.LATER_INSTRUCTION),
            said("user", w.SECOND_QUESTION),
        ],
        "max_output_tokens": MAX_TOKENS,
    },
    "multi_turn": {
        "input": [
            said("user", w.GERMAN_QUESTION),
            # As the API gave it: the item's id and status and the annotations are known to this API alone.
            {
                "id": "msg_sea_1",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [
                    {
                        "type": "output_text",
                        "text": w.GERMAN_ANSWER,
                        "annotations": [
                            {
                                "type": "url_citation",
                                "url": "https://sea.example",
                                "title": "Sea",
                                "start_index": 0,
                                "end_index": 2,
                            }
                        ],
                    }
                ],
            },
            said("user", w.GERMAN_SECOND),
        ],
        "max_output_tokens": MAX_TOKENS,
        "top_p": 0.9,
        "user": "diver-7",
        "truncation": "auto",
    },
    "image": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": w.PICTURE_QUESTION},
                    {"type": "input_image", "image_url": w.PICTURE_DATA_URL, "detail": "low"},
                    {"type": "input_image", "image_url": w.PICTURE_URL},
                ],
            }
        ],
        "max_output_tokens": MAX_TOKENS,
    },
    "tools": {
        "input": [said("user", w.TOOL_QUESTION)],
        "tools": [{**RESPONSES_DEPTH, "strict": True}, RESPONSES_TIDES],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "max_output_tokens": MAX_TOKENS,
    },
    "parallel_tools": {
        "input": [
            said("user", w.TOOL_QUESTION),
            responses_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT_SPACED),
            responses_call(w.TIDES_CALL, "tides", "{}"),
            responses_result(w.DEPTH_CALL, w.DEPTH_RESULT),
            responses_result(w.TIDES_CALL, f"Error: {w.TIDES_FAILURE}"),
        ],
        "tools": [RESPONSES_DEPTH, RESPONSES_TIDES],
        "max_output_tokens": MAX_TOKENS,
    },
    "tool_result": {
        "input": [
            said("user", w.TOOL_QUESTION),
            said("assistant", w.TOOL_TEXT),
            responses_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT),
            responses_result(
                w.DEPTH_CALL,
                [
                    {"type": "input_text", "text": w.DEPTH_RESULT},
                    {"type": "input_image", "image_url": w.PICTURE_DATA_URL},
                ],
            ),
        ],
        "tools": [RESPONSES_DEPTH],
        "max_output_tokens": MAX_TOKENS,
    },
    "forced_tool": {
        "input": [said("user", w.TOOL_QUESTION)],
        "tools": [RESPONSES_DEPTH],
        "tool_choice": {"type": "function", "name": "depth"},
        "max_output_tokens": MAX_TOKENS,
    },
    "json_schema": {
        "input": [said("user", w.JSON_QUESTION)],
        "text": {
            "format": {
                "type": "json_schema",
                "name": w.JSON_NAME,
                "description": w.JSON_DESCRIPTION,
                "schema": w.JSON_SCHEMA,
                "strict": True,
            }
        },
        "max_output_tokens": MAX_TOKENS,
    },
    # This API has no stop sequences, seeds or penalties.
    "stop": {"input": [said("user", w.STOP_QUESTION)], "temperature": 0.5, "max_output_tokens": MAX_TOKENS},
    "reasoning": {
        "input": [
            said("user", w.TOOL_QUESTION),
            {
                "type": "reasoning",
                "id": "rs_sea_1",
                "summary": [{"type": "summary_text", "text": w.THOUGHTS}],
                "encrypted_content": w.THOUGHTS_SIGNATURE,
            },
            # As the API gave it.
            {**responses_call(w.DEPTH_CALL, "depth", w.DEPTH_TEXT), "id": "fc_sea_1", "status": "completed"},
            responses_result(w.DEPTH_CALL, w.DEPTH_RESULT),
        ],
        "tools": [RESPONSES_DEPTH],
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "max_output_tokens": 4096,
    },
    "cache_hints": {
        "instructions": w.FIRST_INSTRUCTION,
        "input": [said("user", w.ATLAS, w.ATLAS_QUESTION)],
        "tools": [RESPONSES_DEPTH],
        "prompt_cache_key": "sea-atlas",
        "max_output_tokens": MAX_TOKENS,
    },
    "refusal": {"input": [said("user", w.REFUSED_QUESTION)], "max_output_tokens": MAX_TOKENS},
    "length": {"input": [said("user", w.LENGTH_QUESTION)], "max_output_tokens": 64},
}
# Whoever keeps the conversation on their own side says so.
for call in CALLS.values():
    call["store"] = False
