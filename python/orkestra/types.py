"""Names for the types of arguments, for those who annotate. Not imported by ``import orkestra``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, Union


class Schemed(Protocol):
    """A class that describes itself as a JSON Schema, as Pydantic's do."""

    def model_json_schema(self) -> dict[str, Any]:
        """The schema."""
        ...


Message: TypeAlias = Mapping[str, Any]
"""A message in OpenAI's form: ``{"role": "user", "content": "..."}``."""
Prompt: TypeAlias = Union[str, Sequence[Message]]
"""What is asked: a text, or a conversation."""
Strategy: TypeAlias = Union[Literal["cheapest", "auto", "balanced", "smartest"], str]
"""How a model is chosen. Any ``str`` is taken by type checkers, since names often come from variables."""
Tier: TypeAlias = Literal["budget", "balanced", "premium"]
"""A model's place in its provider's line-up."""
Effort: TypeAlias = Union[Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"], str]
"""How hard a model thinks. Any ``str`` is taken, as for :data:`Strategy`."""
FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why a model stopped."""
EventName: TypeAlias = Literal[
    "on_request", "on_chat", "on_stream", "on_route", "on_response", "on_chunk", "on_stream_complete"
]
"""What can be watched."""
Image: TypeAlias = Union[str, bytes, "PathLike[str]"]
"""A picture: its URL, its bytes, or the path of its file."""
ResponseFormat: TypeAlias = Union[
    Literal["text", "json", "json_object"], Mapping[str, Any], "type[Schemed]", "type[Any]"
]
"""The form of an answer."""
