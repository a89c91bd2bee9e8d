"""RouterArena: mixed tasks, scored by the repository itself in `cached_results/*.jsonl`.

Scores, token counts and costs are copied. Whether the pinned commit holds more than the two models
of the published file cannot be determined from stored copies: every file there is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .checkout import Checkouts, Notes
from .rows import Row, is_number, row

NAME = "routerarena"
REPOSITORIES = ("RouterArena",)
TASKS = ("routerarena",)


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """One row a prompt, in the order in which the files name them."""
    found: dict[str, Row] = {}
    for document in repos["RouterArena"].documents("cached_results", ".jsonl"):
        for place, entry in document.lines(notes):
            result = entry.get("evaluation_result")
            if not isinstance(result, dict) or result.get("score") is None:
                continue  # asked, but not scored
            score, name, prompt = result["score"], entry.get("global_index"), entry.get("question")
            if not isinstance(name, str) or not isinstance(prompt, str) or not prompt:
                notes.append(f"{place}: lacks global_index or question; left out")
                continue
            if (not isinstance(score, bool) and not is_number(score)) or not 0 <= score <= 1:
                notes.append(f"{place}: the score is {score!r}; it must be from 0 to 1; left out")
                continue
            model = entry.get("llm_selected") or document.stem
            kept = found.setdefault(name, new_row(name, prompt))
            if model not in kept["scores"]:
                kept["scores"][model] = float(score)
                count = (entry.get("token_usage") or {}).get("output_tokens")
                if isinstance(count, int):
                    kept["output_tokens"][model] = max(1, count)
                if is_number(result.get("inference_cost")):
                    kept["cost"][model] = result["inference_cost"]
    for kept in found.values():
        yield {field: value for field, value in kept.items() if value}


def new_row(name: str, prompt: str) -> Row:
    """A row to be filled; what stands before the number in its name is the task it comes from."""
    blank = row(NAME, name, TASKS[0], prompt, {}, subtask=re.sub(r"_\d+$", "", name))
    return blank | {"output_tokens": {}, "cost": {}}
