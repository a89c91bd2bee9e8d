"""An outcome row, and the file that rows go into.

A row is what several models made of one prompt: `id`, `source`, `task`, `subtask`?, `prompt` (the
text the models saw), `question`? (the bare question where the prompt wraps it), `scores` (model to
0..1), `output_tokens`? (model to a count) and `cost`? (model to US dollars). MT-Bench rows also
keep the judge's grades of 1 to 10 as `raw`. No row holds an answer's text.
"""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

REQUIRED = ("id", "source", "task", "prompt", "scores")
OPTIONAL = ("subtask", "question", "output_tokens", "cost", "raw")
ORDER = (
    *("id", "source", "task", "subtask", "prompt", "question"),
    *("scores", "output_tokens", "cost", "raw"),
)


class BadRow(Exception):
    """A row that must not be written; names it and what is wrong with it."""


def row(
    source: str, name: str, task: str, prompt: str, scores: dict[str, float], **more: Any
) -> Row:
    """A row with its fields in the usual order; `more` that is None or empty is left out."""
    fields = {"id": f"{source}/{name}", "source": source, "task": task}
    fields |= {"prompt": prompt, "scores": scores}
    fields |= {field: value for field, value in more.items() if value not in (None, "", {})}
    return {field: fields[field] for field in ORDER if field in fields}


def tokens(text: str) -> int:
    """Roughly how many tokens `text` has: a quarter of its characters, at least one."""
    return max(1, round(len(text) / 4))


def is_number(value: object) -> bool:
    """Whether `value` is a finite number (a truth value is none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check(candidate: Row) -> None:
    """Refuses a row that a reader of the file could not use."""
    name = candidate.get("id", "a row without an id")
    for field in REQUIRED:
        if not candidate.get(field):
            raise BadRow(f"{name}: has no {field}")
    for field in candidate:
        if field not in REQUIRED + OPTIONAL:
            raise BadRow(f"{name}: {field} is no field of an outcome row")
    for model, score in candidate["scores"].items():
        if not is_number(score) or not 0 <= score <= 1:
            raise BadRow(f"{name}: the score of {model} is {score!r}; it must be from 0 to 1")
    for model, count in candidate.get("output_tokens", {}).items():
        if not isinstance(count, int) or count < 1:
            raise BadRow(f"{name}: output_tokens of {model} is {count!r}; it must be 1 or more")
    for model, cost in candidate.get("cost", {}).items():
        if not is_number(cost) or cost < 0:
            raise BadRow(f"{name}: the cost of {model} is {cost!r}; it must be 0 or more")


def write(path: Path, rows: Iterable[Row]) -> int:
    """Writes `rows` as gzipped JSON lines and says how many; the same rows give the same bytes.

    The file appears when it is complete, so that a failure leaves an older one as it was.
    """
    partial = path.with_name(path.name + ".partial")
    seen: set[str] = set()
    try:
        with (
            partial.open("wb") as raw,
            # A fixed name and time: gzip would store when and under which name it was written.
            gzip.GzipFile(path.name.removesuffix(".gz"), "wb", 9, raw, mtime=0) as file,
        ):
            for candidate in rows:
                check(candidate)
                if candidate["id"] in seen:
                    raise BadRow(f"{candidate['id']}: stands twice")
                seen.add(candidate["id"])
                line = json.dumps(candidate, ensure_ascii=False, allow_nan=False) + "\n"
                # Half a surrogate pair, cut by a model's limit, is no UTF-8.
                file.write(line.encode("utf-8", "replace"))
        if not seen:
            raise BadRow(f"{path.name}: no rows were found")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return len(seen)
