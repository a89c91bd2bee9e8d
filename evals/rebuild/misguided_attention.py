"""MisguidedAttention: trick questions, several samples a model, graded by a model.

A score is the mean grade of a model's samples in `eval/results_long_eval`. Its authors keep the
prompts scrambled so that no model is trained on them: do not publish the rebuilt file. Which commit
the published file was made from is not recorded, and which of two gradings of the same model it
took cannot be determined from stored copies (here the first in the order of file names).
"""

from __future__ import annotations

from collections.abc import Iterator

from .checkout import Checkout, Checkouts, Document, Missing, Notes, Unreadable
from .rows import Row, is_number, row

NAME = "misguided_attention"
REPOSITORIES = ("MisguidedAttention",)
TASKS = ("misguided-attention-v0.3-long",)
PROMPTS = "eval/harness/misguided_attention_v4_long"
# Not a secret: the repository's own scrambler.py holds it.
KEY = b"MisguidedAttention2025"


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """One row a prompt, in the order of the list of prompts."""
    checkout = repos["MisguidedAttention"]
    prompts = read_prompts(checkout, notes)
    scores: dict[str, dict[str, float]] = {}
    counts: dict[str, dict[str, int]] = {}
    for document in graded(checkout):
        content = document.json()
        if not isinstance(content, dict):
            raise Unreadable(f"{document.name}:1: holds no JSON object")
        for name, models in content.items():
            for model, samples in models.items() if isinstance(models, dict) else ():
                if model not in scores.setdefault(name, {}):
                    measured = measure(samples)
                    if measured is None:
                        notes.append(f"{document.name}: {name}: {model} has no grade; left out")
                        continue
                    scores[name][model], counts.setdefault(name, {})[model] = measured
    for name in scores:
        if name not in prompts:
            notes.append(f"{name}: stands in no list of prompts; left out")
    for name, prompt in prompts.items():
        if scores.get(name):
            yield row(NAME, name, TASKS[0], prompt, scores[name], output_tokens=counts[name])


def graded(checkout: Checkout) -> Iterator[Document]:
    """The files of graded samples."""
    for document in checkout.documents("eval/results_long_eval", ".json"):
        if document.stem.startswith("detailed_evaluations"):
            yield document


def read_prompts(checkout: Checkout, notes: Notes) -> dict[str, str]:
    """Prompts by name, from the scrambled list or, before there was one, the plain list."""
    try:
        scrambled = checkout.document(f"{PROMPTS}.scr")
        document = Document(scrambled.name, unscramble(scrambled.data))
    except Missing:
        document = checkout.document(f"{PROMPTS}.json")
    content = document.json()
    try:
        return {entry["prompt_id"]: entry["prompt"] for entry in content["prompts"]}
    except (KeyError, TypeError) as error:
        problem = f"{document.name}:1: holds no list of prompts with prompt_id and prompt"
        raise Unreadable(problem) from error


def unscramble(data: bytes) -> bytes:
    """Exclusive or with the repeated key; the same call scrambles."""
    return bytes(byte ^ KEY[place % len(KEY)] for place, byte in enumerate(data))


def measure(samples: list[dict]) -> tuple[float, int] | None:
    """Mean grade and mean tokens of the graded samples."""
    entries = samples if isinstance(samples, list) else []
    valid = [s for s in entries if isinstance(s, dict) and is_number(s.get("total_score"))]
    if not valid:
        return None
    letters = sum(len(text) for text in map(answer, valid))
    mean = sum(min(1.0, max(0.0, s["total_score"])) for s in valid) / len(valid)
    return mean, max(1, round(letters / len(valid) / 4))


def answer(sample: dict) -> str:
    """A sample's text; the field was renamed once."""
    keys = ("original_response", "full_response", "response")
    return next((sample[key] for key in keys if isinstance(sample.get(key), str)), "")
