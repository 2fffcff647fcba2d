"""Text that Markdown and LaTeX show as it is."""

from __future__ import annotations

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


def escaped(text: str) -> str:
    """Keep Markdown from reading signs of a name or a reason as its own, and text on one line."""
    for sign in "\\|*_<`[":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def tex(text: str) -> str:
    """Escape what LaTeX would read as a command."""
    return "".join(LATEX.get(sign, sign) for sign in " ".join(text.split()))
