"""Events watch calls, middleware changes them: a cost log, a cache, and instructions for one provider alone.

Run with:  OPENAI_API_KEY=... python middleware.py
"""

import os
from collections.abc import Callable
from typing import Any

import orkestra as o

provider = o.Provider("openai", os.environ["OPENAI_API_KEY"])
answers: dict[Any, Any] = {}


# Around every call of the process: not calling next() answers without a model.
@o.register_middleware
def cache(data: o.MiddlewareData, next: Callable[[], Any]) -> None:
    key = (data.event, data.prompt)
    if key in answers:
        data.response = answers[key]
        return
    next()
    if data.event == "on_chat":
        answers[key] = data.response


# Around the calls of this provider, inside of those of the process.
@provider.middleware
def brief(data: o.MiddlewareData, next: Callable[[], Any]) -> None:
    data.prompt += "\nAnswer in one sentence."
    data.max_tokens = min(data.max_tokens or 100, 100)
    next()


@provider.event("on_response")
def log_cost(event: o.EventData) -> None:
    print(f"[log] {event.model} cost ${event.response.cost:.6f}")


@o.register_event("on_route")
def log_choice(event: o.EventData) -> None:
    print(f"[log] {event.metadata['plan'].reason}")


first = provider.chat("Why is the sky blue?")
again = provider.chat("Why is the sky blue?")
print(first.text)
print(f"The second call was answered from the cache: {again.request_id == first.request_id}")
