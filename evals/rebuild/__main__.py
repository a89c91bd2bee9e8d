"""The command line of `scripts/data`.

The files it writes hold every question. The published outcome files hold three quarters of them,
split by question so that the rest can judge the router; by which rule is not recorded, so a router
trained on rebuilt files has seen what it would be judged with.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import (
    arena_bench_v1,
    bullshit_benchmark,
    misguided_attention,
    mmlu_pro,
    routellm,
    routerarena,
    zeroeval,
)
from .checkout import Checkouts, Missing, Notes, Unreadable
from .repositories import REPOSITORIES, CloneFailed, clone
from .rows import BadRow, write

SOURCES = {
    module.NAME: module
    for module in (
        *(zeroeval, mmlu_pro, routellm, arena_bench_v1),
        *(misguided_attention, bullshit_benchmark, routerarena),
    )
}
DEFAULT_REPOS = Path(__file__).resolve().parents[1] / "work" / "repos"
EVERYTHING = (
    "note: these files hold every question; the published ones hold three quarters and keep the "
    "rest for judging, so do not judge a router with questions that it was trained on"
)
# A broken file would bury the summary under its own lines.
NOTES_SHOWN = 20


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/data",
        description="Rebuilds the outcome files from the public repositories that hold them. "
        "Without --repos it prints the commands that fetch those repositories.",
        epilog=f"Sources: {', '.join(SOURCES)}. All of them by default.",
    )
    parser.add_argument("--repos", type=Path, metavar="DIR", help="where the checkouts are")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write SOURCE.jsonl.gz")
    where = "fetch the repositories first, into --repos or evals/work/repos"
    parser.add_argument("--clone", action="store_true", help=where)
    parser.add_argument("sources", nargs="*", metavar="SOURCE")
    return parser


def directories(sources: list[str]) -> list[str]:
    """The checkouts that `sources` are read from, in the order of the list of repositories."""
    wanted = {name for source in sources for name in SOURCES[source].REPOSITORIES}
    return [name for name in REPOSITORIES if name in wanted]


def print_commands(sources: list[str], root: Path) -> None:
    for name in directories(sources):
        repository = REPOSITORIES[name]
        if repository.commit is None:
            say(f"# {name}: the commit is not recorded; this is the newest")
        say(repository.instructions(root))
    say(f"# then: scripts/data --repos {root} --out DIR")


def build(source: str, repos: Checkouts, out: Path) -> str | None:
    """Writes one file; what went wrong, or None."""
    notes = Notes()
    try:
        count = write(out / f"{source}.jsonl.gz", SOURCES[source].rows(repos, notes))
    except (Missing, Unreadable, BadRow, OSError) as error:
        return str(error)
    finally:
        for note in notes[:NOTES_SHOWN]:
            complain(f"{source}: {note}")
        if len(notes) > NOTES_SHOWN:
            complain(f"{source}: and {len(notes) - NOTES_SHOWN:,} more like these")
    say(f"{source}: {count:,} rows")
    return None


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    for source in options.sources:
        if source not in SOURCES:
            parser.error(f"{source} is no source; there are {', '.join(SOURCES)}")
    sources = list(dict.fromkeys(options.sources)) or list(SOURCES)

    root = options.repos or Path(os.path.relpath(DEFAULT_REPOS))
    if options.clone:
        try:
            clone(directories(sources), root, say)
        except CloneFailed as error:
            complain(f"scripts/data: {error}")
            return 1
        if options.out is None:
            say(f"then: scripts/data --repos {root} --out DIR")
            return 0
    elif options.repos is None:
        if options.out is not None:
            parser.error("--out needs --repos DIR, where the checkouts are, or --clone")
        print_commands(sources, root)
        return 0
    elif options.out is None:
        parser.error("--repos needs --out DIR, where the files go")

    options.out.mkdir(parents=True, exist_ok=True)
    skipped = {}
    for source in sources:
        problem = build(source, Checkouts(root), options.out)
        if problem is not None:
            skipped[source] = problem
    if len(skipped) < len(sources):
        complain(EVERYTHING)
    for source, problem in skipped.items():
        complain(f"SKIPPED: {source}: {problem}")
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
