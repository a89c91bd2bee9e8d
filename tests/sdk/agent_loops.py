"""The agent loops that the vendors' SDKs and our own client go through, and what both must make of them.

The file is shared with crates/orkestra/tests/engine/agent_loop.rs.
"""

import json
from pathlib import Path

LOOPS = json.loads((Path(__file__).parents[2] / "crates/orkestra/tests/fixtures/agent_loops.json").read_text())

PROMPT = LOOPS["prompt"]
NAMES = LOOPS["tools"]
PARAMETERS = LOOPS["parameters"]
CALLED = [(call["name"], call["arguments"]) for calls in LOOPS["rounds"] for call in calls]
MODELS = {api: loop["models"] for api, loop in LOOPS["apis"].items()}
TEXTS = {api: loop["text"] for api, loop in LOOPS["apis"].items()}


def results(made: int) -> list[dict]:
    """What the tools say to the calls of the round that follows `made` rounds."""
    return LOOPS["rounds"][made]
