"""Runs the Python of a page of the docs, top to bottom in one namespace.

A block of `text` is what the block of Python above it prints; `...` in it stands for anything.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import sys
from pathlib import Path

from sybil import Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Printed:
    """Evaluates blocks of Python, and compares what they print with blocks of text."""

    def __init__(self) -> None:
        self.output = io.StringIO()
        self.run = PythonEvaluator()

    def python(self, example: Example) -> None:
        self.output = io.StringIO()
        with contextlib.redirect_stdout(self.output):
            self.run(example)

    def text(self, example: Example) -> str | None:
        wanted, got = str(example.parsed), self.output.getvalue()
        if doctest.OutputChecker().check_output(wanted.strip(), got.strip(), FLAGS):
            return None
        return f"printed:\n{got}\nexpected:\n{wanted}"


def run(page: Path) -> int:
    """The number of blocks of Python that ran."""
    printed = Printed()
    parsers = [CodeBlockParser("python", printed.python), CodeBlockParser("text", printed.text)]
    ran = 0
    for example in Sybil(parsers).parse(page).examples():
        ran += example.region.evaluator == printed.python
        example.evaluate()
    return ran


if __name__ == "__main__":
    print(run(Path(sys.argv[1])))
