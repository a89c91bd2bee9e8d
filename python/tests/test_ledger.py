"""What was spent and saved."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, Made

import orkestra as o


@pytest.fixture
def spent(provider: Made, tmp_path: Path) -> tuple[o.Ledger, list[o.Response]]:
    ledger = o.Ledger(tmp_path / "l.db")
    made = [provider(name, ledger=ledger) for name in ("openai", "openai", "google")]
    return ledger, [one.chat("Hello") for one in made]


def test_entries_say_what_each_call_cost(face: Face, spent: tuple[o.Ledger, list[o.Response]]) -> None:
    ledger, responses = spent
    entries = face.call(ledger, "entries")
    assert [entry["model"] for entry in entries] == [response.model for response in reversed(responses)]
    assert [entry["decision_id"] for entry in entries] == [one.decision_id for one in reversed(responses)]
    assert all(type(entry["cost"]) is float for entry in entries)
    exact = face.call(ledger, "entries", exact=True)
    assert [entry["cost"] for entry in exact] == [response.cost_exact for response in reversed(responses)]
    assert "Hello" not in repr(exact)


def test_entries_can_be_filtered(face: Face, spent: tuple[o.Ledger, list[o.Response]]) -> None:
    ledger, responses = spent
    now = datetime.now(timezone.utc)
    assert len(face.call(ledger, "entries", provider="openai")) == 2
    assert len(face.call(ledger, "entries", model=responses[2].model)) == 1
    assert len(face.call(ledger, "entries", limit=1)) == 1
    assert face.call(ledger, "entries", simulated=False) == []
    assert len(face.call(ledger, "entries", since=now - timedelta(hours=1), until=now + timedelta(hours=1))) == 3
    assert face.call(ledger, "entries", since=(now + timedelta(hours=1)).isoformat()) == []
    for wrong, said in ((5, "datetime"), ("yesterday", "time zone"), (datetime(2026, 1, 1), "time zone")):
        with pytest.raises(o.InvalidRequest, match=said):
            face.call(ledger, "entries", since=wrong)


def test_totals_are_exact_sums(face: Face, spent: tuple[o.Ledger, list[o.Response]]) -> None:
    ledger, responses = spent
    totals = face.call(ledger, "totals", exact=True)
    assert totals["overall"]["cost"] == sum((one.cost_exact for one in responses), Decimal(0))
    assert totals["by_provider"]["openai"]["calls"] == 2
    assert face.call(ledger, "totals")["overall"]["cost"] == pytest.approx(sum(one.cost for one in responses))


def test_one_place_is_one_ledger(provider: Made, tmp_path: Path, home: Path) -> None:
    provider(ledger=tmp_path / "l.db").chat("Hello")
    provider(ledger=str(tmp_path / "l.db")).chat("Hello")
    assert o.Ledger(tmp_path / "l.db").totals()["overall"]["calls"] == 2
    provider(ledger=None).chat("Hello")
    assert o.Ledger().location == str(home / ".orkestra/ledger.db")
    assert o.Ledger().totals()["overall"]["calls"] == 1


def test_a_ledger_that_is_off_says_so(face: Face, provider: Made) -> None:
    made = provider(ledger="off")
    face.chat(made, "Hello")
    assert made.ledger.location is None
    with pytest.raises(o.InvalidRequest, match="off"):
        face.call(made.ledger, "entries")
    assert face.call(made, "close") == []


def test_a_ledger_that_cannot_be_written_costs_a_warning_and_no_answer(face: Face, provider: Made, tmp_path: Path) -> None:
    (tmp_path / "l.db").mkdir()
    made = provider(ledger=tmp_path / "l.db")
    assert face.chat(made, "Hello").text
    assert any("l.db" in said for said in face.call(made, "close", timeout=1.0))


@pytest.mark.parametrize("name", ["pandas", "pyarrow"])
def test_tables_need_what_makes_them(
    spent: tuple[o.Ledger, list[o.Response]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ledger, _ = spent
    method = {"pandas": ledger.to_pandas, "pyarrow": ledger.to_arrow}[name]
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"{name} is not installed"):
        method()


def test_tables_are_made_of_the_entries(
    spent: tuple[o.Ledger, list[o.Response]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With stand-ins: the package needs neither library."""
    from types import ModuleType

    ledger, _ = spent
    made: list[Any] = []
    pandas, pyarrow = ModuleType("pandas"), ModuleType("pyarrow")
    pandas.json_normalize = lambda rows, sep: made.append((rows, sep))  # type: ignore[attr-defined]
    pyarrow.Table = type("Table", (), {"from_pylist": staticmethod(made.append)})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    monkeypatch.setitem(sys.modules, "pyarrow", pyarrow)
    ledger.to_pandas(provider="openai")
    ledger.to_arrow(limit=1)
    (rows, separator), arrow = made
    assert (len(rows), separator, len(arrow)) == (2, "_", 1)


def test_plans_are_corrected_by_what_the_ledger_measured(provider: Made, tmp_path: Path) -> None:
    """Real calls alone count, so the simulated ones of a ledger are made real."""
    import sqlite3

    file, asked = tmp_path / "l.db", "Describe the moon in some detail, please."
    made = provider(ledger=file)
    expected = made.route(asked, model="gpt-4o").candidates[0].expected_output_tokens
    for _ in range(20):
        made.chat(asked, model="gpt-4o")
    made.close()
    with sqlite3.connect(file) as database:
        database.execute("DROP TRIGGER entries_never_change")
        database.execute("UPDATE entries SET simulated = 0, output = 10 * output")
    database.close()
    corrected = provider(ledger=file).route(asked, model="gpt-4o").candidates[0].expected_output_tokens
    assert corrected != expected
    assert provider(ledger="off").route(asked, model="gpt-4o").candidates[0].expected_output_tokens == expected
