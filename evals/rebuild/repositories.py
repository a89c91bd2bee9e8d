"""The public repositories: where each is, which commit was read, and the commands that fetch it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """A public repository; `directory` is the name of its checkout."""

    directory: str
    address: str
    # None: the outcome files do not say which commit they were made from.
    commit: str | None

    def commands(self, root: Path) -> list[list[str]]:
        """What fetches it below `root`, in order."""
        path = str(root / self.directory)
        clone = ["git", "clone", "--progress", self.address, path]
        if self.commit is None:
            return [clone]
        return [clone, ["git", "-C", path, "checkout", "--quiet", self.commit]]

    def instructions(self, root: Path) -> str:
        """The commands as one line for a shell."""
        return " && ".join(shlex.join(command) for command in self.commands(root))


REPOSITORIES = {
    repository.directory: repository
    for repository in (
        Repository("ZeroEval", "https://github.com/WildEval/ZeroEval", "8c1485ed"),
        Repository("redux", "https://github.com/aryopg/mmlu-redux", "4563cfa7"),
        Repository("MMLU-Pro", "https://github.com/TIGER-AI-Lab/MMLU-Pro", "f418b116"),
        Repository("RouteLLM", "https://github.com/lm-sys/RouteLLM", "0b64fda1"),
        Repository("arena-hard-auto", "https://github.com/lmarena/arena-hard-auto", None),
        Repository("MisguidedAttention", "https://github.com/cpldcpu/MisguidedAttention", None),
        Repository("bullshit-benchmark", "https://github.com/petergpt/bullshit-benchmark", None),
        Repository("RouterArena", "https://github.com/RouteWorks/RouterArena", "4714a9ac"),
    )
}


class CloneFailed(Exception):
    """Says which command failed and what to do about it."""


def clone(directories: Iterable[str], root: Path, say: Callable[[str], None]) -> None:
    """Runs the commands of each repository; one that is there already is only checked out."""
    root.mkdir(parents=True, exist_ok=True)
    names = list(directories)
    for number, name in enumerate(names, start=1):
        for command in REPOSITORIES[name].commands(root):
            if command[1] == "clone" and (root / name / ".git").exists():
                say(f"[{number}/{len(names)}] {root / name} is there already")
                continue
            say(f"[{number}/{len(names)}] {shlex.join(command)}")
            try:
                failed = subprocess.run(command, check=False).returncode
            except FileNotFoundError as error:
                raise CloneFailed("git is not installed; install it and try again") from error
            if failed:
                raise CloneFailed(
                    f"this command failed with status {failed}: {shlex.join(command)}; "
                    f"git's own message is above, and {root / name} may be deleted to start afresh"
                )
