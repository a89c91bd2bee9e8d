"""What a user exports before running a program: keys, and here addresses that lead to the simulator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import orkestra as o


@pytest.fixture
def environment(simulator: o.Simulator, home: Path) -> dict[str, str]:
    keys = {f"{name}_API_KEY": "sk-simulated" for name in ("GEMINI", "ANTHROPIC", "OPENAI")}
    providers = ("google", "anthropic", "openai")
    urls = {f"ORKESTRA_{name.upper()}_BASE_URL": simulator.base_url(name) for name in providers}
    return {**os.environ, **keys, **urls, "HOME": str(home)}
