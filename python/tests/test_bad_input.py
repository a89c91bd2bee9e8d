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
        ({"images": ["photo.png"]}, r'images\[0\] is "photo.png"; expected an https'),
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


def test_without_a_key_nothing_is_called(face: Face) -> None:
    provider = o.Provider("openai", None, ledger="off")
    with pytest.raises(o.Unauthenticated, match="OPENAI_API_KEY") as raised:
        face.chat(provider, "Hello")
    assert raised.value.provider == "openai"
    assert provider.route("Hello").model


def test_a_wrong_item_of_a_batch_is_named(face: Face, provider: Made) -> None:
    prompts: Any = ["Hello", None]
    with pytest.raises(o.InvalidType, match=r"prompts\[1\]: prompt is of type NoneType"):
        face.call(provider(), "route_batch", prompts)
    assert len(face.call(provider(), "route_batch", (text for text in ["Hello", "Hi"]))) == 2


def test_a_base_model_that_is_none(provider: Made) -> None:
    with pytest.raises(o.UnknownModel, match="zz"):
        provider(base_model="zz")


def test_exceptions_are_named_as_they_are_imported() -> None:
    assert {f"{kind.__module__}.{kind.__name__}" for kind in (o.Error, o.Timeout)} == {"orkestra.Error", "orkestra.Timeout"}


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
