"""The exceptions: one tree, one class for each kind of error.

    Error
    ├── InvalidRequest    (ValueError)       the call itself is wrong
    │   └── InvalidType   (TypeError)        an argument is of a type that cannot be meant
    ├── Unauthenticated   (PermissionError)  a key is missing or refused
    ├── UnknownModel      (ValueError, LookupError)  no model or provider has this name
    ├── UnpricedModel     (LookupError)      a model has no price on the day of the call
    ├── TooLong           (ValueError)       prompt and answer do not fit into any model
    ├── Refused                              the model or its provider's filter declined
    ├── RateLimited                          the provider asks to slow down
    ├── BudgetSpent                          a quota is used up; waiting does not help
    ├── Timeout           (TimeoutError)     no answer came in time
    ├── Unavailable       (ConnectionError)  the provider failed or could not be reached
    ├── Storage           (OSError)          a file or a database could not be read or written
    └── Config            (ValueError)       a setting, a catalogue or a router file is wrong
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar


class Error(Exception):
    """What every error of Orkestra is. ``str()`` of it says what was wrong, with which value, and what to do.

    >>> import orkestra as o
    >>> try:
    ...     o.Provider("opnai", "key")
    ... except o.Error as error:
    ...     print(error.kind, "-", error)
    unknown_model - unknown provider "opnai"; did you mean openai?
    """

    kind: ClassVar[str] = "error"
    """The kind's stable name, as the command's JSON and the ledger spell it."""

    message: str
    """What ``str()`` gives."""
    retry_after: float | None
    """Seconds that the provider asked to wait, where it said so."""
    provider: str | None
    """The provider it happened at, if it happened at one."""
    model: str | None
    """The model it happened at, if it happened at one."""
    request_id: str | None
    """The provider's id of the failed call."""
    status: int | None
    """The HTTP status that the provider answered with."""
    attempts: int
    """How many calls of models were made before it was given up."""

    def __init__(
        self,
        message: str = "",
        *,
        retry_after: float | None = None,
        provider: str | None = None,
        model: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.provider = provider
        self.model = model
        self.request_id = request_id
        self.status = status
        self.attempts = attempts

    # Errors travel between processes with all they know.
    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message,), self.__dict__)

    # OSError, which some are, would show an errno.
    def __str__(self) -> str:
        return self.message


class InvalidRequest(Error, ValueError):
    """The call itself is wrong: an empty prompt, a bad number, a field that no model takes."""

    kind = "invalid_request"


class InvalidType(InvalidRequest, TypeError):
    """An argument is of a type that cannot be meant, such as ``None`` for a prompt."""


class Unauthenticated(Error, PermissionError):
    """A key is missing, refused, or may not use this model."""

    kind = "unauthenticated"


class UnknownModel(Error, ValueError, LookupError):
    """No entry of the catalogue, or no provider, has this name."""

    kind = "unknown_model"


class UnpricedModel(Error, LookupError):
    """An entry of the catalogue has no price on the day of the call, and is not called."""

    kind = "unpriced_model"


class TooLong(Error, ValueError):
    """The prompt and the answer do not fit into any model's context."""

    kind = "too_long"


class Refused(Error):
    """The model, or its provider's filter, declined to answer. What it charged is in the ledger."""

    kind = "refused"


class RateLimited(Error):
    """The provider asks to slow down; ``retry_after`` says for how long, where it said so."""

    kind = "rate_limited"


class BudgetSpent(Error):
    """A limit on cost, or the provider's own quota, is used up. Waiting does not help."""

    kind = "budget_spent"


class Timeout(Error, TimeoutError):
    """No answer came in time."""

    kind = "timeout"


class Unavailable(Error, ConnectionError):
    """The provider failed, could not be reached, or answered something that is not its API."""

    kind = "unavailable"


class Storage(Error, OSError):
    """A file or a database of Orkestra's could not be read or written."""

    kind = "storage"


class Config(Error, ValueError):
    """A setting, a catalogue or a router file is wrong."""

    kind = "config"


# Tracebacks and pickles name them by where users find them.
for _class in (
    Error,
    InvalidRequest,
    InvalidType,
    Unauthenticated,
    UnknownModel,
    UnpricedModel,
    TooLong,
    Refused,
    RateLimited,
    BudgetSpent,
    Timeout,
    Unavailable,
    Storage,
    Config,
):
    _class.__module__ = "orkestra"
del _class
