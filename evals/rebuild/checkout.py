"""Reads files of a checkout, and files that only its git history still holds."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .repositories import REPOSITORIES, Repository

# Answers of models stand in single CSV fields, longer than the csv module expects.
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


class Missing(Exception):
    """A checkout or a file is not there; says which and how to get it."""


class Unreadable(Exception):
    """A file is there but is not what it should be; says where."""


class Notes(list[str]):
    """What was left out on the way, one sentence each."""


@dataclass(frozen=True)
class Document:
    """A file's bytes, and the name to use when something in it is wrong."""

    name: str
    data: bytes

    @property
    def stem(self) -> str:
        return Path(self.name).stem

    def text(self) -> str:
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise Unreadable(f"{self.name}:{line}: is not UTF-8") from error

    def json(self) -> Any:
        try:
            return json.loads(self.text())
        except json.JSONDecodeError as error:
            raise Unreadable(f"{self.name}:{error.lineno}: is not JSON ({error.msg})") from error

    def records(self, notes: Notes) -> list[dict[str, Any]]:
        """A JSON list of objects; entries that are none are noted and left out."""
        entries = self.json()
        if not isinstance(entries, list):
            raise Unreadable(f"{self.name}:1: holds no JSON list")
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict):
                notes.append(f"{self.name}: entry {number} is no object; left out")
        return [entry for entry in entries if isinstance(entry, dict)]

    def lines(self, notes: Notes) -> Iterator[tuple[str, dict[str, Any]]]:
        """JSON lines with their places ("file:line"); bad ones are noted and left out."""
        for number, line in enumerate(self.text().split("\n"), start=1):
            place = f"{self.name}:{number}"
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                notes.append(f"{place}: is not JSON ({error.msg}); left out")
                continue
            if isinstance(record, dict):
                yield place, record
            else:
                notes.append(f"{place}: is no object; left out")

    def table(self) -> Iterator[tuple[str, dict[str, str | None]]]:
        """The rows of a CSV file with a header, comma or semicolon, and their places."""
        text = self.text().removeprefix("\ufeff")
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            first = 2
            for row in reader:
                yield f"{self.name}:{first}", row
                first = reader.line_num + 1
        except csv.Error as error:
            raise Unreadable(f"{self.name}:{reader.line_num}: is not CSV ({error})") from error


class Checkout:
    """One repository below the directory of repositories."""

    def __init__(self, root: Path, repository: Repository) -> None:
        self.path = root / repository.directory
        self.fetch = repository.instructions(root)
        if not self.path.is_dir():
            raise Missing(f"{self.path} is not there; fetch it with: {self.fetch}")

    def missing(self, name: str) -> Missing:
        return Missing(
            f"{self.path / name} is neither in the checkout nor in its history; "
            f"fetch the repository anew with: {self.fetch}"
        )

    def document(self, name: str) -> Document:
        """One file: the checkout's, or else the last version that history holds."""
        path = self.path / name
        if path.is_file():
            return Document(str(path), path.read_bytes())
        for commit, old in self._history(name):
            return self._version(commit, old)
        raise self.missing(name)

    def documents(self, folder: str, suffix: str, *, optional: bool = False) -> Iterator[Document]:
        """The files directly in `folder`, in name order: the checkout's, or where it has none
        the last version of each that history holds. Read one at a time; they can be large."""
        found = self.path / folder
        paths = sorted(p for p in found.glob("*") if p.name.endswith(suffix) and p.is_file())
        if paths:
            for path in paths:
                yield Document(str(path), path.read_bytes())
            return
        last: dict[str, str] = {}
        for commit, name in self._history(folder):
            if name.endswith(suffix) and Path(name).parent == Path(folder):
                last.setdefault(name, commit)
        if not last and not optional:
            raise self.missing(f"{folder}/*{suffix}")
        for name in sorted(last):
            yield self._version(last[name], name)

    def versions(self, folder: str, suffix: str) -> Iterator[Document]:
        """Every version of every file at any depth in `folder`, newest first."""
        for path in sorted((self.path / folder).rglob(f"*{suffix}")):
            yield Document(str(path), path.read_bytes())
        for commit, name in self._history(folder):
            if name.endswith(suffix):
                yield self._version(commit, name)

    def _history(self, name: str) -> list[tuple[str, str]]:
        """Commits that added or changed something at `name`, newest first, with the file's name."""
        if not (self.path / ".git").exists():
            return []
        listing = self._git(
            *("-c", "core.quotePath=false", "log", "--full-history", "--diff-filter=AM"),
            *("--no-renames", "--format=commit:%H", "--name-only", "--", name),
        ).decode("utf-8", "replace")
        commit, changes = "", []
        for line in listing.splitlines():
            if line.startswith("commit:"):
                commit = line.removeprefix("commit:")
            elif line:
                changes.append((commit, line))
        return changes

    def _version(self, commit: str, name: str) -> Document:
        return Document(f"{self.path}@{commit[:8]}/{name}", self._git("show", f"{commit}:{name}"))

    def _git(self, *arguments: str) -> bytes:
        command = ["git", "-C", str(self.path), *arguments]
        try:
            result = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError as error:
            raise Missing("git is not installed; some outcomes are only in histories") from error
        if result.returncode:
            message = result.stderr.decode("utf-8", "replace").strip()
            raise Unreadable(f"{self.path}: git {arguments[0]} failed: {message}")
        return result.stdout


class Checkouts:
    """The repositories below one directory; each is looked for when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __getitem__(self, directory: str) -> Checkout:
        return Checkout(self.root, REPOSITORIES[directory])
