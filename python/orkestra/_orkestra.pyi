"""What the extension holds; import it from :mod:`orkestra`."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from collections.abc import Coroutine as _AnyCoroutine
from datetime import datetime
from decimal import Decimal
from os import PathLike
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, final, overload

from typing_extensions import Self, disjoint_base

from orkestra.types import Effort, EventName, FinishReason, Image, Prompt, ResponseFormat, Strategy, Tier

__all__ = [
    "register_event",
    "register_middleware",
    "unregister_event",
    "unregister_middleware",
    "Catalogue",
    "MultiProvider",
    "Provider",
    "main",
    "Coroutine",
    "EventData",
    "MiddlewareData",
    "error_kinds",
    "raise_kind",
    "Ledger",
    "before_fork",
    "Candidate",
    "Plan",
    "Response",
    "ToolCall",
    "Usage",
    "Router",
    "Simulator",
    "Stream",
    "StreamEvent",
    "TextStream",
    "__version__",
]

__version__: Final[str]

_Path: TypeAlias = str | PathLike[str]

_T_co = TypeVar("_T_co", covariant=True)
_Handler = TypeVar("_Handler", bound=Callable[[EventData], object])
_Middleware = TypeVar("_Middleware", bound=Callable[[MiddlewareData, Any], object])

@final
class Coroutine(_AnyCoroutine[Any, None, _T_co], Generic[_T_co]):
    """What an ``async`` method gives: await it, or make a task of it. It begins when it is awaited.

    Cancelling it ends the call at the provider.
    """

    def __await__(self) -> Generator[Any, None, _T_co]: ...
    def send(self, value: Any, /) -> Any:
        """Goes on; what an event loop does."""
        ...

    def throw(self, typ: Any, val: Any = None, tb: Any = None, /) -> Any:
        """Ends it with an exception, such as ``asyncio.CancelledError``; what is called for it is cancelled."""
        ...

    def close(self) -> None:
        """Ends it; what is called for it is cancelled."""
        ...

    __name__: str
    __qualname__: str

@disjoint_base
class Provider:
    """One provider, whose models share the work.

    Safe to share between threads and event loops. After ``os.fork`` a provider that had made calls raises
    ``RuntimeError``: make providers in the child.

    Args:
        name: ``"google"``, ``"anthropic"``, ``"openai"``, or another provider of the catalogue.
        api_key: The key, or a list of keys that share the calls. ``None``: the provider's environment variables, such as
            ``OPENAI_API_KEY``; without any, it can only :meth:`route`.
        base_url: Another address than the catalogue's. Default: ``ORKESTRA_<NAME>_BASE_URL``, else the catalogue's.
            Plain HTTP with a key is for this machine only.
        smart_routing: Whether the router chooses the model. When off, ``default_model`` is called, or else the model that
            savings are measured against.
        default_model: The model to call while ``smart_routing`` is off.
        timeout: The longest wait in seconds for an answer, or for the next piece of a stream. Default 600 for an answer,
            120 between pieces.
        max_retries: So many more calls of the same model when one fails in a way that may pass. Default 2.
        headers: Headers that are sent with each call. They are shown nowhere.
        router: Another router: a :class:`Router`, a file, or a name as the command's ``--router`` takes it: "documented",
            "nearest:EMBEDDER", or one that was pulled. Default: ``ORKESTRA_ROUTER``, else the embedded one.
        quality: The share of premium's average quality to keep, 0 to 1. Default: ``ORKESTRA_QUALITY``, else what the
            router's validation chose.
        catalogue: Models and prices: a :class:`Catalogue`, or a file that is laid over the built-in one. Default:
            ``ORKESTRA_CATALOGUE``, else ``~/.orkestra/models.toml`` if it exists.
        ledger: Where calls are kept: a path, a :class:`Ledger`, or ``"off"``. Default: ``ORKESTRA_LEDGER``, else
            ``~/.orkestra/ledger.db``. No prompt or answer is stored.
        base_model: The model that savings are measured against. Default: the provider's premium model.

    Raises:
        UnknownModel: No provider, or no model, has this name.
        Unauthenticated: The key is empty.
        Config: An address, a header or a file is wrong.

    >>> import orkestra as o
    >>> o.Provider("openai", None).route("What is the capital of Japan?").tier
    'budget'
    """

    def __new__(
        cls,
        name: str,
        api_key: str | Sequence[str] | None,
        *,
        base_url: str | None = None,
        smart_routing: bool = True,
        default_model: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        headers: Mapping[str, str] | None = None,
        router: Router | _Path | None = None,
        quality: float | None = None,
        catalogue: Catalogue | _Path | None = None,
        ledger: Ledger | _Path | None = None,
        base_model: str | None = None,
    ) -> Self: ...
    @property
    def name(self) -> str:
        """The provider's name."""
        ...

    def chat(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Response:
        """Answers ``prompt`` with the model that ``strategy`` chooses, and waits for the whole answer.

        The interpreter is released while it waits; Ctrl-C ends the call at once, at the provider too.

        Args:
            prompt: A text, or a list of messages in OpenAI's form (``{"role": "user", "content": "..."}``).
            max_tokens: The most tokens the answer may have, reasoning included. Default 8192.
            temperature: Sampling temperature, 0 to 2. Default 1. Models that take none are called without, and
                ``Response.warnings`` says so.
            strategy: ``"cheapest"`` (the default, also called ``"auto"``): the cheapest model that is good enough;
                ``"balanced"``: the middle tier, or premium where that is needed; ``"smartest"``: the most capable one.
            model: A model of the catalogue to call instead of letting the router choose.
            system: Instructions that stand above the conversation.
            tools: Functions that the model may call: OpenAI's form, with or without its ``"type"`` envelope.
            tool_choice: ``"auto"``, ``"none"``, ``"required"``, or OpenAI's form that names a function.
            response_format: ``"json"``; a JSON Schema; a class with ``model_json_schema()``, such as Pydantic's; or
                OpenAI's form.
            images: Pictures that belong to the prompt: URLs, paths (``pathlib.Path``) or bytes (PNG, JPEG, GIF, WebP).
            reasoning_effort: How hard to think before answering, for models that think.
            stop: Stop before this text, or any of these.
            seed: Sample the same way for the same number, as far as the provider can.
            top_p: Sample from the likeliest tokens of this joint probability, 0 to 1.

        Raises:
            InvalidRequest: A value is wrong; ``InvalidType`` where its type is. Nothing was called.
            UnknownModel: ``model`` is not in the catalogue.
            TooLong: Prompt and answer do not fit into any model.
            Unauthenticated, RateLimited, BudgetSpent, Timeout, Unavailable: Every model of the plan failed; this is
                why the last one did.
            Refused: The model, or its provider's filter, declined to answer.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger="off")
        ...     response = provider.chat("What is the capital of Japan?")
        >>> response.provider, response.simulated, response.cost < response.base_cost
        ('openai', True, True)
        """
        ...

    def achat(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Coroutine[Response]:
        """:meth:`chat`, to be awaited. Cancelling the task ends the call at the provider.

        >>> import asyncio
        >>> import orkestra as o
        >>> async def main() -> list[str]:
        ...     async with o.Simulator() as simulator:
        ...         provider = o.Provider("google", "any", base_url=simulator.base_url("google"), ledger="off")
        ...         answers = await asyncio.gather(*(provider.achat(f"What is {n} + {n}?") for n in range(3)))
        ...         return [answer.provider for answer in answers]
        >>> asyncio.run(main())
        ['google', 'google', 'google']
        """
        ...

    def stream_text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> TextStream:
        """Answers in pieces of text, as they arrive. Arguments and errors as :meth:`chat`.

        What is wrong with the arguments is said at once; the call begins when the first piece is asked for. A stream
        that breaks ends with an error, never as if it were complete. Leaving the loop early ends the call; what had
        arrived is billed as an estimate.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("anthropic", "any", base_url=simulator.base_url("anthropic"), ledger="off")
        ...     stream = provider.stream_text("Tell me about the sea.")
        ...     text = "".join(stream)
        >>> text == stream.response().text
        True
        """
        ...

    def astream_text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> TextStream:
        """:meth:`stream_text`, to be read with ``async for``."""
        ...

    def stream(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Stream:
        """Answers in events: text, thoughts, calls of tools, usage. Arguments and errors as :meth:`chat`.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger="off")
        ...     with provider.stream("Tell me about the sea.") as stream:
        ...         kinds = {event.type for event in stream}
        >>> "text" in kinds
        True
        """
        ...

    def astream(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Stream:
        """:meth:`stream`, to be read with ``async for``."""
        ...

    def route(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Plan:
        """Decides without calling: no network, no key, no cost. Takes microseconds. Arguments as :meth:`chat`.

        >>> import orkestra as o
        >>> plan = o.Provider("openai", None).route("What is the capital of Japan?")
        >>> plan.tier, plan.expected_cost > 0
        ('budget', True)
        """
        ...

    def aroute(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Coroutine[Plan]:
        """:meth:`route`, to be awaited."""
        ...

    def route_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        strategy: Strategy = "cheapest",
        max_tokens: int | None = 8192,
        system: str | None = None,
    ) -> list[Plan]:
        """Decides each of ``prompts`` by itself, on all processors, with the interpreter released.

        >>> import orkestra as o
        >>> plans = o.Provider("openai", None).route_batch(["What is 2 + 2?", "Name a river."])
        >>> [plan.tier for plan in plans]
        ['budget', 'budget']
        """
        ...

    def aroute_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        strategy: Strategy = "cheapest",
        max_tokens: int | None = 8192,
        system: str | None = None,
    ) -> Coroutine[list[Plan]]:
        """:meth:`route_batch`, to be awaited."""
        ...

    def explain(self, prompt: Prompt) -> dict[str, Any] | None:
        """Why the router believes what a plan builds on; ``None`` from a router that cannot say. No network, no cost."""
        ...

    @overload
    def event(self, name: EventName, handler: None = None) -> Callable[[_Handler], _Handler]: ...
    @overload
    def event(self, name: EventName, handler: _Handler) -> _Handler:
        """Registers ``handler`` for the calls made here: ``@provider.event("on_response")``, or with the function itself.

        Handlers watch. They are called one after the other, those of the process first, and are waited for; they may
        be plain or ``async``. What one raises is logged (logger ``orkestra``) and never fails the call.

        >>> import orkestra as o
        >>> provider = o.Provider("openai", None)
        >>> @provider.event("on_response")
        ... def show(event: o.EventData) -> None:
        ...     print(event.model, event.response.cost)
        """
        ...

    def middleware(self, function: _Middleware) -> _Middleware:
        """Registers ``function`` around the calls made here: ``fn(data, next)``, plain or ``async``.

        It may change ``data`` before ``next()`` (``await next()`` in an ``async`` one), read or replace
        ``data.response`` after, or set it and not call ``next()`` at all. Those of the process stand outside; a chosen
        provider's own stands inside of a :class:`MultiProvider`'s. What it raises fails the call, with its traceback.

        A plain one under ``async`` calls runs on a thread of the event loop's pool; for many calls at once write it
        ``async``.
        """
        ...

    @property
    def ledger(self) -> Ledger:
        """Where its calls are kept."""
        ...

    def close(self, timeout: float = 5.0) -> list[str]:
        """Waits at most ``timeout`` seconds until the ledger holds all calls, and says what went wrong with it.

        Calls can be made afterwards. What is not in the ledger by then is in its spool, and lost in no case.
        """
        ...

    def aclose(self, timeout: float = 5.0) -> Coroutine[list[str]]:
        """:meth:`close`, to be awaited."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def __aenter__(self) -> Coroutine[Self]: ...
    def __aexit__(self, *exception: object) -> Coroutine[list[str]]: ...

@disjoint_base
class MultiProvider:
    """Several providers, whose models share the work.

    Catalogue, router, ledger and quality are the first one's. Handlers and middleware of a provider hold for the calls
    that it is chosen for.

    Args:
        providers: At least one :class:`Provider`, none twice.

    Raises:
        InvalidRequest: There is none, or one twice.

    >>> import orkestra as o
    >>> both = o.MultiProvider([o.Provider("google", None), o.Provider("openai", None)])
    >>> both.route("What is the capital of Japan?", strategy="smartest").tier
    'premium'
    """

    def __new__(cls, providers: Iterable[Provider]) -> Self: ...
    @property
    def providers(self) -> list[Provider]:
        """Its providers."""
        ...

    def chat(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Response:
        """Answers ``prompt`` with the model that ``strategy`` chooses, and waits for the whole answer.

        The interpreter is released while it waits; Ctrl-C ends the call at once, at the provider too.

        Args:
            prompt: A text, or a list of messages in OpenAI's form (``{"role": "user", "content": "..."}``).
            max_tokens: The most tokens the answer may have, reasoning included. Default 8192.
            temperature: Sampling temperature, 0 to 2. Default 1. Models that take none are called without, and
                ``Response.warnings`` says so.
            strategy: ``"cheapest"`` (the default, also called ``"auto"``): the cheapest model that is good enough;
                ``"balanced"``: the middle tier, or premium where that is needed; ``"smartest"``: the most capable one.
            model: A model of the catalogue to call instead of letting the router choose.
            system: Instructions that stand above the conversation.
            tools: Functions that the model may call: OpenAI's form, with or without its ``"type"`` envelope.
            tool_choice: ``"auto"``, ``"none"``, ``"required"``, or OpenAI's form that names a function.
            response_format: ``"json"``; a JSON Schema; a class with ``model_json_schema()``, such as Pydantic's; or
                OpenAI's form.
            images: Pictures that belong to the prompt: URLs, paths (``pathlib.Path``) or bytes (PNG, JPEG, GIF, WebP).
            reasoning_effort: How hard to think before answering, for models that think.
            stop: Stop before this text, or any of these.
            seed: Sample the same way for the same number, as far as the provider can.
            top_p: Sample from the likeliest tokens of this joint probability, 0 to 1.

        Raises:
            InvalidRequest: A value is wrong; ``InvalidType`` where its type is. Nothing was called.
            UnknownModel: ``model`` is not in the catalogue.
            TooLong: Prompt and answer do not fit into any model.
            Unauthenticated, RateLimited, BudgetSpent, Timeout, Unavailable: Every model of the plan failed; this is
                why the last one did.
            Refused: The model, or its provider's filter, declined to answer.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger="off")
        ...     response = provider.chat("What is the capital of Japan?")
        >>> response.provider, response.simulated, response.cost < response.base_cost
        ('openai', True, True)
        """
        ...

    def achat(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Coroutine[Response]:
        """:meth:`chat`, to be awaited. Cancelling the task ends the call at the provider.

        >>> import asyncio
        >>> import orkestra as o
        >>> async def main() -> list[str]:
        ...     async with o.Simulator() as simulator:
        ...         provider = o.Provider("google", "any", base_url=simulator.base_url("google"), ledger="off")
        ...         answers = await asyncio.gather(*(provider.achat(f"What is {n} + {n}?") for n in range(3)))
        ...         return [answer.provider for answer in answers]
        >>> asyncio.run(main())
        ['google', 'google', 'google']
        """
        ...

    def stream_text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> TextStream:
        """Answers in pieces of text, as they arrive. Arguments and errors as :meth:`chat`.

        What is wrong with the arguments is said at once; the call begins when the first piece is asked for. A stream
        that breaks ends with an error, never as if it were complete. Leaving the loop early ends the call; what had
        arrived is billed as an estimate.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("anthropic", "any", base_url=simulator.base_url("anthropic"), ledger="off")
        ...     stream = provider.stream_text("Tell me about the sea.")
        ...     text = "".join(stream)
        >>> text == stream.response().text
        True
        """
        ...

    def astream_text(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> TextStream:
        """:meth:`stream_text`, to be read with ``async for``."""
        ...

    def stream(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Stream:
        """Answers in events: text, thoughts, calls of tools, usage. Arguments and errors as :meth:`chat`.

        >>> import orkestra as o
        >>> with o.Simulator() as simulator:
        ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger="off")
        ...     with provider.stream("Tell me about the sea.") as stream:
        ...         kinds = {event.type for event in stream}
        >>> "text" in kinds
        True
        """
        ...

    def astream(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Stream:
        """:meth:`stream`, to be read with ``async for``."""
        ...

    def route(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Plan:
        """Decides without calling: no network, no key, no cost. Takes microseconds. Arguments as :meth:`chat`.

        >>> import orkestra as o
        >>> plan = o.Provider("openai", None).route("What is the capital of Japan?")
        >>> plan.tier, plan.expected_cost > 0
        ('budget', True)
        """
        ...

    def aroute(
        self,
        prompt: Prompt,
        *,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        strategy: Strategy = "cheapest",
        model: str | None = None,
        system: str | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: ResponseFormat | None = None,
        images: Sequence[Image] | None = None,
        reasoning_effort: Effort | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        top_p: float | None = None,
    ) -> Coroutine[Plan]:
        """:meth:`route`, to be awaited."""
        ...

    def route_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        strategy: Strategy = "cheapest",
        max_tokens: int | None = 8192,
        system: str | None = None,
    ) -> list[Plan]:
        """Decides each of ``prompts`` by itself, on all processors, with the interpreter released.

        >>> import orkestra as o
        >>> plans = o.Provider("openai", None).route_batch(["What is 2 + 2?", "Name a river."])
        >>> [plan.tier for plan in plans]
        ['budget', 'budget']
        """
        ...

    def aroute_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        strategy: Strategy = "cheapest",
        max_tokens: int | None = 8192,
        system: str | None = None,
    ) -> Coroutine[list[Plan]]:
        """:meth:`route_batch`, to be awaited."""
        ...

    def explain(self, prompt: Prompt) -> dict[str, Any] | None:
        """Why the router believes what a plan builds on; ``None`` from a router that cannot say. No network, no cost."""
        ...

    @overload
    def event(self, name: EventName, handler: None = None) -> Callable[[_Handler], _Handler]: ...
    @overload
    def event(self, name: EventName, handler: _Handler) -> _Handler:
        """Registers ``handler`` for the calls made here: ``@provider.event("on_response")``, or with the function itself.

        Handlers watch. They are called one after the other, those of the process first, and are waited for; they may
        be plain or ``async``. What one raises is logged (logger ``orkestra``) and never fails the call.

        >>> import orkestra as o
        >>> provider = o.Provider("openai", None)
        >>> @provider.event("on_response")
        ... def show(event: o.EventData) -> None:
        ...     print(event.model, event.response.cost)
        """
        ...

    def middleware(self, function: _Middleware) -> _Middleware:
        """Registers ``function`` around the calls made here: ``fn(data, next)``, plain or ``async``.

        It may change ``data`` before ``next()`` (``await next()`` in an ``async`` one), read or replace
        ``data.response`` after, or set it and not call ``next()`` at all. Those of the process stand outside; a chosen
        provider's own stands inside of a :class:`MultiProvider`'s. What it raises fails the call, with its traceback.

        A plain one under ``async`` calls runs on a thread of the event loop's pool; for many calls at once write it
        ``async``.
        """
        ...

    @property
    def ledger(self) -> Ledger:
        """Where its calls are kept."""
        ...

    def close(self, timeout: float = 5.0) -> list[str]:
        """Waits at most ``timeout`` seconds until the ledger holds all calls, and says what went wrong with it.

        Calls can be made afterwards. What is not in the ledger by then is in its spool, and lost in no case.
        """
        ...

    def aclose(self, timeout: float = 5.0) -> Coroutine[list[str]]:
        """:meth:`close`, to be awaited."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def __aenter__(self) -> Coroutine[Self]: ...
    def __aexit__(self, *exception: object) -> Coroutine[list[str]]: ...

@final
class Response:
    """An answer, what it cost and what it saved.

    Amounts of money are dollars as ``float``, which is what people format, compare and add up (``f"{r.cost:.6f}"``,
    ``sum(r.cost for r in answers)``, JSON, data frames). The engine counts in decimals; the same amounts exactly are in
    the fields ending in ``_exact``, for which ``cost_exact + savings_exact == base_cost_exact`` holds to the last digit.

    ``str()`` of it is the answer and, below, the bill.
    """

    @property
    def text(self) -> str:
        """The answer."""
        ...

    @property
    def model(self) -> str:
        """The model that answered."""
        ...

    @property
    def provider(self) -> str:
        """Its provider."""
        ...

    @property
    def tier(self) -> Tier:
        """Its tier."""
        ...

    @property
    def cost(self) -> float:
        """What the call cost, in dollars."""
        ...

    @property
    def input_cost(self) -> float:
        """The part of ``cost`` that is for input, in dollars."""
        ...

    @property
    def output_cost(self) -> float:
        """The part of ``cost`` that is for output, in dollars."""
        ...

    @property
    def savings(self) -> float:
        """``base_cost`` minus ``cost``, in dollars; negative when the answer cost more than the baseline would have."""
        ...

    @property
    def savings_percent(self) -> float:
        """``savings`` in percent of ``base_cost``; 0 when the baseline is free."""
        ...

    @property
    def base_model(self) -> str:
        """The model that savings are measured against."""
        ...

    @property
    def base_cost(self) -> float:
        """What ``base_model`` would have cost for the same tokens, in dollars."""
        ...

    @property
    def cost_exact(self) -> Decimal:
        """``cost``, exactly."""
        ...

    @property
    def input_cost_exact(self) -> Decimal:
        """``input_cost``, exactly."""
        ...

    @property
    def output_cost_exact(self) -> Decimal:
        """``output_cost``, exactly."""
        ...

    @property
    def savings_exact(self) -> Decimal:
        """``savings``, exactly."""
        ...

    @property
    def base_cost_exact(self) -> Decimal:
        """``base_cost``, exactly."""
        ...

    @property
    def input_tokens(self) -> int:
        """All input tokens, cached or not."""
        ...

    @property
    def output_tokens(self) -> int:
        """All output tokens, reasoning included."""
        ...

    @property
    def usage(self) -> Usage:
        """The tokens by bucket."""
        ...

    @property
    def finish_reason(self) -> FinishReason:
        """Why the model stopped."""
        ...

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of tools that the model wants made, in its order."""
        ...

    @property
    def warnings(self) -> list[str]:
        """What could not be said to the model, what was replaced, what was estimated."""
        ...

    @property
    def request_id(self) -> str | None:
        """The provider's id of the call."""
        ...

    @property
    def decision_id(self) -> str:
        """Orkestra's id of the decision, as in the ledger."""
        ...

    @property
    def attempts(self) -> list[dict[str, Any]]:
        """Every call that was made, and every model that was passed over, in order; the last one answered."""
        ...

    @property
    def latency(self) -> float:
        """From the call to the end of the answer, in seconds."""
        ...

    @property
    def simulated(self) -> bool:
        """True when a simulator answered: the text and the tokens are made up, the money was not spent."""
        ...

    @property
    def plan(self) -> Plan:
        """What was decided and why."""
        ...

    @property
    def message(self) -> dict[str, Any]:
        """The answer as the next message of its conversation, calls of tools included."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain objects; money as numbers of dollars."""
        ...

    def _repr_html_(self) -> str: ...

@final
class ToolCall:
    """A call of a tool that the model wants made."""

    @property
    def id(self) -> str:
        """Its id, which its result names."""
        ...

    @property
    def name(self) -> str:
        """The function's name."""
        ...

    @property
    def arguments(self) -> str:
        """The arguments as the model wrote them: JSON."""
        ...

    def parsed(self) -> Any:
        """The arguments as objects.

        Raises:
            InvalidRequest: The model wrote something that is no JSON.
        """
        ...

@final
class Usage:
    """Token counts in buckets that do not overlap."""

    @property
    def input(self) -> int:
        """Input tokens billed at the full rate."""
        ...

    @property
    def cache_read(self) -> int:
        """Input tokens read from a prompt cache."""
        ...

    @property
    def cache_write_5m(self) -> int:
        """Input tokens written to a prompt cache for minutes."""
        ...

    @property
    def cache_write_1h(self) -> int:
        """Input tokens written to a prompt cache for an hour."""
        ...

    @property
    def output(self) -> int:
        """All output tokens, reasoning included."""
        ...

    @property
    def reasoning(self) -> int:
        """The part of ``output`` that was reasoning. Not billed again."""
        ...

    @property
    def estimated(self) -> bool:
        """True when the provider did not say and these are Orkestra's own counts."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """All counts by name."""
        ...

@final
class Plan:
    """What was decided about a request, and why. ``str()`` of it says both."""

    @property
    def model(self) -> str:
        """The model to try first."""
        ...

    @property
    def provider(self) -> str:
        """Its provider."""
        ...

    @property
    def tier(self) -> Tier:
        """Its tier."""
        ...

    @property
    def reason(self) -> str:
        """Why it is first, in words and numbers."""
        ...

    @property
    def strategy(self) -> str:
        """The strategy that decided; ``"fixed"`` when the model was named."""
        ...

    @property
    def score(self) -> float:
        """The expected score of the model's answer, 0 to 1."""
        ...

    @property
    def expected_cost(self) -> float:
        """What the call is expected to cost, in dollars."""
        ...

    @property
    def expected_savings(self) -> float:
        """What it is expected to save against ``base_model``, in dollars; negative when it costs more."""
        ...

    @property
    def base_model(self) -> str:
        """The model that savings are measured against."""
        ...

    @property
    def quality(self) -> float:
        """The share of premium's average quality that was to be kept, 0 to 1."""
        ...

    @property
    def margin(self) -> float:
        """How far below premium's forecast a tier may lie to be good enough at that quality."""
        ...

    @property
    def candidates(self) -> list[Candidate]:
        """The models in order of trial."""
        ...

    @property
    def ruled_out(self) -> list[tuple[str, str]]:
        """Models that could not answer this request, each with why."""
        ...

    @property
    def notes(self) -> list[str]:
        """What you should know: replaced models, an old catalogue."""
        ...

    @property
    def forecast(self) -> dict[str, Any]:
        """What the router believes of each tier, and its nearest benchmark questions."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain objects; money as numbers of dollars."""
        ...

@final
class Candidate:
    """A model that can do the job, and what is expected of it."""

    @property
    def model(self) -> str:
        """The model."""
        ...

    @property
    def provider(self) -> str:
        """Its provider."""
        ...

    @property
    def tier(self) -> Tier:
        """Its tier."""
        ...

    @property
    def score(self) -> float:
        """Its expected score, 0 to 1."""
        ...

    @property
    def expected_cost(self) -> float:
        """What the call is expected to cost, in dollars."""
        ...

    @property
    def expected_input_tokens(self) -> int:
        """Expected input tokens, by this model's tokeniser."""
        ...

    @property
    def expected_output_tokens(self) -> int:
        """Expected output tokens, reasoning included."""
        ...

@final
class TextStream:
    """An answer's text in pieces: read it with ``for`` or with ``async for``. Use it as a context manager to end it early."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> str: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[str]: ...
    def response(self) -> Response:
        """Reads what is left, and gives the whole answer with its bill.

        Raises:
            Error: The stream broke, or was closed.
        """
        ...

    def aresponse(self) -> Coroutine[Response]:
        """:meth:`response`, to be awaited."""
        ...

    @property
    def plan(self) -> Plan | None:
        """What was decided and why; ``None`` until the first piece was asked for."""
        ...

    def close(self) -> None:
        """Ends the call. What had arrived is billed as an estimate."""
        ...

    def aclose(self) -> Coroutine[None]:
        """:meth:`close`, to be awaited."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def __aenter__(self) -> Coroutine[Self]: ...
    def __aexit__(self, *exception: object) -> Coroutine[None]: ...

@final
class Stream:
    """An answer's events: read it with ``for`` or with ``async for``. Use it as a context manager to end it early."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> StreamEvent: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[StreamEvent]: ...
    def response(self) -> Response:
        """Reads what is left, and gives the whole answer with its bill.

        Raises:
            Error: The stream broke, or was closed.
        """
        ...

    def aresponse(self) -> Coroutine[Response]:
        """:meth:`response`, to be awaited."""
        ...

    @property
    def plan(self) -> Plan | None:
        """What was decided and why; ``None`` until the first event was asked for."""
        ...

    def close(self) -> None:
        """Ends the call. What had arrived is billed as an estimate."""
        ...

    def aclose(self) -> Coroutine[None]:
        """:meth:`close`, to be awaited."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def __aenter__(self) -> Coroutine[Self]: ...
    def __aexit__(self, *exception: object) -> Coroutine[None]: ...

@final
class StreamEvent:
    """A piece of an answer."""

    @property
    def type(
        self,
    ) -> Literal["text", "refusal", "reasoning", "signature", "tool_call", "tool_arguments", "usage", "other"]:
        """What it is. ``tool_call`` begins a call, ``tool_arguments`` are the next piece of one's arguments."""
        ...

    @property
    def text(self) -> str | None:
        """The next words: of the answer, the thoughts, or a call's arguments."""
        ...

    @property
    def index(self) -> int | None:
        """The number of the call of a tool, from 0."""
        ...

    @property
    def id(self) -> str | None:
        """The id of the call that begins."""
        ...

    @property
    def name(self) -> str | None:
        """The name of the function that is called."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What was consumed so far."""
        ...

@final
class EventData:
    """What happened during a call.

    Args:
        event: Which event it is.
        provider: The provider, where it is known: with several it is not before ``on_route``.
        prompt: What was asked: the text, or the list of messages.
        model: The model that was named, was chosen or answered, where there is one.
        response: The :class:`Response` in ``on_response`` and ``on_stream_complete``; the piece of text in ``on_chunk``.
        metadata: ``{"plan": Plan}`` in ``on_route``, ``{"chunk": str}`` in ``on_chunk``.
    """

    event: str
    provider: str | None
    prompt: Any
    model: str | None
    response: Any
    metadata: dict[str, Any]

    def __new__(
        cls,
        event: str,
        provider: str | None = None,
        prompt: Prompt | None = None,
        model: str | None = None,
        response: Response | str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Self: ...

@final
class MiddlewareData:
    """What a middleware may change: all but ``event`` before ``next()``, ``response`` after it.

    Args:
        prompt: What is asked: the text, or a list of messages.
        provider: The provider, where it is known.
        model: The model to call instead of letting the router choose.
        max_tokens: The most tokens the answer may have.
        temperature: Sampling temperature, 0 to 2.
        event: ``"on_chat"`` or ``"on_stream"``.
        response: After ``next()`` the :class:`Response`, or in a stream the :class:`TextStream`. It may be replaced, or set
            instead of calling ``next()``: by a ``Response`` or a text, in a stream by anything that gives texts.
        metadata: A place to leave things for the middleware further inside.
    """

    prompt: Any
    provider: str | None
    model: str | None
    max_tokens: int | None
    temperature: float | None
    event: str | None
    response: Any
    metadata: dict[str, Any]

    def __new__(
        cls,
        prompt: Prompt,
        provider: str | None = None,
        model: str | None = None,
        max_tokens: int | None = 8192,
        temperature: float | None = 1.0,
        event: str | None = None,
        response: Response | str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Self: ...

@overload
def register_event(name: EventName, handler: None = None) -> Callable[[_Handler], _Handler]: ...
@overload
def register_event(name: EventName, handler: _Handler) -> _Handler:
    """Registers ``handler`` for all calls of the process; see :meth:`Provider.event`.

    >>> import orkestra as o
    >>> @o.register_event("on_route")
    ... def show(event: o.EventData) -> None:
    ...     print(event.model)
    >>> o.unregister_event("on_route", show)
    True
    """
    ...

def unregister_event(name: EventName, handler: Callable[[EventData], object]) -> bool:
    """Takes ``handler`` out again; says whether it was there."""
    ...

def register_middleware(function: _Middleware) -> _Middleware:
    """Registers ``function`` around all calls of the process; see :meth:`Provider.middleware`.

    >>> import orkestra as o
    >>> @o.register_middleware
    ... def polite(data: o.MiddlewareData, next) -> None:
    ...     data.prompt += " Please."
    ...     next()
    >>> o.unregister_middleware(polite)
    True
    """
    ...

def unregister_middleware(function: Callable[[MiddlewareData, Any], object]) -> bool:
    """Takes ``function`` out again; says whether it was there."""
    ...

@final
class Ledger:
    """What was spent and saved: one entry for each call that was, or may have been, billed. Holds no prompt or answer.

    Args:
        path: The SQLite file. Default: ``ORKESTRA_LEDGER``, else ``~/.orkestra/ledger.db``, which the command shares.

    >>> import orkestra as o, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder, o.Simulator() as simulator:
    ...     ledger = o.Ledger(os.path.join(folder, "ledger.db"))
    ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger=ledger)
    ...     response = provider.chat("Name a river.")
    ...     ledger.totals()["overall"]["calls"]
    1
    """

    def __new__(cls, path: _Path | None = None) -> Self: ...
    @property
    def location(self) -> str | None:
        """Where the entries are; ``None`` when the ledger is off."""
        ...

    def entries(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        provider: str | None = None,
        model: str | None = None,
        simulated: bool | None = None,
        limit: int | None = None,
        exact: bool = False,
    ) -> list[dict[str, Any]]:
        """The entries, the newest first.

        Args:
            since: Only entries at or after this moment (with its time zone).
            until: Only entries before it.
            provider: Only this provider's.
            model: Only this model's.
            simulated: Only simulated calls, or only real ones.
            limit: At most this many, the newest.
            exact: Money as ``decimal.Decimal`` instead of ``float``.

        Raises:
            Storage: The ledger cannot be read.
        """
        ...

    def aentries(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        provider: str | None = None,
        model: str | None = None,
        simulated: bool | None = None,
        limit: int | None = None,
        exact: bool = False,
    ) -> Coroutine[list[dict[str, Any]]]:
        """:meth:`entries`, to be awaited."""
        ...

    def totals(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        provider: str | None = None,
        model: str | None = None,
        simulated: bool | None = None,
        exact: bool = False,
    ) -> dict[str, Any]:
        """Sums: ``overall``, ``by_model``, ``by_provider``, ``by_tier``, ``by_day``. They are exact before they become
        floats. Arguments and errors as :meth:`entries`."""
        ...

    def atotals(
        self,
        *,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        provider: str | None = None,
        model: str | None = None,
        simulated: bool | None = None,
        exact: bool = False,
    ) -> Coroutine[dict[str, Any]]:
        """:meth:`totals`, to be awaited."""
        ...

    def to_pandas(self, **filters: Any) -> Any:
        """:meth:`entries` as a ``pandas.DataFrame``; nested fields are joined by ``_``. Needs pandas."""
        ...

    def to_arrow(self, **filters: Any) -> Any:
        """:meth:`entries` as a ``pyarrow.Table``. Needs pyarrow."""
        ...

    def flush(self, timeout: float = 5.0) -> list[str]:
        """Waits at most ``timeout`` seconds until all entries have arrived, and says what went wrong."""
        ...

    def aflush(self, timeout: float = 5.0) -> Coroutine[list[str]]:
        """:meth:`flush`, to be awaited."""
        ...

@final
class Router:
    """What forecasts how well each tier would answer.

    Args:
        path: A router file, such as ``orkestra train`` writes. Default: the embedded router.

    Raises:
        Config: The file is no router, or not whole.
    """

    def __new__(cls, path: _Path | None = None) -> Self: ...
    @property
    def id(self) -> str:
        """Names the router and its exact contents."""
        ...

    @property
    def heads(self) -> list[str]:
        """Who can judge: provider families, and ``"general"``."""
        ...

    @property
    def metadata(self) -> dict[str, Any]:
        """What its file says about itself: sources, licences, measured scores."""
        ...

    def forecast(self, prompt: Prompt, *, head: str = "general") -> dict[str, Any]:
        """What it believes of each tier's answer to ``prompt``.

        >>> import orkestra as o
        >>> tiers = o.Router().forecast("What is the capital of Japan?")["tiers"]
        >>> 0 <= tiers["budget"]["score"] <= 1
        True
        """
        ...

    @staticmethod
    def train(
        rows: _Rows,
        *,
        tiers: Mapping[str, str],
        family: str = "general",
        out: _Path | None = None,
    ) -> Router:
        """Learns a router from what models scored on your prompts. Takes a minute or more.

        Args:
            rows: Dicts with ``prompt`` and ``scores`` (model to 0..1); or files of such rows as JSON lines.
            tiers: Which model of the rows stands for ``budget``, ``premium`` and, if you like, ``balanced``.
            family: The provider whose own head learns; ``"general"`` answers for several.
            out: Where its file goes. Default: it is not kept.

        Raises:
            InvalidRequest: There is too little to learn from, or a row is wrong.
        """
        ...

    @staticmethod
    def atrain(
        rows: _Rows,
        *,
        tiers: Mapping[str, str],
        family: str = "general",
        out: _Path | None = None,
    ) -> Coroutine[Router]:
        """:meth:`train`, to be awaited."""
        ...

    def add_rows(
        self,
        rows: _Rows,
        *,
        tiers: Mapping[str, str],
        family: str = "general",
        out: _Path | None = None,
    ) -> Router:
        """A router that knows these rows as well. 100 of them already help. Arguments as :meth:`train`."""
        ...

    def aadd_rows(
        self,
        rows: _Rows,
        *,
        tiers: Mapping[str, str],
        family: str = "general",
        out: _Path | None = None,
    ) -> Coroutine[Router]:
        """:meth:`add_rows`, to be awaited."""
        ...

_Rows: TypeAlias = Sequence[Mapping[str, Any]] | _Path | Sequence[_Path]

@final
class Catalogue:
    """The models there are: prices, limits, abilities.

    Args:
        path: A TOML file that is laid over the built-in catalogue. Default: the built-in one alone.

    Raises:
        Config: The file cannot be read or is wrong.
        UnpricedModel: A model has no price.
    """

    def __new__(cls, path: _Path | None = None) -> Self: ...
    def merged(self, toml: str, *, name: str = "catalogue") -> Catalogue:
        """This one with ``toml`` laid over it; ``name`` is what errors call the text.

        >>> import orkestra as o
        >>> mine = o.Catalogue().merged('deny = ["google"]')
        >>> mine.version != o.Catalogue().version
        True
        """
        ...

    @property
    def version(self) -> str:
        """The day of its data and a hash of it."""
        ...

    @property
    def providers(self) -> list[str]:
        """The names of all providers."""
        ...

    def models(self, provider: str | None = None) -> list[dict[str, Any]]:
        """All models, or one provider's."""
        ...

    def resolve(self, name: str, *, date: str | None = None) -> dict[str, Any]:
        """The model that answers to ``name`` on ``date`` (``"2026-11-25"``; default: today, UTC): itself or its successor.

        Raises:
            UnknownModel: There is none.
        """
        ...

@final
class Simulator:
    """The providers' APIs on a free port of this machine: for trials and tests without keys. Its answers say that they are
    simulated; nothing measured on it is evidence of savings.

    >>> import orkestra as o
    >>> with o.Simulator() as simulator:
    ...     simulator.fault("429=1")
    ...     provider = o.Provider("openai", "any", base_url=simulator.base_url("openai"), ledger="off", max_retries=0)
    ...     response = provider.chat("Hello", max_tokens=20)
    >>> [attempt["error"] for attempt in response.attempts]
    ['rate_limited', None]
    """

    def __new__(cls) -> Self: ...
    @property
    def address(self) -> str:
        """Where it listens: host and port."""
        ...

    def base_url(self, provider: str) -> str:
        """The base URL that a client of ``provider`` wants."""
        ...

    def fault(
        self, name: str, *, count: int = 1, provider: str | None = None, model: str | None = None
    ) -> None:
        """Makes the next ``count`` requests go wrong; ``orkestra simulate --help`` lists the names.

        Raises:
            InvalidRequest: There is no such fault.
        """
        ...

    def requests(self) -> list[dict[str, Any]]:
        """What was asked so far, and what became of it."""
        ...

    def headers(self) -> list[dict[str, str]]:
        """The headers of the requests so far, keys included."""
        ...

    def clear(self) -> None:
        """Forgets requests and faults."""
        ...

    def stop(self) -> None:
        """Stops it; answers under way are cut."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def __aenter__(self) -> Coroutine[Self]: ...
    def __aexit__(self, *exception: object) -> Coroutine[None]: ...

def error_kinds() -> list[str]:
    """The name of every kind of error, in the engine's order."""
    ...

def raise_kind(name: str, /) -> None:
    """Raises an error of the kind called ``name``, as the engine would; for tests of the table of classes."""
    ...

def main(argv: Sequence[str], /) -> int:
    """Runs the command with ``argv``, its own name first, and gives its exit code."""
    ...

def before_fork() -> None:
    """Has what is on its way arrive, and leaves no file open; called by the interpreter before it forks."""
    ...
