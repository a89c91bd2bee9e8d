"""Sends every prompt to the cheapest model that can handle it, and shows what that cost and what it saved.

    >>> import orkestra as o
    >>> provider = o.Provider("openai", None)
    >>> provider.route("What is the capital of Japan?").tier
    'budget'

With a key, ``chat`` calls the model that was chosen::

    provider = o.Provider("google", "your key")
    response = provider.chat("What makes the sea salty?")
    print(response.text, response.model, f"{response.cost:.6f}", response.savings)

Every blocking method has an ``async`` twin with the prefix ``a``: ``await provider.achat(...)``.
"""

from orkestra._errors import (
    BudgetSpent,
    Config,
    Error,
    InvalidRequest,
    InvalidType,
    RateLimited,
    Refused,
    Storage,
    Timeout,
    TooLong,
    Unauthenticated,
    Unavailable,
    UnknownModel,
    UnpricedModel,
)
from orkestra._orkestra import (
    Candidate,
    Catalogue,
    EventData,
    Ledger,
    MiddlewareData,
    MultiProvider,
    Plan,
    Provider,
    Response,
    Router,
    Simulator,
    Stream,
    StreamEvent,
    TextStream,
    ToolCall,
    Usage,
    __version__,
    register_event,
    register_middleware,
    unregister_event,
    unregister_middleware,
)

__all__ = [
    "BudgetSpent",
    "Candidate",
    "Catalogue",
    "Config",
    "Error",
    "EventData",
    "InvalidRequest",
    "InvalidType",
    "Ledger",
    "MiddlewareData",
    "MultiProvider",
    "Plan",
    "Provider",
    "RateLimited",
    "Refused",
    "Response",
    "Router",
    "Simulator",
    "Storage",
    "Stream",
    "StreamEvent",
    "TextStream",
    "Timeout",
    "TooLong",
    "ToolCall",
    "Unauthenticated",
    "Unavailable",
    "UnknownModel",
    "UnpricedModel",
    "Usage",
    "__version__",
    "register_event",
    "register_middleware",
    "unregister_event",
    "unregister_middleware",
]
