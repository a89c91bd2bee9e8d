"""The recording that the engine's requests are compared with is what the SDKs still send."""

import json
from pathlib import Path

import pytest

from record_calls import logical_requests, record

RECORDING = Path(__file__).parents[2] / "crates/orkestra/tests/fixtures/wire/sdk_calls.jsonl"
RECORDED = {line["call"]: line for line in map(json.loads, RECORDING.read_text().splitlines())}


@pytest.mark.parametrize(("name", "request_"), list(logical_requests()), ids=lambda value: value if isinstance(value, str) else "")
def test_the_sdk_still_sends_what_was_recorded(simulator, name, request_):
    assert RECORDED[name]["logical"] == request_
    assert record(simulator, request_) == RECORDED[name]["sent"], (
        "the SDK sends something else now; run tests/sdk/record_calls.py, write its output to "
        f"{RECORDING.name}, and look at what changed"
    )


def test_every_recorded_call_is_still_made():
    assert list(RECORDED) == [name for name, _ in logical_requests()]
