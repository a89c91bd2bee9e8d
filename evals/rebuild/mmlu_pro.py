"""MMLU-Pro: ten-way multiple choice, from the outputs in `eval_results/*.zip` and four folders.

Outputs of gemini-3.1-pro (a name inferred from the script that made `eval_results/merged`), and of
Meta-Llama-3-8B-Instruct, deepseek-v2-chat and gpt-4o, lie unzipped, some only in the history.
Zip files are no text, so how their members are laid out cannot be determined from stored copies:
every member that is a JSON list is read. The published scorer's looser patterns are not recorded;
these are the repository's own, the last match counting, which agrees with the published scores of
all the outputs that stored copies show.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from .checkout import Checkout, Checkouts, Document, Notes, Unreadable
from .rows import Row, row, tokens

NAME = "mmlu_pro"
REPOSITORIES = ("MMLU-Pro",)
TASKS = ("mmlu-pro",)
ZIP = re.compile(r"model_outputs_(.+)_5shots\.zip")
FOLDERS = (
    ("gemini-3.1-pro", "eval_results/merged", "_result.json"),
    ("Meta-Llama-3-8B-Instruct", "results/Meta-Llama-3-8B-Instruct/CoT/all", ".json"),
    ("deepseek-v2-chat", "eval_results/deepseek", "_result.json"),
    ("gpt-4o-2024-05-13", "eval_results/gpt4o", "_result.json"),
)
PATTERNS = (
    re.compile(r"answer is \(?([A-J])\)?"),
    re.compile(r"[aA]nswer:\s*([A-J])"),
    re.compile(r"\b([A-J])\b"),
)


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """One row a question, subjects together."""
    subjects: dict[str, dict[object, Row]] = {}
    for model, document in outputs(repos["MMLU-Pro"], notes):
        for entry in document.records(notes):
            try:
                add(model, entry, subjects)
            except (KeyError, TypeError, AttributeError):
                notes.append(
                    f"{document.name}: entry {entry.get('question_id')!r} lacks "
                    "category, question, options, answer or output; left out"
                )
    for questions in subjects.values():
        yield from questions.values()


def outputs(checkout: Checkout, notes: Notes) -> Iterator[tuple[str, Document]]:
    """Each model's outputs, a document at a time."""
    for archive in checkout.documents("eval_results", ".zip"):
        match = ZIP.fullmatch(archive.name.rpartition("/")[2])
        if match is None:
            notes.append(f"{archive.name}: is not named model_outputs_MODEL_5shots.zip; left out")
            continue
        for member in members(archive):
            yield match.group(1), member
    for model, folder, suffix in FOLDERS:
        documents = list(checkout.documents(folder, suffix, optional=True))
        if not documents:
            notes.append(f"{checkout.path / folder}: not there; {model} is left out")
        for document in documents:
            yield model, document


def members(archive: Document) -> Iterator[Document]:
    """The JSON files of a zip file."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
            for name in opened.namelist():
                if name.endswith(".json") and not name.startswith("__MACOSX"):
                    yield Document(f"{archive.name}:{name}", opened.read(name))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError) as error:
        raise Unreadable(f"{archive.name}: is no zip file ({error})") from error


def add(model: str, entry: dict, subjects: dict[str, dict[object, Row]]) -> None:
    """Adds one output's score; an entry without an output is no measurement."""
    output = entry["model_outputs"] if "model_outputs" in entry else entry["response"]
    if output is None:
        return
    subject, number = entry["category"], entry["question_id"]
    prompt = format_prompt(entry["question"], entry["options"])
    score, count = float(extract(output) == entry["answer"]), tokens(output)
    questions = subjects.setdefault(subject, {})
    if number not in questions:
        more = {"subtask": subject, "output_tokens": {model: count}}
        name = f"{subject}/{number}"
        questions[number] = row(NAME, name, TASKS[0], prompt, {model: score}, **more)
    elif model not in questions[number]["scores"]:
        questions[number]["scores"][model] = score
        questions[number]["output_tokens"][model] = count


def format_prompt(question: str, options: list[str]) -> str:
    """The last part of what models saw: five worked examples stood before it."""
    kept = (option for option in options if option != "N/A")
    listed = "".join(
        f"{letter}. {option}\n" for letter, option in zip("ABCDEFGHIJ", kept, strict=False)
    )
    return f"Question: {question}\nOptions: {listed}Answer: Let's think step by step."


def extract(output: str) -> str | None:
    """The letter that `output` settles on, or None."""
    for pattern in PATTERNS:
        found = pattern.findall(output)
        if found:
            return found[-1]
    return None
