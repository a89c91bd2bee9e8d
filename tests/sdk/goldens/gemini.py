"""The golden conversations in Google's generateContent."""

import base64

from google.genai import types

from goldens import words as w

MAX_TOKENS = 1024

GEMINI_DEPTH = types.FunctionDeclaration(
    name="depth", description=w.DEPTH_DESCRIPTION, parameters_json_schema=w.DEPTH_SCHEMA
)
GEMINI_TIDES = types.FunctionDeclaration(name="tides", description=w.TIDES_DESCRIPTION)
GEMINI_PICTURE = types.Blob(mime_type="image/png", data=w.PICTURE)


def turn(role: str, *parts: types.Part | str) -> types.Content:
    return types.Content(role=role, parts=[types.Part(text=part) if isinstance(part, str) else part for part in parts])


def tool(*functions: types.FunctionDeclaration) -> list[types.Tool]:
    return [types.Tool(function_declarations=list(functions))]


def choice(mode: str, *names: str) -> types.ToolConfig:
    names = list(names) or None
    return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode, allowed_function_names=names))


def function_call(call: str, name: str, arguments: dict, *, signed: bool = False) -> types.Part:
    signature = base64.b64decode(w.CALL_SIGNATURE) if signed else None
    return types.Part(
        function_call=types.FunctionCall(id=call, name=name, args=arguments), thought_signature=signature
    )


def function_response(call: str, name: str, response: dict, parts: list | None = None) -> types.Part:
    return types.Part(
        function_response=types.FunctionResponse(id=call, name=name, response=response, parts=parts)
    )


# Conversation and settings of each.
CALLS = {
    "text": ([turn("user", w.QUESTION)], {"temperature": 0.5}),
    "system": (
        [
            turn("user", w.QUESTION),
            turn("model", w.ANSWER),
            # There are no instructions but those at the beginning.
            turn("user", w.LATER_INSTRUCTION, w.SECOND_QUESTION),
        ],
        {
            "system_instruction": [w.FIRST_INSTRUCTION, w.SECOND_INSTRUCTION],
            "max_output_tokens": MAX_TOKENS,
        },
    ),
    "multi_turn": (
        [turn("user", w.GERMAN_QUESTION), turn("model", w.GERMAN_ANSWER), turn("user", w.GERMAN_SECOND)],
        {
            "max_output_tokens": MAX_TOKENS,
            "top_p": 0.9,
            "safety_settings": [
                types.SafetySetting(category="HARM_CATEGORY_DANGEROUS_CONTENT", threshold="BLOCK_ONLY_HIGH")
            ],
        },
    ),
    # A picture is in the message or was uploaded before; nothing is fetched from elsewhere. How closely to look is said
    # of each part, in a way of this API's own.
    "image": (
        [
            turn(
                "user",
                w.PICTURE_QUESTION,
                types.Part(inline_data=GEMINI_PICTURE, media_resolution={"level": "MEDIA_RESOLUTION_HIGH"}),
            )
        ],
        {"max_output_tokens": MAX_TOKENS},
    ),
    "tools": (
        [turn("user", w.TOOL_QUESTION)],
        {"tools": tool(GEMINI_DEPTH, GEMINI_TIDES), "tool_config": choice("AUTO"), "max_output_tokens": MAX_TOKENS},
    ),
    # Of calls that come together, the first alone is signed.
    "parallel_tools": (
        [
            turn("user", w.TOOL_QUESTION),
            turn(
                "model",
                function_call(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS, signed=True),
                function_call(w.TIDES_CALL, "tides", {}),
            ),
            turn(
                "user",
                function_response(w.DEPTH_CALL, "depth", {"output": w.DEPTH_RESULT}),
                function_response(w.TIDES_CALL, "tides", {"error": w.TIDES_FAILURE}),
            ),
        ],
        {"tools": tool(GEMINI_DEPTH, GEMINI_TIDES), "max_output_tokens": MAX_TOKENS},
    ),
    "tool_result": (
        [
            turn("user", w.TOOL_QUESTION),
            turn("model", w.TOOL_TEXT, function_call(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS, signed=True)),
            turn(
                "user",
                function_response(
                    w.DEPTH_CALL,
                    "depth",
                    {"output": w.DEPTH_RESULT},
                    [
                        types.FunctionResponsePart(
                            inline_data=types.FunctionResponseBlob(mime_type="image/png", data=w.PICTURE)
                        )
                    ],
                ),
            ),
        ],
        {"tools": tool(GEMINI_DEPTH), "max_output_tokens": MAX_TOKENS},
    ),
    "forced_tool": (
        [turn("user", w.TOOL_QUESTION)],
        {"tools": tool(GEMINI_DEPTH), "tool_config": choice("ANY", "depth"), "max_output_tokens": MAX_TOKENS},
    ),
    "json_schema": (
        [turn("user", w.JSON_QUESTION)],
        {
            "response_mime_type": "application/json",
            "response_json_schema": w.JSON_SCHEMA,
            "max_output_tokens": MAX_TOKENS,
        },
    ),
    "stop": (
        [turn("user", w.STOP_QUESTION)],
        {"stop_sequences": w.STOP, "temperature": 0.5, "top_k": 40, "seed": 7, "max_output_tokens": MAX_TOKENS},
    ),
    "reasoning": (
        [
            turn("user", w.TOOL_QUESTION),
            turn(
                "model",
                types.Part(text=w.THOUGHTS, thought=True),
                function_call(w.DEPTH_CALL, "depth", w.DEPTH_ARGUMENTS, signed=True),
            ),
            turn("user", function_response(w.DEPTH_CALL, "depth", {"output": w.DEPTH_RESULT})),
        ],
        {
            "tools": tool(GEMINI_DEPTH),
            "thinking_config": types.ThinkingConfig(thinking_level="HIGH", include_thoughts=True),
            "max_output_tokens": 4096,
        },
    ),
    # Caching goes by itself.
    "cache_hints": (
        [turn("user", w.ATLAS, w.ATLAS_QUESTION)],
        {"system_instruction": w.FIRST_INSTRUCTION, "tools": tool(GEMINI_DEPTH), "max_output_tokens": MAX_TOKENS},
    ),
    "refusal": ([turn("user", w.REFUSED_QUESTION)], {"max_output_tokens": MAX_TOKENS}),
    "length": (
        [turn("user", w.LENGTH_QUESTION)],
        {"cached_content": "cachedContents/an-older-story", "max_output_tokens": 64},
    ),
}
