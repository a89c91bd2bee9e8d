"""ZeroEval's rules for finding an answer in a model's output and for matching it.

They follow `src/evaluation/{eval_utils,gsm_eval,math_eval,crux_eval}.py` of that repository.
"""

from __future__ import annotations

import ast
import json
import operator
import re
from collections.abc import Callable

NUMBER = re.compile(r"-?\d+(\.\d+)?")
OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def find_answer(model: str, output: str) -> str | None:
    """The answer in `output`, or None if it has none.

    Looked for in the first whole JSON object, then as an `answer` field of broken JSON, then, for
    Llama 3.1 only, in a `\\boxed{}` near the end.
    """
    whole = first_object(output)
    if "answer" in whole:
        return str(whole["answer"])  # null becomes "None", which is right for some of CRUX
    loose = loose_field("answer", output)
    if loose is None and "Llama-3.1" in model and "boxed" in output[-30:]:
        boxed = re.search(r"\\boxed{(\w+)}", output)
        return boxed and boxed.group(1)
    return loose


def first_object(text: str) -> dict[str, object]:
    """The first span of balanced braces as JSON, without its line breaks; {} if it is none."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        if character == "{":
            start = place if depth == 0 else start
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                try:
                    return json.loads(text[start : place + 1].replace("\n", ""))
                except (ValueError, RecursionError):
                    return {}
    return {}


def loose_field(key: str, text: str) -> str | None:
    """The value of `key` in text that is almost JSON: quoted, else up to a comma or a space."""
    for pattern, flags in (
        (rf'"{key}"\s*:\s*"([^"]*?)"', 0),
        (rf'"{key}"\s*:\s*"(.*?)"', re.DOTALL),
        (rf'"{key}"\s*:\s*([^,\s]*)', 0),
        (rf"{key}\s*:\s*([^,\s]*)", 0),
    ):
        match = re.search(pattern, text, flags)
        if match:
            return match.group(1)
    return None


def same_number(answer: str, truth: str) -> bool:
    """Whether the first numbers of both are equal, without $ and commas (GSM8K, MATH)."""
    found = NUMBER.search(plain_number(answer))
    wanted = NUMBER.search(plain_number(truth.replace("#", "").strip()))
    return bool(found and wanted) and float(found.group()) == float(wanted.group())


def same_literal(answer: str, truth: str) -> bool:
    """Whether both are the same text once outer quotes are off (CRUX)."""
    return answer.strip("'\"").replace("\n", "\\n") == truth.strip("'\"")


def plain_number(text: str) -> str:
    """`text` without $ and commas; a fraction becomes its value."""
    text = text.replace("$", "").strip().replace(",", "")
    if "/" in text:
        try:
            return str(float(value(ast.parse(text, mode="eval").body)))
        except (SyntaxError, ValueError, ArithmeticError, RecursionError, MemoryError):
            pass
    return text


def value(node: ast.expr) -> float:
    """The value of an arithmetic expression. The original evaluates any Python here."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        operand = value(node.operand)
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](value(node.left), value(node.right))
    raise ValueError("not plain arithmetic")
