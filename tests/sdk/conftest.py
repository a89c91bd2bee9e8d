"""One simulator for all tests; each test finds it without faults and without a record."""

import pytest

from simulator import Simulator, running


@pytest.fixture(scope="session")
def process():
    with running() as started:
        yield started


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.clear()
    return process
