"""Runs a fixed list of calls through the vendors' SDKs and prints what each of them sent, one JSON line per call.

    python tests/sdk/record_calls.py > calls.jsonl

A line holds the call's name, the request in plain terms (`logical`: provider, model, system, messages, max_tokens,
temperature, stream) and what went over the wire (`sent`: method, path below the base URL's host, query, the headers that
matter, body). Keys are shown as `***` and their length.
"""

import json
import sys

from google.genai import types

from simulator import Simulator, running

OLDER = {"openai": "gpt-4o", "anthropic": "claude-haiku-4-5", "google": "gemini-2.5-flash-lite"}
NEWEST = {"openai": "gpt-6.1-sol", "anthropic": "claude-opus-5-5", "google": "gemini-4-argon"}

USER = {"role": "user", "content": "What boils at 100 degrees?"}
TURNS = [USER, {"role": "assistant", "content": "Water, at sea level."}, {"role": "user", "content": "And on a mountain?"}]

# Headers that say something about the protocol; the rest names the SDK and the machine.
HEADERS = {"accept", "content-type", "authorization", "x-api-key", "x-goog-api-key", "anthropic-version", "anthropic-beta"}

# Anthropic requires a limit; without one the engine's default stands here.
DEFAULT_MAX_TOKENS = 8192


def logical_requests():
    """Every call: its name and the request in plain terms."""
    base = {"system": None, "messages": [USER], "max_tokens": None, "temperature": None, "stream": False}
    variants = {
        "plain": {},
        "system": {"system": "Answer in one word."},
        "multi-turn": {"system": "Answer in one word.", "messages": TURNS},
        "limited": {"max_tokens": 1000},
        "streamed": {"stream": True, "max_tokens": 1000},
    }
    for provider in OLDER:
        for age, model in (("older", OLDER[provider]), ("newest", NEWEST[provider])):
            for name, changes in variants.items():
                yield f"{provider}/{age}/{name}", {"provider": provider, "model": model, **base, **changes}
        # Newest models refuse or ignore a temperature.
        sampled = {"provider": provider, "model": OLDER[provider], **base, "max_tokens": 1000, "temperature": 0.3}
        yield f"{provider}/older/sampled", sampled


def call_openai(simulator: Simulator, request: dict) -> None:
    options = {}
    messages = list(request["messages"])
    if request["system"]:
        messages.insert(0, {"role": "system", "content": request["system"]})
    if request["max_tokens"]:
        options["max_completion_tokens"] = request["max_tokens"]
    if request["temperature"] is not None:
        options["temperature"] = request["temperature"]
    if request["stream"]:
        options |= {"stream": True, "stream_options": {"include_usage": True}}
    answer = simulator.openai().chat.completions.create(model=request["model"], messages=messages, **options)
    if request["stream"]:
        list(answer)


def call_anthropic(simulator: Simulator, request: dict) -> None:
    options = {"max_tokens": request["max_tokens"] or DEFAULT_MAX_TOKENS}
    if request["system"]:
        options["system"] = request["system"]
    if request["temperature"] is not None:
        # The SDK has dropped the parameter; older models still take the field.
        options["extra_body"] = {"temperature": request["temperature"]}
    if request["stream"]:
        options["stream"] = True
    answer = simulator.anthropic().messages.create(model=request["model"], messages=request["messages"], **options)
    if request["stream"]:
        list(answer)


def call_google(simulator: Simulator, request: dict) -> None:
    roles = {"user": "user", "assistant": "model"}
    contents = [
        types.Content(role=roles[turn["role"]], parts=[types.Part(text=turn["content"])]) for turn in request["messages"]
    ]
    config = types.GenerateContentConfig(
        system_instruction=request["system"],
        max_output_tokens=request["max_tokens"],
        temperature=request["temperature"],
    )
    models = simulator.google().models
    if request["stream"]:
        list(models.generate_content_stream(model=request["model"], contents=contents, config=config))
    else:
        models.generate_content(model=request["model"], contents=contents, config=config)


CALLS = {"openai": call_openai, "anthropic": call_anthropic, "google": call_google}


def record(simulator: Simulator, request: dict) -> dict:
    """Makes the call and says what was sent."""
    simulator.clear()
    CALLS[request["provider"]](simulator, request)
    [sent] = simulator.requests()
    headers = {name: value for name, value in sent["headers"].items() if name in HEADERS}
    return {key: sent[key] for key in ("method", "path", "query")} | {"headers": headers, "body": sent["body"]}


def main() -> None:
    with running() as simulator:
        for name, request in logical_requests():
            line = {"call": name, "logical": request, "sent": record(simulator, request)}
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
