"""RouteLLM's evaluations: MMLU, GSM8K and MT-Bench, a weak and a strong model.

MMLU and GSM8K are tables of two booleans; nothing is removed as contaminated, as in the published
file. MT-Bench grades of 1 to 10 become (grade - 1) / 9: so the published rows have it, though their
description says a division by ten. `mt_bench/question.jsonl` is in no stored copy; its fields
(question_id, category, turns) are those that RouteLLM's own reader uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from .checkout import Checkout, Checkouts, Notes
from .rows import Row, is_number, row, tokens

NAME = "routellm"
REPOSITORIES = ("RouteLLM",)
TASKS = ("mmlu", "gsm8k", "mt_bench")
MODELS = ("Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview")
EVALS = "routellm/evals"
TRUTH = {"True": 1.0, "False": 0.0}


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """Rows of the three benchmarks."""
    checkout = repos["RouteLLM"]
    yield from mmlu(checkout, notes)
    yield from gsm8k(checkout, notes)
    yield from mt_bench(checkout, notes)


def mmlu(checkout: Checkout, notes: Notes) -> Iterator[Row]:
    """A table a subject; a question's number is its place in the table, from 0."""
    for document in checkout.documents(f"{EVALS}/mmlu/responses", ".csv"):
        subject = document.stem.removeprefix("mmlu_")
        for number, (place, entry) in enumerate(document.table()):
            scores = booleans(place, entry, notes)
            if scores:
                name = f"mmlu/{subject}-{number}"
                yield row(NAME, name, "mmlu", entry["prompt"] or "", scores, subtask=subject)


def gsm8k(checkout: Checkout, notes: Notes) -> Iterator[Row]:
    """One table, which also holds the answers."""
    document = checkout.document(f"{EVALS}/gsm8k/gsm8k_responses.csv")
    for number, (place, entry) in enumerate(document.table()):
        scores = booleans(place, entry, notes)
        if scores:
            answers = {model: column(entry, model, "_response") for model in MODELS}
            counts = {model: tokens(text) for model, text in answers.items() if text is not None}
            name = f"gsm8k/{number}"
            prompt = entry["prompt"] or ""
            yield row(NAME, name, "gsm8k", prompt, scores, output_tokens=counts)


def booleans(place: str, entry: dict[str, str | None], notes: Notes) -> dict[str, float]:
    """Both models' scores, or {} and a note."""
    found = {model: column(entry, model) for model in MODELS}
    for model, text in found.items():
        if text not in TRUTH:
            notes.append(f"{place}: {model} is {text!r}; it must be True or False; left out")
            return {}
    if not entry.get("prompt"):
        notes.append(f"{place}: has no prompt; left out")
        return {}
    return {model: TRUTH[text] for model, text in found.items() if text is not None}


def column(entry: dict[str, str | None], model: str, ending: str = "") -> str | None:
    """A model's column; its header may name the vendor and may be in small letters."""
    wanted = (model + ending).lower()
    named = {name.split("/")[-1].lower(): text for name, text in entry.items() if name}
    return named.get(wanted)


def mt_bench(checkout: Checkout, notes: Notes) -> Iterator[Row]:
    """Two rows a question, one a turn; the second turn's prompt holds both."""
    grades: dict[tuple[object, object], dict[str, float]] = {}
    for place, entry in checkout.document(f"{EVALS}/mt_bench/judgements.jsonl").lines(notes):
        judged, grade = str(entry.get("model")).split("/")[-1].lower(), entry.get("score")
        model = next((known for known in MODELS if known.lower() == judged), None)
        if model is None:
            continue
        if not is_number(grade) or not 1 <= grade <= 10:
            notes.append(f"{place}: the grade is {grade!r}; it must be from 1 to 10; left out")
            continue
        graded = grades.setdefault((entry.get("question_id"), entry.get("turn")), {})
        graded.setdefault(model, grade)
    for place, entry in checkout.document(f"{EVALS}/mt_bench/question.jsonl").lines(notes):
        try:
            number, kind, (first, second) = entry["question_id"], entry["category"], entry["turns"]
        except (KeyError, TypeError, ValueError):
            notes.append(f"{place}: lacks question_id, category or two turns; left out")
            continue
        for turn, prompt in ((1, first), (2, f"[Turn 1] {first}\n[Turn 2] {second}")):
            raw = grades.get((number, turn), {})
            scores = {model: (grade - 1) / 9 for model, grade in raw.items()}
            if scores:
                name = f"mt_bench/{number}-t{turn}"
                yield row(NAME, name, "mt_bench", prompt, scores, subtask=kind, raw=raw)
