"""Exceptions: one tree, one class for each kind, each raised somewhere."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, Made

import orkestra as o
from orkestra import _errors, _orkestra

CLASSES = [
    found
    for found in vars(_errors).values()
    if isinstance(found, type) and issubclass(found, o.Error) and found not in (o.Error, o.InvalidType)
]


def test_each_kind_has_its_own_class_and_the_engine_raises_it() -> None:
    assert {found.kind: found for found in CLASSES}.keys() == set(_orkestra.error_kinds())
    assert len(CLASSES) == len(_orkestra.error_kinds())
    for found in CLASSES:
        with pytest.raises(o.Error) as caught:
            _orkestra.raise_kind(found.kind)
        assert type(caught.value) is found
        assert getattr(o, found.__name__) is found


def test_relatives_are_those_that_people_catch() -> None:
    relatives: dict[type, tuple[type, ...]] = {
        o.InvalidRequest: (ValueError,),
        o.InvalidType: (ValueError, TypeError),
        o.Unauthenticated: (PermissionError,),
        o.UnknownModel: (ValueError, LookupError),
        o.UnpricedModel: (LookupError,),
        o.TooLong: (ValueError,),
        o.Timeout: (TimeoutError,),
        o.Unavailable: (ConnectionError,),
        o.Storage: (OSError,),
        o.Config: (ValueError,),
    }
    for found, expected in relatives.items():
        assert issubclass(found, expected) and issubclass(found, o.Error)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("400", o.InvalidRequest),
        ("401", o.Unauthenticated),
        ("404", o.UnknownModel),
        ("400-context", o.TooLong),
        ("429=7", o.RateLimited),
        ("429-quota", o.BudgetSpent),
        ("503", o.Unavailable),
        ("connect-reset", o.Unavailable),
        ("malformed", o.Unavailable),
    ],
)
@pytest.mark.parametrize("method", ["chat", "stream_text"])
def test_what_providers_answer(
    face: Face, provider: Made, simulator: o.Simulator, fault: str, expected: type[o.Error], method: str
) -> None:
    simulator.fault(fault, count=9)
    with pytest.raises(expected) as caught:
        if method == "chat":
            face.chat(provider(), "Hello", model="gpt-4o")
        else:
            face.read(provider(), method, "Hello", model="gpt-4o")
    error = caught.value
    assert type(error) is expected
    assert (error.provider, error.model) == ("openai", "gpt-4o")
    assert str(error).startswith("openai/gpt-4o: ") and error.args == (str(error),)
    if expected is o.RateLimited:
        assert error.retry_after == 7 and error.status == 429
        assert error.attempts == 1 and error.request_id


def test_a_model_that_declines(face: Face, provider: Made, simulator: o.Simulator) -> None:
    simulator.fault("empty-candidates", count=9)
    with pytest.raises(o.Refused, match="was charged") as caught:
        face.chat(provider("google"), "Hello")
    assert caught.value.provider == "google"


def test_a_call_that_takes_too_long(face: Face, provider: Made, simulator: o.Simulator) -> None:
    simulator.fault("timeout", count=9)
    with pytest.raises(o.Timeout, match="0.05 s"):
        face.chat(provider(timeout=0.05), "Hello", model="gpt-4o")


def test_an_address_where_nobody_answers(face: Face) -> None:
    gone = o.Simulator()
    url = gone.base_url("openai")
    gone.stop()
    with pytest.raises(o.Unavailable, match="could not be reached"):
        face.chat(o.Provider("openai", "k", base_url=url, ledger="off", max_retries=0), "Hello")


def test_what_is_wrong_before_a_call(face: Face, provider: Made, tmp_path: Path) -> None:
    with pytest.raises(o.UnknownModel, match="did you mean openai"):
        o.Provider("opnai", "key")
    with pytest.raises(o.UnknownModel, match="unknown model"):
        face.chat(provider(), "Hello", model="gpt-4p")
    with pytest.raises(o.UnknownModel):
        provider(default_model="nothing-like-it")
    with pytest.raises(o.TooLong):
        face.chat(provider(), "x" * (17 << 20))
    free = '[[model]]\nid = "m"\nprovider = "openai"\ntier = "budget"\nrank = 1\ncontext = 1000\nmax_output = 100\nabilities = []\nsource = "none"\n'
    with pytest.raises((o.UnpricedModel, o.Config)):
        o.Catalogue().merged(free)
    with pytest.raises(o.Config, match="nowhere.toml"):
        provider(catalogue=tmp_path / "nowhere.toml")
    with pytest.raises(o.Config, match="nowhere.bin"):
        o.Router(tmp_path / "nowhere.bin")
    (tmp_path / "folder").mkdir()
    with pytest.raises(o.Storage):
        face.call(o.Ledger(tmp_path / "folder"), "entries")


def test_an_error_travels_between_processes() -> None:
    error = o.RateLimited("slow down", retry_after=2.5, provider="openai", model="m", attempts=3)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is o.RateLimited and vars(again) == vars(error) and str(again) == "slow down"
    details: dict[str, Any] = vars(o.Storage("full"))
    assert details["retry_after"] is None and str(o.Storage("full")) == "full"
