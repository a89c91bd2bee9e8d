"""What the stubs say is true: their examples run, and every public name says what it is."""

from __future__ import annotations

import ast
import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import orkestra

FOLDER = Path(orkestra.__file__).parent
FILES = sorted([*FOLDER.glob("*.py"), *FOLDER.glob("*.pyi")])


def documented(file: Path) -> Iterator[tuple[str, str | None]]:
    """Each public name of the file, and its docstring."""
    tree = ast.parse(file.read_text())
    yield file.name, ast.get_docstring(tree)

    def below(node: ast.AST, path: str) -> Iterator[tuple[str, str | None]]:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                name = f"{path}.{inner.name}"
                yield name, ast.get_docstring(inner)
                if isinstance(inner, ast.ClassDef):
                    yield from below(inner, name)

    yield from below(tree, file.name)


ALL = [found for file in FILES for found in documented(file)]
EXAMPLES = [(name, text) for name, text in ALL if text and ">>>" in text]


def test_every_public_name_is_documented() -> None:
    # Of overloads the last one speaks for all.
    said = {name for name, text in ALL if text}
    dark = {name for name, _ in ALL if name not in said and not name.rpartition(".")[2].startswith("_")}
    # What a coroutine or an iterator has by its nature needs no words.
    assert {name for name in dark if not name.startswith("_orkestra.pyi.Coroutine.")} == set()


def shown() -> Iterator[tuple[str, str | None, str]]:
    """Each documented class and method of the extension: what ``help`` shows, and what the stub says."""
    for owner in ast.parse((FOLDER / "_orkestra.pyi").read_text()).body:
        thing = getattr(orkestra, getattr(owner, "name", ""), None)
        if isinstance(owner, ast.ClassDef) and thing is not None:
            yield owner.name, thing.__doc__, ast.get_docstring(owner) or ""
            for method in owner.body:
                if isinstance(method, ast.FunctionDef) and (said := ast.get_docstring(method)):
                    if not method.name.startswith("__"):
                        yield f"{owner.name}.{method.name}", getattr(thing, method.name).__doc__, said
        elif isinstance(owner, ast.FunctionDef) and thing is not None and (said := ast.get_docstring(owner)):
            yield owner.name, thing.__doc__, said


def test_help_shows_what_the_stubs_say() -> None:
    compared = [(name, inspect.cleandoc(text or "") == said) for name, text, said in shown()]
    assert len(compared) > 150
    assert [name for name, same in compared if not same] == []


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_examples_run(name: str, text: str) -> None:
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    out: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=out.append)
    assert result.failed == 0, "".join(out)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 15
