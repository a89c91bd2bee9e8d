"""Every program of `examples/python/` runs as it is, against the simulator, and prints what it is there to show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import nbformat
import pytest
from exports import environment as environment
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
LIMIT = 120

# What each prints, as a pattern over the whole; `.` matches newlines too.
PRINTED = {
    "quick_start.py": r"\[simulated\].*Model:   gemini-\S+ \(google\)\nTokens:  \d+ in, \d+ out\nCost:    \$0\.0\d+\n"
    r"Savings: \$0\.0\d+ \(\d\d\.\d%\) against gemini-\S+\n\nThe B-tree would go to gemini-\S+ \(premium\): ",
    "streaming.py": r"\[simulated\].*\n\n\[simulated\].*\n\nclaude-\S+ \(premium\) cost \$0\.0\d+\n"
    r"[1-9]\d* of its \d+ output tokens were thoughts",
    "several_providers.py": r"capital of Japan\?\n  cheapest .*  balanced .*  smartest .*B-tree.*"
    r"\[simulated\].*saved \$.*order of trial:\n(  \S+ +forecast 0\.\d\d, about \$0\.\d+\n){5,}\[simulated\]",
    "middleware.py": r"\[log\] \S+ is the cheapest.*\[log\] \S+ cost \$0\.0.*from the cache: True",
    "async_fan_out.py": r"100 answers: \{.*\}\ncost \$0\.\d+, saved \$0\.\d+\n(google|openai) was first, after \d+ ms",
    "tools.py": r'temperature\(\{"city":"Oslo"\}\) = \{"city": "Oslo", "celsius": 4\}\n.*celsius.*3 messages, gpt-\S+, \$0\.0',
    "pandas_batch.py": r"expected_cost.*budget +gemini-\S+ +500 .*What is \d+ \+ \d+\? +budget .*base_cost +savings",
}


def run(program: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(EXAMPLES / program)]
    return subprocess.run(
        command, env=environment, cwd=environment["HOME"], capture_output=True, text=True, timeout=LIMIT
    )


def test_every_example_is_tested() -> None:
    there = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".ipynb"}}
    assert there == {*PRINTED, "notebook.ipynb"}


@pytest.mark.parametrize("program", PRINTED)
def test_an_example_runs_and_shows_what_it_is_there_for(program: str, environment: dict[str, str]) -> None:
    ended = run(program, environment)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert re.search(PRINTED[program], ended.stdout, re.DOTALL), ended.stdout


def test_without_pandas_the_batch_says_so(environment: dict[str, str], tmp_path: Path) -> None:
    # A module of the same name, found first, that cannot be imported.
    (tmp_path / "pandas.py").write_text("raise ImportError('no pandas here')\n")
    ended = run("pandas_batch.py", {**environment, "PYTHONPATH": str(tmp_path)})
    assert "pandas is not installed" in ended.stderr
    assert ended.returncode == 1


def test_the_notebook_runs_and_shows_responses(environment: dict[str, str]) -> None:
    # Its functions have no types.
    notebook = cast(Any, nbformat).read(EXAMPLES / "notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "it is kept without outputs"
    NotebookClient(notebook, timeout=LIMIT, kernel_name="python3").execute(env=environment)

    def shown(cell: str) -> str:
        (outputs,) = (it.outputs for it in notebook.cells if it["id"] == cell)
        return "\n".join(output.get("text") or output["data"].get("text/html", "") for output in outputs)

    assert re.search(r"<div>.*\[simulated\].*saved \$", shown("chat"), re.DOTALL)
    assert "premium forecast" in shown("route")
    assert len(re.findall(r"capital of \w+\? \S+, \$0\.0", shown("async"))) == 3
    assert re.search(r"4 calls, \$0\.0\d+ spent, \$0\.0\d+ saved", shown("ledger"))
