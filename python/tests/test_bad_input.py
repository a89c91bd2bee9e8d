"""What cannot be meant is said so, with the argument, its value and what was expected; nothing is called."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Face, Made

import orkestra as o

LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("prompt", "said", "is_type"),
    [
        (None, "NoneType", True),
        (b"bytes", "decode", True),
        ((word for word in "ab"), "generator", True),
        (5, "int", True),
        ({"role": "user", "content": "x"}, "list", True),
        ({1, 2}, "set", True),
        ("", "empty", False),
        (" \n", "empty", False),
        ("a\0b", "NUL", False),
        ("half \ud83d", "surrogate", False),
        ([], "empty", False),
        ([{"content": "x"}], "role", False),
        ([{"role": "usr", "content": "x"}], "role", False),
        ([{"role": "user", "content": "\ud800"}], "surrogate", False),
        ([{"role": "user", "content": b"x"}], r"messages\[0\].content", True),
        ([{"role": "user"}], r"messages\[0\]", False),
        (["hello"], r"messages\[0\]", False),
        ([{1: 2}], "key", True),
        ([{"role": "assistant", "content": "x"}], "user", False),
        (LOOP, "nested", False),
        ([{"role": "user", "content": float("nan")}], "NaN", False),
        ([{"role": "user", "content": 1 << 70}], "64 bits", False),
    ],
)
@pytest.mark.parametrize("method", ["chat", "route"])
def test_prompts(
    face: Face, provider: Made, simulator: o.Simulator, prompt: Any, said: str, is_type: bool, method: str
) -> None:
    with pytest.raises(o.InvalidRequest, match=said) as caught:
        face.call(provider(), method, prompt)
    assert isinstance(caught.value, TypeError) is is_type
    assert simulator.requests() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_tokens": 10**30}, "max_tokens is 1000"),
        ({"max_tokens": -1}, "max_tokens is -1"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"max_tokens": True}, "bool"),
        ({"max_tokens": 5.0}, "float"),
        ({"max_tokens": "5"}, "str"),
        ({"temperature": float("nan")}, "NaN"),
        ({"temperature": float("inf")}, "inf"),
        ({"temperature": 2.1}, "2.1"),
        ({"temperature": -0.1}, "-0.1"),
        ({"temperature": 10**400}, "too large"),
        ({"temperature": "hot"}, "str"),
        ({"top_p": 1.5}, "top_p"),
        ({"strategy": "luckiest"}, "cheapest, balanced, smartest"),
        ({"strategy": 3}, "strategy is of type int"),
        ({"seed": 1 << 80}, "seed"),
        ({"stop": ""}, "stop"),
        ({"stop": [1]}, r"stop\[0\]"),
        ({"stop": {"a"}}, "set"),
        ({"system": b"x"}, "system"),
        ({"model": 7}, "model"),
        ({"reasoning_effort": "extreme"}, "minimal"),
        ({"tools": "weather"}, "tools"),
        ({"tools": [{"name": ""}]}, "name"),
        ({"tools": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"tool_choice": "required"}, "tools"),
        ({"response_format": "yaml"}, "yaml"),
        ({"response_format": 4}, "response_format"),
        ({"images": "x.png"}, "images"),
        ({"images": [b"not a picture"]}, "PNG"),
        ({"images": [4]}, r"images\[0\]"),
        ({"images": ["data:nothing"]}, "data:"),
    ],
)
def test_options(face: Face, provider: Made, simulator: o.Simulator, options: dict[str, Any], said: str) -> None:
    with pytest.raises(o.InvalidRequest, match=said):
        face.call(provider(), "chat", "Hello", **options)
    assert simulator.requests() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": float("nan")}, "NaN"),
        ({"timeout": "soon"}, "str"),
        ({"max_retries": -1}, "max_retries"),
        ({"headers": ["a"]}, "dict"),
        ({"headers": {"a": 1}}, "header"),
        ({"quality": float("nan")}, "NaN"),
        ({"quality": "high"}, "quality"),
        ({"router": 5}, "orkestra.Router"),
        ({"catalogue": 5}, "orkestra.Catalogue"),
        ({"ledger": 5}, "orkestra.Ledger"),
        ({"api_key": b"sk"}, "api_key is of type bytes"),
        ({"api_key": [1]}, r"api_key\[0\]"),
    ],
)
def test_providers(provider: Made, options: dict[str, Any], said: str) -> None:
    with pytest.raises(o.InvalidRequest, match=said):
        provider(**options)


def test_lists_of_providers(provider: Made) -> None:
    with pytest.raises(o.InvalidRequest, match="empty"):
        o.MultiProvider([])
    with pytest.raises(o.InvalidRequest, match="twice"):
        o.MultiProvider([provider(), provider()])
    with pytest.raises(o.InvalidType, match=r"providers\[1\]"):
        o.MultiProvider([provider(), "openai"])  # type: ignore[list-item]
    with pytest.raises(o.InvalidType, match="int"):
        o.MultiProvider(5)  # type: ignore[arg-type]


def test_none_means_the_default(face: Face, provider: Made, simulator: o.Simulator) -> None:
    response = face.chat(provider(timeout=None, quality=None), "Hello", max_tokens=None, model=None, tools=None)
    assert response.text
