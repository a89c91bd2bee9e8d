"""The pages of `docs/python/`: their Python runs, their links lead somewhere, and the index has them all."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from exports import environment as environment

import orkestra as o

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "python"
PAGES = sorted(DOCS.glob("*.md"))
LIMIT = 300
# Nothing to run: a list of pages, and a list of names.
WITHOUT_CODE = {"README.md", "reference.md"}

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in WITHOUT_CODE], ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, environment: dict[str, str]) -> None:
    ended = run(page, environment)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) == page.read_text().count("```python\n") > 0


def test_the_python_of_the_readme_runs(environment: dict[str, str], tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().partition("\n### From Python\n")[2].partition("\n### ")[0]
    page = tmp_path / "from-python.md"
    page.write_text(section)
    ended = run(page, environment)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0


def run(page: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(Path(__file__).with_name("page.py")), str(page)]
    return subprocess.run(
        command, env=environment, cwd=environment["HOME"], capture_output=True, text=True, timeout=LIMIT
    )


def test_the_reference_is_what_the_stubs_say() -> None:
    command = [sys.executable, str(ROOT / "python" / "reference.py"), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert ended.returncode == 0, ended.stderr


def test_a_page_whose_output_is_wrong_fails(environment: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "wrong.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    assert "printed:\n2" in run(page, environment).stderr


def test_the_index_has_every_page() -> None:
    listed = {target for target in LINK.findall((DOCS / "README.md").read_text()) if "/" not in target}
    assert listed == {page.name for page in PAGES} - {"README.md"}


def test_the_page_of_errors_tells_the_tree() -> None:
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", (DOCS / "errors.md").read_text(), re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", also)) for name, also in rows}
    classes = {name: kind for name, kind in vars(o).items() if isinstance(kind, type) and issubclass(kind, o.Error)}
    del classes["Error"]
    assert told == {name: {base.__name__ for base in kind.__bases__} - {"Error"} for name, kind in classes.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in set(anchors(file)), target


def anchors(page: Path) -> Iterator[str]:
    """The names that a browser of the repository gives to the headings of a page."""
    for heading in HEADING.findall(FENCED.sub("", page.read_text())):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
