"""`scripts/data`, run as a user runs it, on tiny repositories with invented content."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
import synthetic

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data"
FIELDS = {
    "id",
    "source",
    "task",
    "subtask",
    "prompt",
    "question",
    "scores",
    "output_tokens",
    "cost",
    "raw",
}


class Run(NamedTuple):
    status: int
    out: str
    errors: str


def run(*arguments: object, **environment: str) -> Run:
    command = [str(ROOT / "scripts/data"), *map(str, arguments)]
    environ = {**synthetic.GIT, **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    return Run(done.returncode, done.stdout, done.stderr)


def read(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


class Built(NamedTuple):
    repos: Path
    out: Path
    run: Run

    def rows(self, source: str) -> dict[str, dict]:
        """Rows by what follows the source in their id."""
        found = read(self.out / f"{source}.jsonl.gz")
        return {row["id"].removeprefix(f"{source}/"): row for row in found}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("all")
    repos = synthetic.build(root / "repos")
    return Built(repos, root / "out", run("--repos", repos, "--out", root / "out"))


def test_every_source_is_built_and_counted(built: Built) -> None:
    assert built.run.status == 0, built.run.errors
    assert built.run.out.splitlines() == [
        "zeroeval: 11 rows",
        "mmlu_pro: 3 rows",
        "routellm: 5 rows",
        "arena_bench_v1: 2 rows",
        "misguided_attention: 1 rows",
        "bullshit_benchmark: 1 rows",
        "routerarena: 2 rows",
    ]
    assert {path.name for path in built.out.iterdir()} == {
        f"{source}.jsonl.gz" for source in synthetic.BUILDERS
    }


def test_rows_have_the_documented_form(built: Built) -> None:
    for source in synthetic.BUILDERS:
        for row in built.rows(source).values():
            assert_documented(row, source)


def assert_documented(row: dict, source: str) -> None:
    assert set(row) <= FIELDS, row["id"]
    assert row["source"] == source and row["id"].startswith(f"{source}/")
    assert row["task"] and row["prompt"] and row["scores"], row["id"]
    assert all(type(score) is float and 0 <= score <= 1 for score in row["scores"].values()), row[
        "id"
    ]
    counts, costs = row.get("output_tokens", {}), row.get("cost", {})
    assert all(type(count) is int and count >= 1 for count in counts.values()), row["id"]
    assert all(math.isfinite(cost) and cost >= 0 for cost in costs.values()), row["id"]
    assert {*counts, *costs} <= {*row["scores"]}, row["id"]


# ZeroEval


def test_zeroeval_matches_numbers_as_its_authors_do(built: Built) -> None:
    rows = built.rows("zeroeval")
    first, second = rows["gsm/gsm8k-main-test-#0"], rows["gsm/gsm8k-main-test-#1"]
    # $ and units are ignored, broken JSON is read, \boxed{} counts for Llama 3.1.
    assert first["scores"] == {
        "Meta-Llama-3.1-8B-Instruct": 1.0,
        "deepseek-v2-coder-0614": 1.0,
        "silent": 0.0,
        "tidy": 1.0,
    }
    # A fraction is its value if quoted; broken JSON is cut at a space or comma, so 1/2} is 1.
    # \boxed{} far from the end and a second object do not count.
    assert second["scores"] == {
        "Meta-Llama-3.1-8B-Instruct": 0.0,
        "deepseek-v2-coder-0614": 1.0,
        "silent": 0.0,
        "tidy": 0.0,
    }
    assert rows["math-l5/0"]["scores"] == {"tidy": 1.0}


def test_zeroeval_compares_literals_as_text(built: Built) -> None:
    rows = built.rows("zeroeval")
    assert [rows[f"crux/crux-test-#{n}"]["scores"]["tidy"] for n in range(4)] == [
        1.0,
        1.0,
        0.0,
        1.0,
    ]


def test_zeroeval_keeps_prompt_question_and_length(built: Built) -> None:
    row = built.rows("zeroeval")["gsm/gsm8k-main-test-#0"]
    assert row["question"] == "Add 4 pears and 5 pears."
    assert row["prompt"] == "## Question: \n\nAdd 4 pears and 5 pears.\n\nShow JSON."
    assert "subtask" not in row
    assert row["output_tokens"]["silent"] == 1
    # 42 characters are 10.5 quarters, and halves go to the even number.
    assert row["output_tokens"]["tidy"] == 10
    assert set(row["output_tokens"]) == set(row["scores"])


def test_zeroeval_leaves_out_models_that_were_asked_too_little(built: Built) -> None:
    assert "brief" not in built.rows("zeroeval")["gsm/gsm8k-main-test-#0"]["scores"]
    assert "zeroeval: gsm: brief was asked 1 items only; left out" in built.run.errors
    assert "zeroeval: mmlu-redux: brief was asked too few items; left out" in built.run.errors


def test_zeroeval_verdicts_come_from_the_history(built: Built) -> None:
    rows = built.rows("zeroeval")
    assert not (built.repos / "ZeroEval/state_of_limit").exists()
    # silent was asked everything, so no verdict means no answer; of extra nobody says so.
    assert rows["mmlu-redux/mmlu-redux-anatomy-#0"]["scores"] == {
        "whole": 1.0,
        "extra": 0.0,
        "silent": 0.0,
    }
    assert rows["mmlu-redux/mmlu-redux-virology-#1"]["scores"] == {
        "silent": 1.0,
        "whole": 1.0,
        "extra": 0.0,
    }
    assert rows["zebra-grid/lgp-test-2x3-7"]["scores"] == {"whole": 1.0, "silent": 0.0}
    assert rows["zebra-grid/lgp-test-2x3-7"]["subtask"] == "2x3"
    assert rows["zebra-grid/lgp-test-2x3-7"]["prompt"].startswith("# Puzzle to Solve")
    assert "no prompt is found for 1 questions, the first is lgp-test-6x6-1" in built.run.errors


def test_zeroeval_prompts_come_from_result_files_or_tables(built: Built) -> None:
    rows = built.rows("zeroeval")
    kept = rows["mmlu-redux/mmlu-redux-anatomy-#0"]
    assert kept["prompt"] == "## Question: \n\nWhich bone hums?\n\n- (A) ulna\n- (B) none"
    assert kept["question"] == "Which bone hums?\nA) ulna\nB) none"
    assert kept["subtask"] == "anatomy"
    made = rows["mmlu-redux/mmlu-redux-anatomy-#1"]
    assert made["question"] == "Which rib?\nA) first\nB) the smith's"
    assert made["prompt"].startswith(
        "## Question: \n\nWhich rib?\n\n## Choices:\n\n- (A) first\n- (B) the"
    )
    assert made["prompt"].endswith(
        '```json\n{\n    "reasoning": "___",\n    "answer": "___"\n}\n```'
    )
    assert rows["mmlu-redux/mmlu-redux-virology-#1"]["question"].endswith("sings?\nA) a\nB) b, c")


# MMLU-Pro


def test_mmlu_pro_takes_the_last_answer_then_looser_patterns(built: Built) -> None:
    rows = built.rows("mmlu_pro")
    assert rows["physics/7"]["scores"] == {"small-7B": 1.0}
    assert rows["physics/9"]["scores"] == {"small-7B": 0.0}
    # deepseek's file is only in the history; gpt-4o's holds no output, which is no measurement.
    assert rows["law/8"]["scores"] == {
        "small-7B": 1.0,
        "gemini-3.1-pro": 1.0,
        "deepseek-v2-chat": 0.0,
    }
    assert rows["law/8"]["output_tokens"] == {
        "small-7B": 7,
        "gemini-3.1-pro": 2,
        "deepseek-v2-chat": 2,
    }


def test_mmlu_pro_prompts_are_the_question_without_its_examples(built: Built) -> None:
    row = built.rows("mmlu_pro")["law/8"]
    expected = (
        "Question: Metal 8?\nOptions: A. bronze\nB. tin\nC. zinc\nAnswer: Let's think step by step."
    )
    assert row["prompt"] == expected
    assert (row["task"], row["subtask"]) == ("mmlu-pro", "law")
    assert list(built.rows("mmlu_pro")) == ["physics/7", "physics/9", "law/8"]


def test_mmlu_pro_names_what_it_leaves_out(built: Built) -> None:
    assert re.search(r"small-7B_5shots\.zip:outputs/all\.json: entry 10 lacks", built.run.errors)
    assert re.search(
        r"notes\.zip: is not named model_outputs_MODEL_5shots\.zip; left out", built.run.errors
    )
    assert "Meta-Llama-3-8B-Instruct is left out" in built.run.errors


# RouteLLM


def test_routellm_numbers_questions_by_their_place(built: Built) -> None:
    rows = built.rows("routellm")
    both = {"Mixtral-8x7B-Instruct-v0.1": 0.0, "gpt-4-1106-preview": 1.0}
    assert rows["mmlu/logic-0"]["scores"] == both
    assert rows["mmlu/logic-0"]["prompt"] == "Is one\ntwo?\nA. yes\nB. no\nAnswer:"
    assert rows["mmlu/logic-2"]["subtask"] == "logic"
    assert "mmlu/logic-1" not in rows
    assert re.search(r"mmlu_logic\.csv:7: Mixtral-8x7B-Instruct-v0\.1 is 'maybe'", built.run.errors)


def test_routellm_measures_answers_of_gsm8k(built: Built) -> None:
    row = built.rows("routellm")["gsm8k/0"]
    assert row["scores"] == {"Mixtral-8x7B-Instruct-v0.1": 1.0, "gpt-4-1106-preview": 0.0}
    assert row["output_tokens"] == {"Mixtral-8x7B-Instruct-v0.1": 4, "gpt-4-1106-preview": 1}


def test_routellm_makes_a_row_of_each_turn_of_mt_bench(built: Built) -> None:
    rows = built.rows("routellm")
    first, second = rows["mt_bench/81-t1"], rows["mt_bench/81-t2"]
    assert first["scores"] == {"gpt-4-1106-preview": 1.0, "Mixtral-8x7B-Instruct-v0.1": 7.5 / 9}
    assert first["raw"] == {"gpt-4-1106-preview": 10, "Mixtral-8x7B-Instruct-v0.1": 8.5}
    assert (first["prompt"], first["subtask"]) == ("Write.", "writing")
    assert second["prompt"] == "[Turn 1] Write.\n[Turn 2] Shorter."
    assert second["scores"] == {"Mixtral-8x7B-Instruct-v0.1": 0.0}
    assert re.search(
        r"judgements\.jsonl:2: the grade is -1; it must be from 1 to 10", built.run.errors
    )


# Arena-Hard


def test_arena_is_read_from_the_history(built: Built) -> None:
    rows = built.rows("arena_bench_v1")
    assert not (built.repos / "arena-hard-auto/data").exists()
    assert rows["arena/q1"]["scores"] == {
        "gpt-4-1106-preview": 1.0,
        "old-chat": 3 / 9,
        "withdrawn": 0.0,
    }
    # The prompt is the last version's, as it stands; 18 characters are 4.5 quarters.
    assert rows["arena/q1"]["prompt"] == "Tell me q1. "
    assert rows["arena/q1"]["output_tokens"] == {"old-chat": 4}
    assert rows["arena/q2"]["scores"] == {"gpt-4-1106-preview": 0.0}
    assert "arena/q3" not in rows
    assert re.search(r"/model_judgment/old-chat\.jsonl:2: is not JSON", built.run.errors)


# MisguidedAttention


def test_misguided_attention_averages_samples(built: Built) -> None:
    rows = built.rows("misguided_attention")
    assert rows["easy_bridge"]["scores"] == {"alpha": 0.5, "beta": 1.0}
    assert rows["easy_bridge"]["output_tokens"] == {"alpha": 5, "beta": 1}
    assert rows["easy_bridge"]["prompt"] == "One wolf, one boat."
    assert "tame_cat" not in rows
    assert "unlisted: stands in no list of prompts" in built.run.errors
    assert "easy_bridge: gamma has no grade; left out" in built.run.errors


def test_misguided_attention_reads_the_plain_list_if_nothing_is_scrambled(tmp_path: Path) -> None:
    synthetic.build(tmp_path, "misguided_attention")
    harness = tmp_path / "MisguidedAttention/eval/harness"
    (harness / "misguided_attention_v4_long.scr").unlink()
    prompts = {"prompts": [{"prompt_id": "easy_bridge", "prompt": "Plainly."}]}
    synthetic.put(harness / "misguided_attention_v4_long.json", prompts)
    assert run("--repos", tmp_path, "--out", tmp_path, "misguided_attention").status == 0
    assert [row["prompt"] for row in read(tmp_path / "misguided_attention.jsonl.gz")] == [
        "Plainly."
    ]


# BullshitBenchmark


def test_bullshit_benchmark_halves_the_consensus(built: Built) -> None:
    rows = built.rows("bullshit_benchmark")
    assert list(rows) == ["af_01"]
    assert rows["af_01"]["scores"] == {"claude-x": 0.5, "gemini-y@reasoning=high": 1.0}
    # The provider's count where there is one, else a quarter of 41 characters.
    assert rows["af_01"]["output_tokens"] == {"claude-x": 321, "gemini-y@reasoning=high": 10}
    assert rows["af_01"]["subtask"] == "causal_chimera"
    assert re.search(r"aggregate\.jsonl:5: grade 1\.0 of question 'zz_99'", built.run.errors)


def test_bullshit_benchmark_reads_folders_of_shards_too(built: Built, tmp_path: Path) -> None:
    synthetic.build(tmp_path, "bullshit_benchmark")
    latest = tmp_path / "bullshit-benchmark/data/latest"
    for kind in ("aggregate", "responses"):
        (latest / kind).mkdir()
        (latest / f"{kind}.jsonl").rename(latest / kind / "sha256-00.jsonl")
    assert run("--repos", tmp_path, "--out", tmp_path, "bullshit_benchmark").status == 0
    assert same_bytes(tmp_path, built.out, "bullshit_benchmark")


# RouterArena


def test_routerarena_copies_scores_counts_and_costs(built: Built) -> None:
    rows = built.rows("routerarena")
    assert list(rows) == ["AIME_112", "WMT19-zh-en_3"]
    assert rows["AIME_112"]["scores"] == {"flash": 1.0, "haiku": 0.0}
    assert rows["AIME_112"]["output_tokens"] == {"flash": 9, "haiku": 120}
    assert rows["AIME_112"]["cost"] == {"flash": 0.001, "haiku": 0.0002}
    assert (rows["AIME_112"]["prompt"], rows["AIME_112"]["subtask"]) == ("Solve AIME_112.", "AIME")
    assert rows["WMT19-zh-en_3"]["output_tokens"] == {"haiku": 1}
    assert "cost" not in rows["WMT19-zh-en_3"]
    assert re.search(r"flash\.jsonl:2: is no object", built.run.errors)
    assert re.search(r"haiku\.jsonl:4: the score is 7; it must be from 0 to 1", built.run.errors)


# The files


def same_bytes(one: Path, other: Path, source: str) -> bool:
    return (one / f"{source}.jsonl.gz").read_bytes() == (other / f"{source}.jsonl.gz").read_bytes()


@pytest.mark.parametrize("source", synthetic.BUILDERS)
def test_built_twice_gives_the_same_bytes(built: Built, source: str, tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "elsewhere", source)
    assert run("--repos", repos, "--out", tmp_path, source).status == 0
    assert same_bytes(tmp_path, built.out, source)


def test_the_gzip_header_holds_neither_time_nor_path(built: Built) -> None:
    header = (built.out / "routellm.jsonl.gz").read_bytes()[:25]
    assert header == b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x02\xffroutellm.jsonl\x00"


def test_text_stays_readable_and_half_a_surrogate_is_replaced(tmp_path: Path) -> None:
    synthetic.build(tmp_path, "routerarena")
    path = tmp_path / "RouterArena/cached_results/haiku.jsonl"
    path.write_text(path.read_text().replace("Solve WMT19-zh-en_3.", r"Na\u00efve \ud83d"))
    assert run("--repos", tmp_path, "--out", tmp_path, "routerarena").status == 0
    text = gzip.decompress((tmp_path / "routerarena.jsonl.gz").read_bytes()).decode()
    assert '"prompt": "Naïve ?"' in text


# Errors


REPOSITORIES = {
    "zeroeval": ("ZeroEval", "WildEval/ZeroEval", "8c1485ed"),
    "mmlu_pro": ("MMLU-Pro", "TIGER-AI-Lab/MMLU-Pro", "f418b116"),
    "routellm": ("RouteLLM", "lm-sys/RouteLLM", "0b64fda1"),
    "arena_bench_v1": ("arena-hard-auto", "lmarena/arena-hard-auto", None),
    "misguided_attention": ("MisguidedAttention", "cpldcpu/MisguidedAttention", None),
    "bullshit_benchmark": ("bullshit-benchmark", "petergpt/bullshit-benchmark", None),
    "routerarena": ("RouterArena", "RouteWorks/RouterArena", "4714a9ac"),
}


def fetch(root: Path, directory: str, address: str, commit: str | None) -> str:
    path = root / directory
    command = f"git clone --progress https://github.com/{address} {path}"
    return command if commit is None else f"{command} && git -C {path} checkout --quiet {commit}"


@pytest.mark.parametrize("source", REPOSITORIES)
def test_a_missing_checkout_names_its_path_and_command(source: str, tmp_path: Path) -> None:
    done = run("--repos", tmp_path, "--out", tmp_path / "out", source)
    path = tmp_path / REPOSITORIES[source][0]
    assert done.status == 1
    assert f"SKIPPED: {source}: {path} is not there; fetch it with: " in done.errors
    assert fetch(tmp_path, *REPOSITORIES[source]) in done.errors
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("zeroeval", "ZeroEval/result_dirs/zebra-grid.summary.json"),
        ("zeroeval", "redux/mmlu_redux/mmlu_anatomy.csv"),
        ("mmlu_pro", "MMLU-Pro/eval_results/*.zip"),
        ("routellm", "RouteLLM/routellm/evals/mt_bench/question.jsonl"),
        ("misguided_attention", "MisguidedAttention/eval/results_long_eval/*.json"),
        ("bullshit_benchmark", "bullshit-benchmark/questions.json"),
        ("routerarena", "RouterArena/cached_results/*.jsonl"),
    ],
)
def test_a_missing_file_names_its_path_and_command(source: str, name: str, tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "repos", source)
    for git_directory in repos.glob("*/.git"):
        if git_directory.parent.name != "ZeroEval":
            shutil.rmtree(git_directory)
    if name.startswith("ZeroEval"):
        # It must be gone from the history too.
        synthetic.git(repos / "ZeroEval", "rm", "--cached", "--quiet", name.partition("/")[2])
        synthetic.git(repos / "ZeroEval", "commit", "--quiet", "--amend", "--message", "without")
    for path in repos.glob(name):
        path.unlink()
    done = run("--repos", repos, "--out", tmp_path / "out", source)
    assert done.status == 1
    # A subject's table is looked for in its older folder last.
    shown = name.replace("mmlu_redux/", "mini_mmlu/")
    assert f"{repos / shown} is neither in the checkout nor in its history" in done.errors
    assert "fetch the repository anew with: git clone --progress https://github.com/" in done.errors


def test_verdicts_need_the_history(tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "repos", "zeroeval")
    shutil.rmtree(repos / "ZeroEval/.git")
    done = run("--repos", repos, "--out", tmp_path / "out", "zeroeval")
    assert done.status == 1
    assert (
        "state_of_limit/task_summary_mmlu-redux.json is neither in the checkout nor" in done.errors
    )


SCRAMBLED = "MisguidedAttention/eval/harness/misguided_attention_v4_long.scr"


@pytest.mark.parametrize(
    ("source", "name", "content", "problem"),
    [
        (
            "zeroeval",
            "ZeroEval/result_dirs/gsm/tidy.json",
            '[\n{"id": 1},\n{"id": ]',
            ":3: is not JSON",
        ),
        (
            "mmlu_pro",
            "MMLU-Pro/eval_results/model_outputs_a_5shots.zip",
            "PK no",
            ": is no zip file",
        ),
        (
            "routellm",
            "RouteLLM/routellm/evals/mmlu/responses/mmlu_z.csv",
            b"prompt\n\xff",
            ":2: is not UTF-8",
        ),
        ("misguided_attention", SCRAMBLED, "x", ":1: holds no list of prompts"),
        (
            "arena_bench_v1",
            "arena-hard-auto/data/arena-bench-v1/question.jsonl",
            b"\xff",
            ":1: is not UTF-8",
        ),
        ("bullshit_benchmark", "bullshit-benchmark/questions.json", "\n{", ":2: is not JSON"),
        ("routerarena", "RouterArena/cached_results/zz.jsonl", b"{}\n\xff", ":2: is not UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    source: str, name: str, content: bytes | str, problem: str, tmp_path: Path
) -> None:
    repos = synthetic.build(tmp_path / "repos", source)
    synthetic.put(repos / name, content)
    done = run("--repos", repos, "--out", tmp_path / "out", source)
    assert done.status == 1
    assert f"SKIPPED: {source}: {repos / name}{problem}" in done.errors


def test_one_source_that_fails_is_skipped_by_name_and_the_others_are_built(tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "repos", "routerarena", "misguided_attention")
    done = run("--repos", repos, "--out", tmp_path / "out")
    assert done.status == 1
    assert done.out.splitlines() == ["misguided_attention: 1 rows", "routerarena: 2 rows"]
    skipped = re.findall(r"^SKIPPED: (\w+): ", done.errors, re.MULTILINE)
    assert skipped == ["zeroeval", "mmlu_pro", "routellm", "arena_bench_v1", "bullshit_benchmark"]


def test_a_failure_leaves_an_older_file_as_it_was(tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "repos", "routerarena")
    assert run("--repos", repos, "--out", tmp_path, "routerarena").status == 0
    before = (tmp_path / "routerarena.jsonl.gz").read_bytes()
    (repos / "RouterArena/cached_results/haiku.jsonl").write_bytes(b"\xff")
    assert run("--repos", repos, "--out", tmp_path, "routerarena").status == 1
    assert (tmp_path / "routerarena.jsonl.gz").read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_many_bad_lines_do_not_bury_the_summary(tmp_path: Path) -> None:
    repos = synthetic.build(tmp_path / "repos", "routerarena")
    (repos / "RouterArena/cached_results/bad.jsonl").write_text("{\n" * 1500)
    done = run("--repos", repos, "--out", tmp_path, "routerarena")
    assert done.status == 0
    assert "routerarena: and 1,482 more like these" in done.errors
    assert len(done.errors.splitlines()) == 22


def test_it_says_that_the_files_hold_more_than_the_published_ones(built: Built) -> None:
    assert built.run.errors.count("these files hold every question") == 1


def test_a_source_without_rows_is_an_error(tmp_path: Path) -> None:
    synthetic.put(tmp_path / "RouterArena/cached_results/empty.jsonl", "")
    done = run("--repos", tmp_path, "--out", tmp_path, "routerarena")
    assert done.status == 1
    assert "SKIPPED: routerarena: routerarena.jsonl.gz: no rows were found" in done.errors


# The command line


def test_without_repos_it_prints_the_commands_that_fetch_them() -> None:
    done = run()
    assert done.status == 0
    root = Path(os.path.relpath(ROOT / "evals/work/repos"))
    pinned = [*REPOSITORIES.values(), ("redux", "aryopg/mmlu-redux", "4563cfa7")]
    commands = [line for line in done.out.splitlines() if not line.startswith("#")]
    assert sorted(commands) == sorted(fetch(root, *repository) for repository in pinned)
    comments = re.findall(r"^# ([\w-]+): the commit is not recorded", done.out, re.MULTILINE)
    assert comments == ["arena-hard-auto", "MisguidedAttention", "bullshit-benchmark"]


def test_named_sources_need_only_their_repositories() -> None:
    addresses = re.findall(r"https://github\.com/(\S+)", run("zeroeval", "routerarena").out)
    assert addresses == ["WildEval/ZeroEval", "aryopg/mmlu-redux", "RouteWorks/RouterArena"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--repos", "x"], "--repos needs --out DIR"),
        (["--out", "x"], "--out needs --repos DIR"),
        (["zebras"], "zebras is no source; there are zeroeval, "),
    ],
)
def test_a_call_that_makes_no_sense_says_what_it_needs(arguments: list[str], problem: str) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert problem in done.errors


def test_relative_paths_belong_to_the_callers_directory(tmp_path: Path) -> None:
    synthetic.build(tmp_path / "repos", "routerarena")
    command = [ROOT / "scripts/data", "--repos", "repos", "--out", "out", "routerarena"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out/routerarena.jsonl.gz").is_file()


def github_at(root: Path) -> dict[str, str]:
    """Makes git fetch from `root` whatever it is told to fetch from GitHub."""
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{root}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "GIT_CONFIG_KEY_1": "protocol.file.allow",
        "GIT_CONFIG_VALUE_1": "always",
    }


def test_clone_fetches_and_builds_with_progress(built: Built, tmp_path: Path) -> None:
    upstream = synthetic.build(tmp_path / "github/petergpt", "bullshit_benchmark")
    synthetic.commit(upstream / "bullshit-benchmark", "all")
    call = (
        "--clone",
        "--repos",
        tmp_path / "repos",
        "--out",
        tmp_path / "out",
        "bullshit_benchmark",
    )
    done = run(*call, **github_at(tmp_path / "github"))
    assert done.status == 0, done.errors
    assert done.out.splitlines()[0].startswith(
        "[1/1] git clone --progress https://github.com/petergpt/"
    )
    assert "Cloning into" in done.errors
    assert same_bytes(tmp_path / "out", built.out, "bullshit_benchmark")
    again = run(*call, **github_at(tmp_path / "github"))
    assert again.status == 0
    assert again.out.startswith(f"[1/1] {tmp_path / 'repos/bullshit-benchmark'} is there already")


def test_clone_names_the_command_that_failed(tmp_path: Path) -> None:
    upstream = synthetic.build(tmp_path / "github/RouteWorks", "routerarena")
    synthetic.commit(upstream / "RouterArena", "not the recorded commit")
    done = run(
        "--clone", "--repos", tmp_path / "repos", "routerarena", **github_at(tmp_path / "github")
    )
    assert done.status == 1
    checkout = f"git -C {tmp_path / 'repos/RouterArena'} checkout --quiet 4714a9ac"
    assert f"this command failed with status 1: {checkout}" in done.errors


# The published files


def test_published_files_have_the_same_fields_and_ranges(built: Built) -> None:
    if not REAL.is_dir():
        pytest.skip(f"SKIPPED: {REAL} is not there; nothing was compared with the published files")
    for source in synthetic.BUILDERS:
        rows = read(REAL / f"{source}.jsonl.gz")
        assert rows, source
        assert fields(rows) == fields(built.rows(source).values()), source
        for row in rows:
            assert_documented(row, source)
            assert_published(row)


def fields(rows: object) -> dict[str, set[str]]:
    """All fields that a task's rows have."""
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["task"], set()).update(row)
    return found


GRADES = {(grade - 1) / 9 for grade in range(1, 11)}
# How ids are built, and what scores there are (None: any from 0 to 1).
PUBLISHED = {
    "gsm": (r"zeroeval/gsm/gsm8k-main-test-#\d+", {0.0, 1.0}),
    "math-l5": (r"zeroeval/math-l5/\d+", {0.0, 1.0}),
    "crux": (r"zeroeval/crux/crux-test-#\d+", {0.0, 1.0}),
    "mmlu-redux": (r"zeroeval/mmlu-redux/mmlu-redux-{subtask}-#\d+", {0.0, 1.0}),
    "zebra-grid": (r"zeroeval/zebra-grid/lgp-test-{subtask}-\d+", {0.0, 1.0}),
    "mmlu-pro": (r"mmlu_pro/{subtask}/\d+", {0.0, 1.0}),
    "mmlu": (r"routellm/mmlu/{subtask}-\d+", {0.0, 1.0}),
    "gsm8k": (r"routellm/gsm8k/\d+", {0.0, 1.0}),
    "mt_bench": (r"routellm/mt_bench/\d+-t[12]", GRADES | {7.5 / 9, 8.5 / 9}),
    "arena-user-prompts": (r"arena_bench_v1/arena/[0-9a-f]{32}", GRADES),
    "misguided-attention-v0.3-long": (r"misguided_attention/\w+", None),
    "nonsense-detection": (r"bullshit_benchmark/[a-z]{2}_\d+", {0.0, 0.5, 1.0}),
    "routerarena": (r"routerarena/{subtask}_\d+", None),
}


def assert_published(row: dict) -> None:
    """The rules that rows are built by hold in the published rows too."""
    pattern, scores = PUBLISHED[row["task"]]
    pattern = pattern.replace("{subtask}", re.escape(row.get("subtask", "")))
    assert re.fullmatch(pattern, row["id"]), row["id"]
    assert scores is None or set(row["scores"].values()) <= scores, row["id"]
    for model, grade in row.get("raw", {}).items():
        assert row["scores"][model] == (grade - 1) / 9, row["id"]
    if row["source"] == "zeroeval" and row["task"] != "mmlu-redux":
        assert row["question"] in row["prompt"], row["id"]
    if row["task"] == "mmlu-pro":
        assert row["prompt"].startswith("Question: ") and row["prompt"].endswith(" step by step.")
