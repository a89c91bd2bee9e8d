"""Routers and catalogues of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Face, Made

import orkestra as o

TIERS = {"budget": "small", "premium": "large"}


def rows() -> list[dict[str, Any]]:
    """Short questions are answered by either model, long ones by the large one."""
    short = [f"What is {a} plus {b}?" for a in range(8) for b in range(8)]
    long = [
        f"Prove in detail that the sum of {a} and {b} consecutive squares is bounded by a cubic polynomial, and discuss the cases."
        for a in range(8)
        for b in range(8)
    ]
    easy = [{"prompt": text, "scores": {"small": 1.0, "large": 1.0}} for text in short]
    return easy + [{"prompt": text, "scores": {"small": 0.0, "large": 1.0}} for text in long]


def test_the_embedded_router_forecasts(provider: Made) -> None:
    router = o.Router()
    assert "general" in router.heads and "openai" in router.heads
    forecast = router.forecast("What is the capital of Japan?", head="openai")
    assert forecast == provider().route("What is the capital of Japan?").forecast
    assert router.metadata["sources"] and router.id in repr(router)


def test_rows_are_added_and_the_router_decides_by_them(face: Face, provider: Made, tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    mine = face.call(o.Router(), "add_rows", rows() if face.is_async else file, tiers=TIERS, family="openai", out=out)
    assert mine.id != o.Router().id and o.Router(out).id == mine.id
    loss = [
        tiers["premium"]["score"] - tiers["budget"]["score"]
        for text in ("What is 3 plus 9?", "Prove in detail that the sum of 9 and 9 consecutive squares is bounded.")
        for tiers in [mine.forecast(text, head="openai")["tiers"]]
    ]
    assert loss[0] < loss[1]
    made = provider(router=out)
    assert made.route("Hello").forecast["router"] == mine.id == provider(router=mine).route("Hello").forecast["router"]


def test_too_little_to_learn_from_is_said(face: Face) -> None:
    with pytest.raises(o.InvalidRequest):
        face.call(o.Router(), "add_rows", rows()[:3], tiers=TIERS)
    with pytest.raises(o.InvalidRequest, match="premium"):
        face.call(o.Router(), "add_rows", rows(), tiers={"budget": "small"})
    with pytest.raises(o.Config, match="nowhere.jsonl"):
        face.call(o.Router(), "add_rows", "nowhere.jsonl", tiers=TIERS)
    with pytest.raises(o.InvalidType, match="rows"):
        face.call(o.Router(), "add_rows", [object()], tiers=TIERS)


def test_a_catalogue_is_laid_over_the_built_in_one(face: Face, provider: Made, tmp_path: Path) -> None:
    text = '[[model]]\nid = "gpt-4o"\nprices = [{ input = "2000", output = "8000" }]\n'
    file = tmp_path / "models.toml"
    file.write_text(text)
    for catalogue in (file, o.Catalogue(file), o.Catalogue().merged(text)):
        dear = face.chat(provider(catalogue=catalogue), "Hello", model="gpt-4o", max_tokens=10)
        assert dear.cost > 0.01
    assert "openai" in o.Catalogue().providers
    models = o.Catalogue().models("openai")
    assert {model["provider"] for model in models} == {"openai"}
    assert len(o.Catalogue().models()) > len(models)
    assert o.Catalogue().resolve("openai/gpt-4o")["id"] == "gpt-4o"
    with pytest.raises(o.UnknownModel):
        o.Catalogue().models("opnai")
    with pytest.raises(o.InvalidRequest, match="2026"):
        o.Catalogue().resolve("gpt-4o", date="soon")


def test_the_environment_is_heeded_as_by_the_command(
    provider: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORKESTRA_QUALITY", "0.9")
    monkeypatch.setenv("ORKESTRA_LEDGER", str(tmp_path / "other.db"))
    assert provider(ledger=None).ledger.location == str(tmp_path / "other.db")
    assert provider().route("Hello").quality == 0.9
    assert provider(quality=0.5).route("Hello").quality == 0.5
    monkeypatch.setenv("ORKESTRA_QUALITY", "high")
    with pytest.raises(o.Config, match="ORKESTRA_QUALITY"):
        provider()


def test_a_router_by_its_name(provider: Made) -> None:
    assert provider(router="embedded").route("What is the capital of Japan?").tier == "budget"
    with pytest.raises(o.Config, match="was not built yet"):
        provider(router="nearest:./no-such-encoder")
