"""Text that terminals, Markdown, LaTeX and spreadsheets show as it is."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a cell begins with that spreadsheets compute

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "→": r"$\to$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}


def printable(text: str) -> str:
    """Return text without signs that a terminal takes for commands, or that turn its direction; each becomes a �."""
    return CONTROL.sub("\ufffd", text)


def printable_in(value: Any) -> Any:
    """Return what JSON holds with all texts in it, names too, as ``printable`` does."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [printable_in(item) for item in value]
    return {printable(name): printable_in(item) for name, item in value.items()} if isinstance(value, dict) else value


def in_json(value: Any) -> str:
    """Return plain data as JSON for people, with null for a number that is none: JSON has no infinity."""
    return json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """Return plain data with None for every number that is not finite."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return {name: finite(item) for name, item in value.items()} if isinstance(value, dict) else value


def harmless(cell: Any) -> Any:
    """Return the cell of a table so that a spreadsheet shows it: text that it would compute follows a quote sign."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) and not is_number(cell) else cell


def is_number(text: str) -> bool:
    """Whether text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def escaped(text: str) -> str:
    """Keep Markdown from reading signs of a name or a reason as its own, and text on one line."""
    for sign in "\\|*_<`[":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def tex(text: str) -> str:
    """Escape what LaTeX would read as a command."""
    return "".join(LATEX.get(sign, sign) for sign in " ".join(text.split()))
