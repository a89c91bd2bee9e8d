"""The golden requests are what the SDKs still send, and the golden answers read as meant."""

import json

import pytest

from record_goldens import GOLDENS, models, one, serving, streamed

CASES = [(feature, api, model) for feature, apis in models().items() for api, model in apis.items()]


@pytest.fixture(scope="module")
def vendor():
    with serving() as started:
        yield started


@pytest.mark.parametrize(("feature", "api", "model"), CASES)
def test_the_sdk_sends_and_reads_the_goldens(vendor, feature, api, model):
    sent = one(vendor, api, model, feature, stream=False)
    recorded = json.loads((GOLDENS / feature / f"{api}.request.json").read_text())
    assert sent == recorded, "the SDK sends something else now; run tests/sdk/record_goldens.py and look at what changed"
    assert one(vendor, api, model, feature, stream=True) == streamed(api, sent)
