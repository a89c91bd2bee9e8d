#!/usr/bin/env python3
"""Writes docs/python/reference.md from the stubs and the exceptions' docstrings; needs griffe.

    python/reference.py            writes the page
    python/reference.py --check    says whether it is as it should be
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "python" / "reference.md"

# Every public name has its place; one that is missing here, or is no more, is an error.
SECTIONS = {
    "Calling": ["Provider", "MultiProvider", "Response", "ToolCall", "Usage"],
    "Streams": ["TextStream", "Stream", "StreamEvent"],
    "Decisions": ["Plan", "Candidate", "Router", "Catalogue"],
    "Events and middleware": [
        "register_event",
        "unregister_event",
        "register_middleware",
        "unregister_middleware",
        "EventData",
        "MiddlewareData",
    ],
    "Costs": ["Ledger"],
    "Trying and testing": ["Simulator"],
    "Errors": [
        "Error",
        "InvalidRequest",
        "InvalidType",
        "Unauthenticated",
        "UnknownModel",
        "UnpricedModel",
        "TooLong",
        "Refused",
        "RateLimited",
        "BudgetSpent",
        "Timeout",
        "Unavailable",
        "Storage",
        "Config",
    ],
}

INTRODUCTION = """\
# Reference

Made from the package's stubs by `python/reference.py`. Every name is imported from `orkestra`.

A method listed with a twin (`chat`, `achat`) blocks in its first form and is awaited in its second; arguments, results and errors are the
same. Twins that give a stream are read with `async for`.
"""

PRIVATE = {
    "_Path": "str | PathLike[str]",
    "_Rows": "Sequence[Mapping[str, Any]] | str | PathLike[str] | Sequence[str | PathLike[str]]",
    "_Handler": "Callable[[EventData], object]",
    "_Middleware": "Callable[[MiddlewareData, Any], object]",
}

STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
ROLE = re.compile(r":(?:class|meth|mod|func):`~?([^`]+)`")
LITERAL = re.compile(r"``([^`]+)``")
WIDTH = 100


def main() -> int:
    page = render()
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page)
        return 0
    if PAGE.exists() and PAGE.read_text() == page:
        return 0
    print(f"{PAGE.relative_to(ROOT)} is not what the stubs say; run python/reference.py", file=sys.stderr)
    return 1


def render() -> str:
    package = load()
    known = sorted(name for names in SECTIONS.values() for name in names)
    public = sorted(name for name in map(str, package.exports or []) if not name.startswith("__"))
    if known != public:
        raise SystemExit(f"the sections and __all__ differ in {sorted(set(known) ^ set(public))}")
    blocks = [INTRODUCTION]
    for title, names in SECTIONS.items():
        blocks.append(f"## {title}\n")
        for name in names:
            blocks.extend(describe(name, package))
    blocks.append("## Names for types\n\nFor annotations; import them from `orkestra.types`.\n")
    types = package.modules["types"]
    blocks.extend(alias(types[name]) for name in types.members if is_alias(types[name]))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks)).strip() + "\n"


def load() -> griffe.Module:
    package = griffe.load(
        "orkestra",
        search_paths=[str(ROOT / "python")],
        allow_inspection=False,
        docstring_parser="google",
        # Types stand in the signatures; the parser need not miss them in the text.
        docstring_options={"warnings": False},
        resolve_aliases=True,
    )
    assert isinstance(package, griffe.Module)
    return package


def describe(name: str, package: griffe.Module) -> Iterator[str]:
    overloads = package.modules["_orkestra"].overloads.get(name)
    if overloads:
        yield function(overloads[-1], heading="###")
        return
    item = package[name]
    item = item.final_target if isinstance(item, griffe.Alias) else item
    if isinstance(item, griffe.Function):
        yield function(item, heading="###")
    elif isinstance(item, griffe.Class):
        yield from klass(item)
    else:
        raise SystemExit(f"{name} is neither a class nor a function")


def klass(item: griffe.Class) -> Iterator[str]:
    bases = ", ".join(f"`{base}`" for base in item.bases)
    yield f"### {item.name}\n"
    if bases:
        yield f"A kind of {bases}.\n"
    made = item.members.get("__new__") or item.members.get("__init__")
    if isinstance(made, griffe.Function) and list(made.parameters)[1:]:
        yield signature(item.name, made, returns=False)
    yield prose(item.docstring)

    fields: list[griffe.Attribute] = []
    methods: list[griffe.Function] = []
    twins: dict[str, str] = {}
    for name in [*item.members, *(name for name in item.overloads if name not in item.members)]:
        member = item.overloads[name][-1] if item.overloads.get(name) else item.members[name]
        if name.startswith("_"):
            continue
        if isinstance(member, griffe.Attribute):
            fields.append(member)
        elif name.startswith("a") and name[1:] in item.members:
            twins[name[1:]] = name
        elif isinstance(member, griffe.Function):
            methods.append(member)
    if fields and any(field.docstring for field in fields):
        rows = [f"| `{field.name}` | {kind(field.annotation)} | {line(field.docstring)} |" for field in fields]
        yield "\n".join(["| field | type | |", "|---|---|---|", *rows]) + "\n"
    shared = same_as_provider(item)
    for method in methods:
        if method.name in shared:
            continue
        twin = item.members.get(twins.get(method.name, ""))
        yield function(method, heading="####", owner=item.name, twin=twin)
    if shared:
        links = ", ".join(f"[`{name}`](#provider{name})" for name in shared)
        yield f"The rest is as in `Provider`: {links}, and their twins.\n"


def same_as_provider(item: griffe.Class) -> list[str]:
    """The methods that say the same as Provider's, which need not be read twice."""
    if item.name != "MultiProvider":
        return []
    one = item.module["Provider"]

    def said(method: griffe.Object) -> tuple[str, str]:
        text = method.docstring.value if method.docstring else ""
        return signature("", method) if isinstance(method, griffe.Function) else "", text

    methods = [name for name, member in one.members.items() if isinstance(member, griffe.Function)]
    return [
        name
        for name in dict.fromkeys([*methods, *one.overloads])
        if not name.startswith("_")
        and not (name.startswith("a") and name[1:] in methods)
        and said(last(one, name)) == said(last(item, name))
    ]


def last(item: griffe.Class, name: str) -> griffe.Object:
    """A method; of overloads the last, which speaks for all."""
    if item.overloads.get(name):
        return item.overloads[name][-1]
    member = item.members[name]
    assert isinstance(member, griffe.Object)
    return member


def function(
    item: griffe.Function, *, heading: str, owner: str = "", twin: griffe.Object | griffe.Alias | None = None
) -> str:
    path = f"{owner}.{item.name}" if owner else item.name
    said = [f"{heading} {path}\n", signature(path, item), prose(item.docstring)]
    if twin is not None:
        said.append(f"Twin `{twin.name}`: {prose(twin.docstring)}")
    return "\n".join(said)


def signature(path: str, item: griffe.Function, *, returns: bool = True) -> str:
    """The call as one would write it, a parameter a line where it is long."""
    parts, keywords_only = [], False
    chat = item.parent.members.get("chat") if item.parent else None
    if item is not chat and arguments(item) == arguments(chat):
        end = f" -> {short(item.returns)}"
        return f"```python\n{path}(prompt: Prompt, *, ...){end}    # the arguments of chat\n```\n"
    for parameter in item.parameters:
        if parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is griffe.ParameterKind.keyword_only and not keywords_only:
            parts.append("*")
            keywords_only = True
        star = STARS.get(parameter.kind, "") if parameter.kind else ""
        default = "" if parameter.default is None or star else f" = {parameter.default}"
        annotation = f": {short(parameter.annotation)}" if parameter.annotation is not None else ""
        parts.append(f"{star}{parameter.name}{annotation}{default}")
    end = f" -> {short(item.returns)}" if returns and item.returns is not None else ""
    whole = f"{path}({', '.join(parts)}){end}"
    if len(whole) > WIDTH:
        whole = f"{path}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"
    return f"```python\n{whole}\n```\n"


def arguments(item: object) -> list[tuple[str, str, str]]:
    """The parameters of a function by name, type and default."""
    if not isinstance(item, griffe.Function):
        return []
    return [(it.name, str(it.annotation), str(it.default)) for it in item.parameters]


def short(annotation: object) -> str:
    """A type as the reader knows it: private names of the stubs are spelled out."""
    text = str(annotation)
    for name, meaning in PRIVATE.items():
        text = re.sub(rf"\b{name}\b", meaning, text)
    return text


def kind(annotation: object) -> str:
    return "`" + short(annotation).replace("|", "\\|") + "`" if annotation is not None else ""


def prose(docstring: griffe.Docstring | None) -> str:
    """A docstring as Markdown: its text, a list of its arguments and errors, its examples as code."""
    blocks = []
    for section in docstring.parsed if docstring else []:
        if section.kind is griffe.DocstringSectionKind.parameters:
            blocks.append(listed((item.name, item.description) for item in section.value))
        elif section.kind is griffe.DocstringSectionKind.raises:
            raised = ((str(item.annotation).strip("()"), item.description) for item in section.value)
            blocks.append("Raises:\n\n" + listed(raised))
        elif section.kind is griffe.DocstringSectionKind.examples:
            blocks.extend(code(value) for _, value in section.value)
        elif section.kind is griffe.DocstringSectionKind.text:
            blocks.extend(paragraphs(section.value))
        else:
            raise SystemExit(f"a section of the kind {section.kind} has no place in the page")
    return "".join(f"{block}\n\n" for block in blocks)


def listed(items: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- `{name}`: {markdown(text)}" for name, text in items)


def paragraphs(text: str) -> Iterator[str]:
    for block in text.strip().split("\n\n"):
        if block.startswith(">>>"):
            yield code(block)
        elif block.startswith("    "):
            yield f"```text\n{block}\n```"
        else:
            yield markdown(block)


def code(block: str) -> str:
    return f"```pycon\n{block}\n```"


def line(docstring: griffe.Docstring | None) -> str:
    return markdown(docstring.value).replace("|", "\\|") if docstring else ""


def markdown(text: str) -> str:
    """Of reStructuredText, what the docstrings use."""
    return " ".join(LITERAL.sub(r"`\1`", ROLE.sub(r"`\1`", text)).split())


def is_alias(item: griffe.Object | griffe.Alias) -> bool:
    return isinstance(item, griffe.Attribute | griffe.TypeAlias) and item.docstring is not None


def alias(item: griffe.Attribute) -> str:
    return f"- `{item.name}`: {line(item.docstring)} `{item.value}`\n"


if __name__ == "__main__":
    sys.exit(main())
