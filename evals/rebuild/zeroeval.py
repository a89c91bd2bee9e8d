"""ZeroEval: GSM8K, MATH level 5, CRUX, MMLU-Redux and zebra puzzles.

Raw outputs of the first three are in `result_dirs/TASK/*.json` and are scored here. Verdicts of the
other two are in `state_of_limit/task_summary_TASK.json`, which only the repository's history still
holds (stored copies: 7cfccf97 for mmlu-redux, ea7dd90b for zebra-grid); a model that a verdict does
not list gave no readable answer and scores 0 if `result_dirs/TASK.summary.json` says that it was
asked everything.

Their prompts come from the newest result files that hold them, also in history, and from tables of
MMLU-Redux where no result file does. Two thirds of the published MMLU-Redux prompts lack one line
break that the models saw; it is kept here. Why only 4xN and 5xN zebra puzzles were published cannot
be determined from stored copies: here every puzzle is written whose prompt is found. A model that
was asked fewer than three quarters of a task is left out; where the published file drew that line,
between 59 and 95 per cent, cannot be determined either.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .checkout import Checkout, Checkouts, Document, Missing, Notes, Unreadable
from .rows import Row, row, tokens
from .zeroeval_answers import find_answer, same_literal, same_number

NAME = "zeroeval"
REPOSITORIES = ("ZeroEval", "redux")
TASKS = ("gsm", "math-l5", "crux", "mmlu-redux", "zebra-grid")
GRADED: dict[str, Callable[[str, str], bool]] = {
    "gsm": same_number,
    "math-l5": same_number,
    "crux": same_literal,
}
ENOUGH = 0.75
# Result files are named by whoever ran them; ZeroEval's own tables use these names.
MODELS = {
    "gemma-2-9b-it@nvidia": "gemma-2-9b-it",
    "gemma-2-9b-it@together": "gemma-2-9b-it",
    "gemma-2-27b-it@nvidia": "gemma-2-27b-it",
    "gemma-2-27b-it@together": "gemma-2-27b-it",
    "deepseek-chat": "deepseek-v2-chat-0628",
    "deepseek-coder": "deepseek-v2-coder-0614",
    "DeepSeek-Coder-V2-0724": "deepseek-v2-coder-0724",
    "Llama-3.1-405B-Inst-fp8": "Llama-3.1-405B-Inst-fp8@together",
    "Llama-3.1-405B-Instruct-Turbo": "Llama-3.1-405B-Inst-fp8@together",
    "Llama-3.1-405B-Inst-SN": "Llama-3.1-405B-Inst@sambanova",
    "Meta-Llama-3.1-405B-Instruct@hyperbolic": "Llama-3.1-405B-Inst@hyperbolic",
}
# What ZeroEval put around a multiple-choice question; needed for prompts that it did not keep.
CHOICE_PROMPT = """\
## Question:\x20

{question}

## Choices:

{choices}

## Instruction\x20

Please answer this question by first reasoning and then selecting the correct choice.\x20
Present your reasoning and solution in the following json format.\x20
Please show your choice in the `answer` field with only the choice letter, e.g.,`"answer": "C"`.

```json
{{
    "reasoning": "___",
    "answer": "___"
}}
```"""


@dataclass
class Question:
    """A prompt and its bare question, with what models made of it."""

    prompt: str
    question: str
    scores: dict[str, float] = field(default_factory=dict)
    output_tokens: dict[str, int] = field(default_factory=dict)


def rows(repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """Rows of all five tasks."""
    for task in TASKS:
        yield from graded(task, repos, notes) if task in GRADED else judged(task, repos, notes)


def graded(task: str, repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """Rows of a task whose outputs are scored here."""
    questions: dict[object, Question] = {}
    answered: dict[str, int] = {}
    for document in repos["ZeroEval"].documents(f"result_dirs/{task}", ".json"):
        model = MODELS.get(document.stem, document.stem)
        if model in answered:
            notes.append(f"{document.name}: a second file of {model}; left out")
            continue
        answered[model] = score_file(task, model, document, questions, notes)
    partial = {m for m, count in answered.items() if count < ENOUGH * max(answered.values())}
    for model in sorted(partial):
        notes.append(f"{task}: {model} was asked {answered[model]:,} items only; left out")
    for name, item in questions.items():
        scores = {m: score for m, score in item.scores.items() if m not in partial}
        counts = {m: count for m, count in item.output_tokens.items() if m not in partial}
        if scores:
            more = {"question": item.question, "output_tokens": counts}
            yield row(NAME, f"{task}/{name}", task, item.prompt, scores, **more)


def score_file(
    task: str, model: str, document: Document, questions: dict[object, Question], notes: Notes
) -> int:
    """Adds one model's scores to `questions` and says how many it had."""
    count = 0
    for item in document.records(notes):
        try:
            name, truth, output = item["id"], str(item["answer"]), item["output"][0]
            asked = prompt_of(item)
            if not isinstance(output, str) or not isinstance(name, str | int):
                raise TypeError
        except (KeyError, IndexError, TypeError, AttributeError):
            notes.append(
                f"{document.name}: item {item.get('id')!r} lacks "
                "id, answer, prompt or output; left out"
            )
            continue
        known = questions.setdefault(name, asked)
        answer = find_answer(document.stem, output)
        known.scores[model] = float(answer is not None and GRADED[task](answer, truth))
        known.output_tokens[model] = tokens(output)
        count += 1
    return count


def prompt_of(item: dict) -> Question:
    """The prompt that a result file keeps, with the bare question."""
    question = item[next((key for key in ("question", "problem") if key in item), "puzzle")]
    if "choices" in item:
        return choice_question(question, item["choices"], item["chat_history"][0].strip())
    return Question(item["chat_history"][0].strip(), question.strip())


def choice_question(question: str, choices: list[str], prompt: str | None = None) -> Question:
    """A multiple-choice question, in ZeroEval's words unless `prompt` is given."""
    lettered = [(chr(ord("A") + place), str(choice)) for place, choice in enumerate(choices)]
    if prompt is None:
        listed = "".join(f"- ({letter}) {choice}\n" for letter, choice in lettered)
        prompt = CHOICE_PROMPT.format(question=question, choices=listed)
    bare = "\n".join([question.strip(), *(f"{letter}) {choice}" for letter, choice in lettered)])
    return Question(prompt, bare)


def judged(task: str, repos: Checkouts, notes: Notes) -> Iterator[Row]:
    """Rows of a task whose verdicts ZeroEval published."""
    checkout = repos["ZeroEval"]
    document = checkout.document(f"state_of_limit/task_summary_{task}.json")
    verdicts = read_verdicts(document, notes)
    everything, dropped = coverage(task, checkout, verdicts, notes)
    prompts = surviving_prompts(task, checkout, set(verdicts), notes)
    if task == "mmlu-redux":
        prompts |= table_prompts([name for name in verdicts if name not in prompts], repos, notes)
    unknown = [name for name in verdicts if name not in prompts]
    if unknown:
        notes.append(
            f"{task}: no prompt is found for {len(unknown):,} questions, "
            f"the first is {unknown[0]}; left out"
        )
    for name, verdict in verdicts.items():
        scores = verdict | {model: 0.0 for model in everything if model not in verdict}
        scores = {model: score for model, score in scores.items() if model not in dropped}
        if name in prompts and scores:
            asked = prompts[name]
            more = {"question": asked.question, "subtask": subtask(task, name)}
            yield row(NAME, f"{task}/{name}", task, asked.prompt, scores, **more)


def read_verdicts(document: Document, notes: Notes) -> dict[str, dict[str, float]]:
    """For each question the models that solved it, then those that did not."""
    content = document.json()
    if not isinstance(content, dict):
        raise Unreadable(f"{document.name}:1: holds no JSON object")
    verdicts = {}
    for name, entry in content.items():
        try:
            right, wrong = (entry[key].split("|") for key in ("correct_models", "incorrect_models"))
        except (KeyError, TypeError, AttributeError):
            notes.append(f"{document.name}: {name} lists no correct and incorrect models; left out")
            continue
        verdicts[name] = {m: 1.0 for m in right if m} | {m: 0.0 for m in wrong if m}
    return verdicts


def coverage(
    task: str, checkout: Checkout, verdicts: dict[str, dict[str, float]], notes: Notes
) -> tuple[list[str], set[str]]:
    """Models that were asked everything, and those that were asked too little to count."""
    totals: dict[str, int] = {}
    for entry in checkout.document(f"result_dirs/{task}.summary.json").records(notes):
        if entry.get("Mode") == "greedy":
            totals[entry.get("Model")] = entry.get("Total", entry.get("Total Puzzles", 0))
    listed: dict[str, int] = {}
    for verdict in verdicts.values():
        for model in verdict:
            listed[model] = listed.get(model, 0) + 1
    whole = max(totals.values(), default=len(verdicts))
    everything = [model for model in listed if totals.get(model) == whole]
    # A model that the summary does not name was asked at least what the verdicts list.
    asked = {m: totals.get(m, listed[m] * whole / len(verdicts)) for m in listed}
    dropped = {model for model, count in asked.items() if count < ENOUGH * whole}
    for model in sorted(dropped):
        notes.append(f"{task}: {model} was asked too few items; left out")
    return everything, dropped


def surviving_prompts(
    task: str, checkout: Checkout, wanted: set[str], notes: Notes
) -> dict[str, Question]:
    """Prompts from result files of any time, the newest first, until all are found."""
    found: dict[str, Question] = {}
    for document in checkout.versions(f"result_dirs/{task}", ".json"):
        if len(found) == len(wanted):
            break
        try:
            items = document.json()
        except Unreadable as error:
            notes.append(f"{error}; left out")
            continue
        for item in items if isinstance(items, list) else []:
            try:
                if item["id"] in wanted and item["id"] not in found:
                    found[item["id"]] = prompt_of(item)
            except (KeyError, IndexError, TypeError, AttributeError):
                continue
    return found


def table_prompts(names: list[str], repos: Checkouts, notes: Notes) -> dict[str, Question]:
    """MMLU-Redux prompts from its tables: `mmlu-redux-SUBJECT-#N` is row N, counted from 0."""
    wanted: dict[str, dict[int, str]] = {}
    for name in names:
        match = re.fullmatch(r"mmlu-redux-(.+)-#(\d+)", name)
        if match:
            wanted.setdefault(match.group(1), {})[int(match.group(2))] = name
    found = {}
    for subject, numbers in wanted.items():
        for number, (place, entry) in enumerate(subject_table(subject, repos["redux"]).table()):
            if number not in numbers:
                continue
            try:
                choices = ast.literal_eval(entry["choices"] or "")
                found[numbers[number]] = choice_question(entry["question"] or "", list(choices))
            except (KeyError, ValueError, SyntaxError, TypeError):
                notes.append(f"{place}: has no question with a list of choices; left out")
    return found


def subject_table(subject: str, checkout: Checkout) -> Document:
    """A subject's table, which was begun in another folder."""
    try:
        return checkout.document(f"mmlu_redux/mmlu_{subject}.csv")
    except Missing:
        return checkout.document(f"mini_mmlu/mmlu_{subject}.csv")


def subtask(task: str, name: str) -> str | None:
    """A question's subject, or its puzzle's size."""
    pattern = r"mmlu-redux-(.+)-#\d+" if task == "mmlu-redux" else r"lgp-test-(\d+x\d+)-\d+"
    match = re.fullmatch(pattern, name)
    return match and match.group(1)
