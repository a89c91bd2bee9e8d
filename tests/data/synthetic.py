"""Tiny repositories with invented content, laid out like the public ones."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import zipfile
from pathlib import Path

KEY = b"MisguidedAttention2025"
GIT = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def put(path: Path, content: object) -> None:
    """Writes bytes, text, or anything else as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes | str):
        content = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(*records: object) -> str:
    return "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records)


def table(*rows: list[object], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def git(path: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(path), *arguments], check=True, env=GIT, capture_output=True)


def commit(path: Path, message: str) -> None:
    if not (path / ".git").exists():
        git(path, "init", "--quiet")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message", message)


def forget(path: Path, *names: str) -> None:
    """Removes files in a commit of their own, so that only the history holds them."""
    git(path, "rm", "--quiet", "-r", *names)
    git(path, "commit", "--quiet", "--message", "remove")


def asked(name: object, question: str, answer: str, output: str, key: str = "question") -> dict:
    return {
        "id": name,
        "chat_history": [f"\n## Question: \n\n{question}\n\nShow JSON.\n"],
        key: question,
        "answer": answer,
        "output": [output],
    }


def zeroeval(root: Path) -> None:
    path = root / "ZeroEval"
    choice = {
        "id": "mmlu-redux-anatomy-#0",
        "question": " Which bone hums?",
        "choices": ["ulna", "none"],
        "chat_history": ["\n## Question: \n\nWhich bone hums?\n\n- (A) ulna\n- (B) none\n"],
    }
    puzzle = "There are 2 houses.\n1. The baker is left of the smith.\n"
    old = asked("lgp-test-2x3-7", puzzle, "", "", key="puzzle")
    new = {**old, "chat_history": [f"\n# Puzzle to Solve \n\n{puzzle}\n"]}
    put(path / "result_dirs/mmlu-redux/one.json", [choice])
    put(path / "result_dirs/zebra-grid/cot=True/one.json", [old])
    commit(path, "first results")
    put(path / "result_dirs/zebra-grid/cot=True/one.json", [new])
    verdict = {"correct_models": "whole", "incorrect_models": "extra|brief", "correct_ratio": 0.5}
    put(
        path / "state_of_limit/task_summary_mmlu-redux.json",
        {
            "mmlu-redux-anatomy-#0": verdict,
            "mmlu-redux-anatomy-#1": {"correct_models": "", "incorrect_models": "silent|extra"},
            "mmlu-redux-virology-#1": {
                "correct_models": "silent|whole",
                "incorrect_models": "extra",
            },
            "mmlu-redux-virology-#9": {
                "correct_models": "whole|silent|extra",
                "incorrect_models": "",
            },
        },
    )
    put(
        path / "state_of_limit/task_summary_zebra-grid.json",
        {
            "lgp-test-2x3-7": {"correct_models": "whole", "incorrect_models": "silent"},
            "lgp-test-6x6-1": {"correct_models": "", "incorrect_models": "whole"},
        },
    )
    commit(path, "verdicts")
    forget(path, "state_of_limit", "result_dirs")

    def summary(key: str, **totals: int) -> list[dict]:
        return [{"Model": m, "Mode": "greedy", key: total} for m, total in totals.items()]

    put(path / "result_dirs/mmlu-redux.summary.json", summary("Total", whole=4, silent=4, brief=1))
    put(path / "result_dirs/zebra-grid.summary.json", summary("Total Puzzles", whole=2, silent=2))
    sums, cake = "Add 4 pears and 5 pears.", "Share half a cake."
    items = [("gsm8k-main-test-#0", sums, "# 9"), ("gsm8k-main-test-#1", cake, "# 0.5")]

    def answers(*outputs: str) -> list[dict]:
        return [asked(*item, output) for item, output in zip(items, outputs, strict=False)]

    gsm = path / "result_dirs/gsm"
    put(
        gsm / "tidy.json", answers('{"reasoning": "4+",\n "answer": "$9 pears"}', '{"answer": 1/2}')
    )
    put(gsm / "deepseek-coder.json", answers('"answer": 9.00, I think {', '{"answer": "1/2"}'))
    put(
        gsm / "Meta-Llama-3.1-8B-Instruct.json",
        answers(r"so $\boxed{9}$", r"\boxed{7} " + "x" * 40),
    )
    put(gsm / "silent.json", answers("", '{"answer": "1,000"} {"answer": "0.5"}'))
    put(gsm / "brief.json", answers('{"answer": "9"}'))
    put(gsm / "sampling/tidy.json", answers("ignored", "ignored"))
    put(
        path / "result_dirs/math-l5/tidy.json",
        [asked(0, "What is $6-7$?", "-1", '{"answer": "-1.0"}', key="problem"), {"id": 1}],
    )
    literal = "assert f(1) == ??"
    put(
        path / "result_dirs/crux/tidy.json",
        [
            asked("crux-test-#0", literal, "None", '{"answer": null}'),
            asked("crux-test-#1", literal, "'a'", '{"answer": "a"}'),
            asked("crux-test-#2", literal, "'a'", '{"answer": "A"}'),
            asked("crux-test-#3", literal, "''", '{"answer": "\'\'"}'),
        ],
    )
    commit(path, "raw outputs")

    header = ["question", "choices", "answer"]
    anatomy = [header, ["Zeroth?", "['x']", 0], ["Which rib?", "['first', \"the smith's\"]", 1]]
    put(root / "redux/mmlu_redux/mmlu_anatomy.csv", table(*anatomy, delimiter=";"))
    virology = [header, ["Zeroth?", "['x']", 0], ["Which virus\nsings?", '["a", "b, c"]', 1]]
    put(root / "redux/mini_mmlu/mmlu_virology.csv", table(*virology))


def mmlu_pro(root: Path) -> None:
    path = root / "MMLU-Pro"

    def entry(number: int, subject: str, key: str, output: str | None) -> dict:
        options = ["bronze", "N/A", "tin", "zinc"]
        question = {"question_id": number, "category": subject, "question": f"Metal {number}?"}
        return {**question, "options": options, "answer": "B", key: output}

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        both = [
            entry(7, "physics", "model_outputs", "The answer is (A). No: the answer is B."),
            entry(8, "law", "model_outputs", "Answer: A is bad.\nanswer: B"),
            entry(9, "physics", "model_outputs", "It is none of them"),
        ]
        opened.writestr("outputs/all.json", json.dumps([*both, {"question_id": 10}]))
        opened.writestr("__MACOSX/all.json", "junk")
        opened.writestr("readme.txt", "junk")
    put(path / "eval_results/model_outputs_small-7B_5shots.zip", archive.getvalue())
    put(path / "eval_results/notes.zip", archive.getvalue())
    put(
        path / "eval_results/merged/law_result.json",
        [entry(8, "law", "model_outputs", "So **B.**")],
    )
    put(path / "eval_results/deepseek/law_result.json", [entry(8, "law", "response", "Surely C")])
    put(path / "eval_results/deepseek/law_summary.json", {"total": 1})
    commit(path, "results")
    forget(path, "eval_results/deepseek")
    put(path / "eval_results/gpt4o/law_result.json", [entry(8, "law", "response", None)])


def routellm(root: Path) -> None:
    evals = root / "RouteLLM/routellm/evals"
    old = ["prompt", "mixtral-8x7b-instruct-v0.1", "gpt-4-1106-preview"]
    new = ["prompt", "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"]
    rows = [["Is one\ntwo?\nA. yes\nB. no\nAnswer:", "False", "True"], ["q", "maybe", "True"]]
    put(
        evals / "mmlu/responses/mmlu_logic.csv",
        table(old, *rows, ["last?\nAnswer:", "True", "True"]),
    )
    answers = [f"{name}_response" for name in new[1:]]
    put(
        evals / "gsm8k/gsm8k_responses.csv",
        table([*new, *answers], ["One plus one?", "True", "False", " It is\n2, so 2.", "Three"]),
    )
    put(
        evals / "mt_bench/question.jsonl",
        lines({"question_id": 81, "category": "writing", "turns": ["Write.", "Shorter."]}),
    )

    def grade(model: str, turn: int, score: float) -> dict:
        return {"question_id": 81, "model": model, "turn": turn, "score": score}

    put(
        evals / "mt_bench/judgements.jsonl",
        lines(
            grade("gpt-4-1106-preview", 1, 10),
            grade("gpt-4-1106-preview", 2, -1),
            grade("mistralai/Mixtral-8x7B-Instruct-v0.1", 1, 8.5),
            grade("mistralai/Mixtral-8x7B-Instruct-v0.1", 2, 1.0),
            grade("a-third-model", 1, 5),
        ),
    )


def arena_bench_v1(root: Path) -> None:
    path = root / "arena-hard-auto"
    folder = path / "data/arena-bench-v1"

    def grade(question: str, model: str, score: float) -> dict:
        return {"question_id": question, "model": model, "score": score}

    answer = {"question_id": "q1", "model_id": "old-chat", "choices": [{"turns": ["x" * 18]}]}
    put(folder / "question.jsonl", lines({"question_id": "q1", "turns": ["first wording"]}))
    put(folder / "model_judgment/old-chat.jsonl", lines(grade("q1", "old-chat", 4), "{half a line"))
    put(folder / "model_judgment/withdrawn.jsonl", lines(grade("q1", "withdrawn", 1)))
    put(folder / "model_answer/old-chat.jsonl", lines(answer))
    commit(path, "first release")
    forget(path, "data/arena-bench-v1/model_judgment/withdrawn.jsonl")
    questions = [
        {"question_id": name, "turns": [f"Tell me {name}. "]} for name in ("q1", "q2", "q3")
    ]
    put(folder / "question.jsonl", lines(*questions))
    turbo = [
        grade("q1", "gpt-4-turbo", 10),
        grade("q2", "gpt-4-turbo", 1),
        grade("q3", "gpt-4-turbo", -1),
    ]
    put(folder / "model_judgment/gpt-4-turbo.jsonl", lines(*turbo))
    commit(path, "more")
    forget(path, "data")


def misguided_attention(root: Path) -> None:
    path = root / "MisguidedAttention/eval"
    prompts = [{"prompt_id": "easy_bridge", "prompt": "One wolf, one boat."}]
    prompts += [{"prompt_id": "tame_cat", "prompt": "A cat sits in an open box."}]
    plain = json.dumps({"prompts": prompts}).encode()
    scrambled = bytes(byte ^ KEY[place % len(KEY)] for place, byte in enumerate(plain))
    put(path / "harness/misguided_attention_v4_long.scr", scrambled)

    def sample(score: float, letters: int) -> dict:
        return {"total_score": score, "original_response": "x" * letters}

    one = {"easy_bridge": {"alpha": [sample(1.0, 30), sample(0.0, 10), sample(0.5, 20)]}}
    put(path / "results_long_eval/detailed_evaluations_a.json", one)
    two = {"easy_bridge": {"alpha": [sample(0.0, 4)], "beta": [sample(1, 2)], "gamma": [{}]}}
    two |= {"unlisted": {"beta": [sample(1, 2)]}}
    put(path / "results_long_eval/detailed_evaluations_b.json", two)
    put(path / "results_long_eval/evaluation_summary_a.json", {"easy_bridge": {"alpha": {}}})


def bullshit_benchmark(root: Path) -> None:
    path = root / "bullshit-benchmark"
    questions = [{"id": "af_01", "question": "What is the pH of our roadmap?"}]
    questions += [{"id": "ct_01", "question": "What is the pH of water?"}]
    put(path / "questions.json", {"techniques": [{"technique": "t", "questions": questions}]})

    def verdict(model: str, score: float | None, question: str = "af_01", **more: object) -> dict:
        row = {"sample_id": f"{model}-{question}", "model_row": model, "question_id": question}
        return {
            **row,
            "technique": "causal_chimera",
            "consensus_score": score,
            "status": "ok",
            **more,
        }

    put(
        path / "data/latest/aggregate.jsonl",
        lines(
            verdict("claude-x@reasoning=none", 1.0),
            verdict("gemini-y@reasoning=high", 2.0),
            verdict("broken", None, status="error"),
            verdict("claude-x@reasoning=none", 0.0, "ct_01", is_control=True),
            verdict("claude-x@reasoning=none", 1.0, "zz_99"),
        ),
    )
    counted = {"sample_id": "claude-x@reasoning=none-af_01", "response_completion_tokens": 321}
    written = {"sample_id": "gemini-y@reasoning=high-af_01", "response_text": "x" * 41}
    put(path / "data/latest/responses.jsonl", lines(counted, written))


def routerarena(root: Path) -> None:
    folder = root / "RouterArena/cached_results"

    def asked(name: str, score: object, model: str, count: int, cost: float | None) -> dict:
        result = {"score": score, "inference_cost": cost}
        row = {"global_index": name, "question": f"Solve {name}.", "llm_selected": model}
        return {**row, "token_usage": {"output_tokens": count}, "evaluation_result": result}

    put(
        folder / "haiku.jsonl",
        lines(
            asked("AIME_112", 0.0, "haiku", 120, 0.0002),
            asked("WMT19-zh-en_3", 0.25, "haiku", 0, None),
            asked("AIME_113", None, "haiku", 5, 0.1),
            asked("AIME_114", 7, "haiku", 5, 0.1),
        ),
    )
    put(folder / "flash.jsonl", lines(asked("AIME_112", True, "flash", 9, 0.001), "[1, 2]"))


BUILDERS = {
    "zeroeval": zeroeval,
    "mmlu_pro": mmlu_pro,
    "routellm": routellm,
    "arena_bench_v1": arena_bench_v1,
    "misguided_attention": misguided_attention,
    "bullshit_benchmark": bullshit_benchmark,
    "routerarena": routerarena,
}


def build(root: Path, *sources: str) -> Path:
    """Makes the repositories of `sources`, by default of all."""
    for source in sources or BUILDERS:
        BUILDERS[source](root)
    return root
