"""BullshitBenchmark: does a model notice that a question makes no sense? Graded 0 to 2 by models.

A score is half the judges' consensus in `data/latest`. Which commit the published file was made
from is not recorded; it holds nine models and grades of 0, 1 and 2 only, where today's files hold
many more models and means of three judges, so neither its models nor its grades can be determined
from stored copies: expect other numbers. Control questions, which do make sense, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from .checkout import Checkout, Checkouts, Document, Missing, Notes
from .rows import Row, is_number, row, tokens

NAME = "bullshit_benchmark"
REPOSITORIES = ("bullshit-benchmark",)
TASKS = ("nonsense-detection",)
FOLDER = "data/latest"


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """One row a question that was graded at least once."""
    checkout = repos["bullshit-benchmark"]
    questions = dict(find_questions(checkout.document("questions.json").json()))
    counts = read_counts(checkout, notes)
    techniques: dict[str, str] = {}
    scores: dict[str, dict[str, float]] = {}
    lengths: dict[str, dict[str, int]] = {}
    for document in shards(checkout, "aggregate"):
        for place, entry in document.lines(notes):
            grade, name = entry.get("consensus_score"), entry.get("question_id")
            if entry.get("is_control") or entry.get("status", "ok") != "ok" or grade is None:
                continue
            if not is_number(grade) or not 0 <= grade <= 2 or name not in questions:
                notes.append(f"{place}: grade {grade!r} of question {name!r}; left out")
                continue
            model = model_name(entry)
            if model in scores.setdefault(name, {}):
                continue
            scores[name][model] = grade / 2
            techniques.setdefault(name, entry.get("technique", ""))
            if entry.get("sample_id") in counts:
                lengths.setdefault(name, {})[model] = counts[entry["sample_id"]]
    for name, graded in scores.items():
        if graded:
            more = {"subtask": techniques[name], "output_tokens": lengths.get(name)}
            yield row(NAME, name, TASKS[0], questions[name], graded, **more)


def shards(checkout: Checkout, kind: str) -> Iterator[Document]:
    """One file of `kind`, or since it grew too large a folder of them."""
    if (checkout.path / FOLDER / kind).is_dir():
        yield from checkout.documents(f"{FOLDER}/{kind}", ".jsonl")
    else:
        yield checkout.document(f"{FOLDER}/{kind}.jsonl")


def read_counts(checkout: Checkout, notes: Notes) -> dict[str, int]:
    """Tokens of each sample as the provider counted them, else by the length of the text."""
    counts: dict[str, int] = {}
    try:
        documents = list(shards(checkout, "responses"))
    except Missing as error:
        notes.append(f"no output_tokens: {error}")
        return counts
    for document in documents:
        for place, entry in document.lines(notes):
            counted, text = entry.get("response_completion_tokens"), entry.get("response_text")
            if "sample_id" not in entry:
                notes.append(f"{place}: lacks sample_id; left out")
            elif isinstance(counted, int) and counted > 0:
                counts[entry["sample_id"]] = counted
            elif isinstance(text, str) and text:
                counts[entry["sample_id"]] = tokens(text)
    return counts


def find_questions(content: object) -> Iterator[tuple[str, str]]:
    """Every object with an id and a question, at any depth: they are grouped by technique."""
    if isinstance(content, dict):
        if isinstance(content.get("id"), str) and isinstance(content.get("question"), str):
            yield content["id"], content["question"]
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from find_questions(part)


def model_name(entry: dict) -> str:
    """A model without its vendor; its effort of reasoning belongs to the name unless it is none."""
    name = entry.get("model_row") or str(entry.get("model", "")).split("/")[-1]
    return name.removesuffix("@reasoning=none").removesuffix("@reasoning=default")
