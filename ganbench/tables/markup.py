"""A comparison as Markdown, as LaTeX, and on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rich.console import Group
from rich.table import Table as TerminalTable
from rich.text import Text

from ganbench._util.markup import escaped, tex
from ganbench.tables.comparison import Cell, Table

ACROSS = {"markdown": 11, "latex": 5, "terminal": 5}  # columns that fit side by side; the rest goes below


def blocks(table: Table, form: str) -> Iterator[slice]:
    """Cut the columns into parts that fit side by side, as even as can be."""
    count = -(-len(table.header) // ACROSS[form])
    edges = [len(table.header) * i // count for i in range(count + 1)]
    return (slice(*edge) for edge in pairwise(edges))


def markdown(table: Table) -> str:
    """Return a section of Markdown."""
    parts = [f"## {table.dataset}"]
    for block in blocks(table, "markdown"):
        header = ["baseline", *table.header[block]]
        lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
        for line in table.lines:
            label = f"*{escaped(line.label)}*" if line.is_control else escaped(line.label)
            lines.append([label, *map(markdown_cell, line.cells[block])])
        lines[0] = [escaped(text) for text in header]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    notes = [f"- {escaped(note)}" for note in [*table.notes, *controls(table)]]
    notes += [f"- <sup>{i}</sup> {escaped(text)}" for i, text in enumerate(table.footnotes, 1)]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def markdown_cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text)
    return f"{text}<sup>{cell.note}</sup>" if cell.note else text


def controls(table: Table) -> list[str]:
    """Say which rows are controls, where there are any."""
    names = [line.label for line in table.lines if line.is_control]
    return [f"Controls, in italics: {', '.join(names)}."] if names else []


def latex(table: Table) -> str:
    """Return LaTeX that needs the package booktabs."""
    parts = [r"\begin{table}", r"\centering", rf"\caption{{{tex(table.dataset)}}}"]
    for block in blocks(table, "latex"):
        header = table.header[block]
        parts += [rf"\begin{{tabular}}{{l{'r' * len(header)}}}", r"\toprule"]
        parts += [" & ".join(["baseline", *map(tex, header)]) + r" \\", r"\midrule"]
        for i, line in enumerate(table.lines):
            if line.is_control and i and not table.lines[i - 1].is_control:
                parts.append(r"\midrule")
            label = rf"\textit{{{tex(line.label)}}}" if line.is_control else tex(line.label)
            parts.append(" & ".join([label, *map(latex_cell, line.cells[block])]) + r" \\")
        parts += [r"\bottomrule", r"\end{tabular}", "", r"\medskip", ""]
    notes = [tex(note) for note in [*table.notes, *controls(table)]]
    notes += [rf"\textsuperscript{{{i}}} {tex(text)}" for i, text in enumerate(table.footnotes, 1)]
    body = " \\\\\n".join(notes)
    return "\n".join([*parts, rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {body}}}", r"\end{table}"]) + "\n"


def latex_cell(cell: Cell) -> str:
    text = rf"\textbf{{{tex(cell.text)}}}" if cell.best else tex(cell.text)
    return rf"{text}\textsuperscript{{{cell.note}}}" if cell.note else text


def terminal(table: Table) -> Group:
    """Return a comparison for a terminal, notes included."""
    parts: list[TerminalTable | Text] = []
    for block in blocks(table, "terminal"):
        shown = TerminalTable(title=Text(table.dataset), title_justify="left")
        shown.add_column("baseline", overflow="fold")
        for name in table.header[block]:
            shown.add_column(Text(name), justify="right")
        for i, line in enumerate(table.lines):
            last = i + 1 < len(table.lines) and table.lines[i + 1].is_control and not line.is_control
            label = Text(line.label, style="italic" if line.is_control else "")
            shown.add_row(label, *map(terminal_cell, line.cells[block]), end_section=last)
        parts.append(shown)
    notes = [*table.notes, *controls(table), *(f"({i}) {text}" for i, text in enumerate(table.footnotes, 1))]
    return Group(*parts, *(Text(note, style="dim") for note in notes), Text(""))


def terminal_cell(cell: Cell) -> Text:
    text = Text(cell.text, style="bold" if cell.best else "")
    return text.append(f" ({cell.note})", style="dim") if cell.note else text
