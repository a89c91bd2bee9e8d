"""An agent: the model calls Python functions until it has its answer.

Run with:  OPENAI_API_KEY=... python tools.py
"""

import json
import os
from typing import Any

import orkestra as o

TEMPERATURES = {"Oslo": 4, "Rome": 19, "Nairobi": 24}


def temperature(city: str) -> dict[str, Any]:
    return {"city": city, "celsius": TEMPERATURES[city]}


FUNCTIONS = {"temperature": temperature}
TOOLS = [
    {
        "name": "temperature",
        "description": "The temperature in a city now, in degrees Celsius",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": list(TEMPERATURES)}},
            "required": ["city"],
            "additionalProperties": False,
        },
    }
]


def run(call: o.ToolCall) -> str:
    """The result of a call; what goes wrong is told to the model, which can try again."""
    try:
        return json.dumps(FUNCTIONS[call.name](**call.parsed()))
    except Exception as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


provider = o.Provider("openai", os.environ["OPENAI_API_KEY"])
messages: list[dict[str, Any]] = [
    {"role": "user", "content": "Compare the temperature in Oslo with that in Rome."}
]
response = provider.chat(messages, tools=TOOLS)
cost = response.cost

# The model that made the calls goes on with them: a loop is never switched to another one half way.
while response.tool_calls and len(messages) < 30:
    messages.append(response.message)
    for call in response.tool_calls:
        result = run(call)
        print(f"{call.name}({call.arguments}) = {result}")
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    response = provider.chat(messages, tools=TOOLS)
    cost += response.cost

print(response.text)
print(f"{len(messages)} messages, {response.model}, ${cost:.6f} in all")
