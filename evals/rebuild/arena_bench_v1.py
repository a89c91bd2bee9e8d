"""Arena-Hard's first release: chat prompts graded 1 to 10 by a model.

It lies in `data/arena-bench-v1`, today only in the repository's history, of which the last version
of each file is read; the grade becomes (grade - 1) / 9. Which commit the published file was made
from is not recorded, so which of several gradings of a model it holds cannot be determined (here
the first in the order of file names), nor why it has no `output_tokens` of gpt-4-1106-preview.
"""

from __future__ import annotations

from collections.abc import Iterator

from .checkout import Checkout, Checkouts, Notes
from .rows import Row, is_number, row, tokens

NAME = "arena_bench_v1"
REPOSITORIES = ("arena-hard-auto",)
TASKS = ("arena-user-prompts",)
FOLDER = "data/arena-bench-v1"
# gpt-4-turbo was the judged model's name in files before its answers' file was renamed.
MODELS = {"gpt-4-turbo": "gpt-4-1106-preview"}


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """One row a prompt that at least one model was graded on."""
    checkout = repos["arena-hard-auto"]
    scores = read_scores(checkout, notes)
    counts = read_counts(checkout, notes)
    for place, entry in checkout.document(f"{FOLDER}/question.jsonl").lines(notes):
        try:
            name, prompt = entry["question_id"], entry["turns"][0]
        except (KeyError, IndexError, TypeError):
            notes.append(f"{place}: lacks question_id or turns; left out")
            continue
        if name in scores:
            graded = {m: counts[name, m] for m in scores[name] if (name, m) in counts}
            yield row(NAME, f"arena/{name}", TASKS[0], prompt, scores[name], output_tokens=graded)


def read_scores(checkout: Checkout, notes: Notes) -> dict[object, dict[str, float]]:
    """Question to model to score. A judge that gave no grade left -1, which is no score."""
    scores: dict[object, dict[str, float]] = {}
    for document in checkout.documents(f"{FOLDER}/model_judgment", ".jsonl"):
        for place, entry in document.lines(notes):
            grade, model = entry.get("score"), entry.get("model")
            if not is_number(grade) or not isinstance(model, str):
                notes.append(f"{place}: lacks a model or a score; left out")
            elif 1 <= grade <= 10:
                graded = scores.setdefault(entry.get("question_id"), {})
                graded.setdefault(MODELS.get(model, model), (grade - 1) / 9)
    return scores


def read_counts(checkout: Checkout, notes: Notes) -> dict[tuple[object, str], int]:
    """Question and model to the length of the answer."""
    counts: dict[tuple[object, str], int] = {}
    for document in checkout.documents(f"{FOLDER}/model_answer", ".jsonl", optional=True):
        for place, entry in document.lines(notes):
            model = entry.get("model_id", document.stem)
            try:
                text, name = entry["choices"][0]["turns"][0], entry["question_id"]
                counts.setdefault((name, MODELS.get(model, model)), tokens(text))
            except (KeyError, IndexError, TypeError):
                notes.append(f"{place}: lacks question_id or an answer; left out")
    return counts
