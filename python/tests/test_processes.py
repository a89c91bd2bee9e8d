"""Threads, forks, processes: what is shared, and what is said where it cannot be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import Made

import orkestra as o

LINUX = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")


def python(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "HOME": str(home), "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextlib.contextmanager
def simulator_process(*flags: str) -> Iterator[str]:
    """Another process, so that its threads are not counted as ours."""
    command = [sys.executable, "-m", "orkestra", "simulate", "--listen", "127.0.0.1:0", *flags]
    path = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            yield found.group()
        finally:
            process.terminate()


@LINUX
def test_a_thousand_calls_at_once_take_three_threads_of_ours(home: Path) -> None:
    code = """
import asyncio, os, orkestra as o
before = len(os.listdir("/proc/self/task"))
most = 0
async def main():
    provider = o.Provider("openai", "k", base_url=os.environ["URL"])
    calls = [asyncio.ensure_future(provider.achat(f"What is {n} + {n}?")) for n in range(1000)]
    def count(_):
        global most
        most = max(most, len(os.listdir("/proc/self/task")) - before)
    for call in calls:
        call.add_done_callback(count)
    await asyncio.gather(*calls)
    await provider.aclose()
    count(None)
    return await provider.ledger.atotals()
totals = asyncio.run(main())
print(most, totals["overall"]["calls"])
"""
    with simulator_process("--latency", "300") as url:
        done = python(code, home, URL=f"{url}/openai/v1")
    assert done.returncode == 0, done.stderr
    threads, calls = map(int, done.stdout.split())
    assert calls == 1000
    assert threads <= 3


def test_a_provider_is_shared_by_threads(provider: Made, tmp_path: Path) -> None:
    made = provider(ledger=tmp_path / "l.db")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: made.chat(f"What is {n} + {n}?").text, range(64)))
    assert all(answers)
    assert made.ledger.totals()["overall"]["calls"] == 64


def test_a_provider_is_shared_by_loops_on_several_threads(provider: Made) -> None:
    made = provider()
    texts: list[str] = []

    def run() -> None:
        async def main() -> None:
            answers = await asyncio.gather(*(made.achat("Hello") for _ in range(10)))
            texts.extend(answer.text for answer in answers)

        asyncio.run(main())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(texts) == 40


def test_several_loops_one_after_the_other(provider: Made) -> None:
    made = provider()
    for _ in range(3):
        assert asyncio.run(asyncio.wait_for(made.achat("Hello"), 30)).text


FORKING = """
import os, sys, orkestra as o
provider = o.Provider("openai", "k", base_url=os.environ["URL"])
stream = provider.stream_text("Hello")
if sys.argv[1:] == []:
    first = os.environ["FIRST"]
    if first == "call":
        provider.chat("Hello")
child = os.fork()
if child == 0:
    status = 1
    try:
        if first == "call":
            for refused in (lambda: provider.chat("Hello"), lambda: next(stream), lambda: provider.ledger.entries()):
                try:
                    refused()
                except RuntimeError as error:
                    assert "forked" in str(error), error
                else:
                    raise AssertionError("it was not refused")
            provider = o.Provider("openai", "k", base_url=os.environ["URL"])
        assert provider.chat("Hello").text
        assert provider.close() == []
        status = 0
    finally:
        os._exit(status)
_, status = os.waitpid(child, 0)
assert status == 0, status
assert provider.chat("Hello").text
print(provider.ledger.totals()["overall"]["calls"])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.parametrize(("first", "calls"), [("call", 3), ("nothing", 2)])
def test_after_a_fork_it_works_or_says_why_not(home: Path, first: str, calls: int) -> None:
    with simulator_process() as url:
        # Python itself warns of forks with threads.
        done = python(f"import warnings; warnings.simplefilter('ignore')\n{FORKING}", home, URL=f"{url}/openai/v1", FIRST=first)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == calls


def test_import_brings_nothing_heavy(home: Path) -> None:
    done = python("import sys, orkestra; print(*sorted(sys.modules))", home)
    assert done.returncode == 0, done.stderr
    assert not {"asyncio", "inspect", "typing", "dataclasses", "decimal", "logging"} & set(done.stdout.split())


@pytest.mark.parametrize("command", [["-m", "orkestra"], ["-c", "import sys; from orkestra._command import main; sys.exit(main())"]])
def test_the_command_comes_with_the_package(home: Path, command: list[str]) -> None:
    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(path for path in sys.path if path)
        return subprocess.run(
            [sys.executable, *command, *flags],
            env={**os.environ, "HOME": str(home), "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run("--version").stdout.strip() == f"orkestra {o.__version__}"
    decided = run("route", "--json", "-p", "openai", "What is the capital of Japan?")
    assert decided.returncode == 0 and '"tier": "budget"' in decided.stdout
    assert run("route", "").returncode == 3
    assert run("--no-such-flag").returncode == 2


def test_a_process_that_ends_in_the_middle_ends_well(home: Path) -> None:
    code = """
import asyncio, orkestra as o
simulator = o.Simulator()
simulator.fault("timeout", count=5)
provider = o.Provider("openai", "k", base_url=simulator.base_url("openai"))
stream = provider.stream_text("Hello")
async def main():
    task = asyncio.ensure_future(provider.achat("Hello"))
    while not simulator.requests():
        await asyncio.sleep(0)
asyncio.run(main())
"""
    done = python(code, home)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_process_that_ends_right_after_its_calls_ends_well(home: Path) -> None:
    code = """
import asyncio, os, orkestra as o
provider = o.Provider("openai", "k", base_url=os.environ["URL"])
async def main():
    await asyncio.gather(provider.achat("Hello"), provider.achat("Hi"))
asyncio.run(main())
"""
    with simulator_process() as url:
        ends = [python(code, home, URL=f"{url}/openai/v1") for _ in range(20)]
    assert [(done.returncode, done.stderr) for done in ends] == [(0, "")] * 20


def test_calls_that_are_cancelled_while_they_are_answered_leave_nothing_behind(home: Path) -> None:
    code = """
import asyncio, os, orkestra as o
provider = o.Provider("openai", "k", base_url=os.environ["URL"])
async def main():
    for _ in range(20):
        calls = [asyncio.ensure_future(provider.achat("Hello")) for _ in range(4)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
asyncio.run(main())
"""
    with simulator_process() as url:
        done = python(code, home, URL=f"{url}/openai/v1")
    assert (done.returncode, done.stderr) == (0, "")
