"""A comparison as Markdown, as LaTeX, as HTML, and on a terminal."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from textwrap import wrap

from rich.console import Console, ConsoleOptions, Group
from rich.text import Text

from ganbench._util.markup import escaped, tex
from ganbench.tables.citations import bibliography, protocol
from ganbench.tables.comparison import Cell, PrintedRow, Table
from ganbench.tables.leagues import SHORT
from ganbench.tables.summary import Summary

ACROSS = {"markdown": 9, "latex": 6}  # columns that fit side by side; the rest goes below
LABEL = 30  # characters of a row's label on a line of a terminal; longer ones go on below
PIPED = 80  # characters of a line where nobody looks at a screen
STAR = "*"


def blocks(table: Table, across: int) -> list[list[int]]:
    """Cut the columns into parts that fit side by side, as even as can be, each distance with its memorisation."""
    count = -(-len(table.header) // across)
    edges = [len(table.header) * i // count for i in range(count + 1)]
    return [with_memory(table, range(*edge)) for edge in pairwise(edges)]


def with_memory(table: Table, block: Sequence[int]) -> list[int]:
    """Return a block with the columns that must stand beside one of it."""
    needed = {table.beside[i] for i in block if i in table.beside}
    return [*block, *sorted(needed - set(block))]


def markdown(table: Table) -> str:
    """Return a section of Markdown."""
    parts = [f"## {escaped(table.dataset)}"]
    parts += ["\n".join(f"- {escaped(line)}" for line in table.above)] if table.above else []
    for block in blocks(table, ACROSS["markdown"]):
        lines = [
            ["row", *(escaped(table.header[i]) for i in block)],
            ["---", *(["---:"] * len(block))],
            *([markdown_label(line), *(markdown_cell(line.cells[i]) for i in block)] for line in table.lines),
        ]
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
    notes = [f"- {escaped(note)}" for note in table.notes]
    notes += [f"- <sup>{i}</sup> {escaped(text)}" for i, text in enumerate(table.footnotes, 1)]
    return "\n\n".join([*parts, "\n".join(notes)]) + "\n"


def markdown_label(line: PrintedRow) -> str:
    """Return a row's label, in italics for a control, with the number of its footnote."""
    label = f"*{escaped(line.label)}*" if line.is_control else escaped(line.label)
    return f"{label}<sup>{line.note}</sup>" if line.note else label


def markdown_cell(cell: Cell) -> str:
    text = f"{escaped(cell.text)}{STAR if cell.in_tier else ''}"
    return f"{text}<sup>{cell.note}</sup>" if cell.note else text


def latex(table: Table) -> str:
    """Return LaTeX that needs the package booktabs."""
    parts = [r"\begin{table}", r"\centering", rf"\caption{{{tex(table.dataset)}}}"]
    for block in blocks(table, ACROSS["latex"]):
        parts += [rf"\begin{{tabular}}{{l{'r' * len(block)}}}", r"\toprule"]
        parts += [" & ".join(["row", *(tex(table.header[i]) for i in block)]) + r" \\", r"\midrule"]
        for before, line in zip([None, *table.lines], table.lines, strict=False):
            if before and before.league != line.league:
                parts.append(r"\midrule")
            parts.append(" & ".join([latex_label(line), *(latex_cell(line.cells[i]) for i in block)]) + r" \\")
        parts += [r"\bottomrule", r"\end{tabular}", "", r"\medskip", ""]
    notes = [tex(note) for note in (*table.above, *table.notes)]
    notes += [rf"\textsuperscript{{{i}}} {tex(text)}" for i, text in enumerate(table.footnotes, 1)]
    body = " \\\\\n".join(notes)
    return "\n".join([*parts, rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {body}}}", r"\end{table}"]) + "\n"


def latex_label(line: PrintedRow) -> str:
    """Return a row's label, in italics for a control, with the number of its footnote."""
    label = rf"\textit{{{tex(line.label)}}}" if line.is_control else tex(line.label)
    return rf"{label}\textsuperscript{{{line.note}}}" if line.note else label


def latex_cell(cell: Cell) -> str:
    text = f"{tex(cell.text)}{STAR if cell.in_tier else ''}"
    return rf"{text}\textsuperscript{{{cell.note}}}" if cell.note else text


def as_html(table: Table) -> str:
    """Return a comparison as HTML, as a notebook shows it."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("row", *table.header))
    body = "".join(
        f"<tr><th>{html.escape(line.label)}{html_note(line.note)}</th>{''.join(map(html_cell, line.cells))}</tr>"
        for line in table.lines
    )
    notes = "".join(f"<li>{html.escape(note)}</li>" for note in table.notes)
    notes += "".join(f"<li>{html_note(i)} {html.escape(text)}</li>" for i, text in enumerate(table.footnotes, 1))
    above = "".join(f"<p>{html.escape(line)}</p>" for line in table.above)
    return f"<h3>{html.escape(table.dataset)}</h3>{above}<table><tr>{head}</tr>{body}</table><ul>{notes}</ul>"


def html_cell(cell: Cell) -> str:
    return f"<td>{html.escape(cell.text)}{STAR if cell.in_tier else ''}{html_note(cell.note)}</td>"


def html_note(number: int) -> str:
    return f"<sup>{number}</sup>" if number else ""


@dataclass(frozen=True)
class Fitted:
    """A comparison on a terminal: as many columns side by side as fit its width, no cell broken inside a word.

    The league stands in the rule above its rows instead of a column.
    """

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = options.max_width if options.is_terminal else min(options.max_width, PIPED)
        yield Text(self.table.dataset, style="bold")
        for line in self.table.above:
            yield from (Text(part) for part in wrap(line, width, break_long_words=False, break_on_hyphens=False))
        for block in self.fitting(width):
            yield from self.lines(block)
            yield Text("")
        table = self.table
        for note in [*table.notes, *(f"({i}) {text}" for i, text in enumerate(table.footnotes, 1))]:
            yield from (
                Text(part, style="dim") for part in wrap(note, width, break_long_words=False, break_on_hyphens=False)
            )
        yield Text("")

    @property
    def places(self) -> list[int]:
        """The places of the columns that are shown."""
        return [place for place, name in enumerate(self.table.header) if name != "league"]

    @property
    def label_width(self) -> int:
        """The width of the first column."""
        parts = [part for line in self.table.lines for part in labelled(line)]
        return max(map(len, [*parts, "row"]))

    def width_of(self, place: int) -> int:
        """Return the width of a column."""
        cells = [shown(line.cells[place]) for line in self.table.lines]
        return max(map(len, [self.table.header[place], *cells]))

    def fitting(self, width: int) -> list[list[int]]:
        """Cut the columns into blocks that fit side by side; one that is too wide stands alone."""
        parts: list[list[int]] = []
        for place in self.places:
            longer = with_memory(self.table, [*(parts[-1] if parts else []), place])
            if parts and self.label_width + sum(self.width_of(i) + 2 for i in longer) <= width:
                parts[-1].append(place)
            else:
                parts.append([place])
        return [with_memory(self.table, part) for part in parts]

    def lines(self, block: Sequence[int]) -> Iterator[Text]:
        """Yield the lines of some columns, a rule between leagues."""
        widths = [self.width_of(i) for i in block]
        whole = self.label_width + sum(width + 2 for width in widths)
        head = [f"{self.table.header[i]:>{width}}" for i, width in zip(block, widths, strict=True)]
        yield Text("  ".join([f"{'row':{self.label_width}}", *head]), style="bold", no_wrap=True)
        before = ""
        for line in self.table.lines:
            if line.league != before:
                yield Text(f"-- {SHORT[line.league]} ".ljust(whole, "-"), style="dim", no_wrap=True)
            before = line.league
            cells = [f"{shown(line.cells[i]):>{width}}" for i, width in zip(block, widths, strict=True)]
            for label, part in zip_longest(labelled(line), [cells]):
                text = "  ".join([f"{label or '':{self.label_width}}", *(part or [])])
                yield Text(text.rstrip(), style="italic" if line.is_control else "", no_wrap=True)


def labelled(line: PrintedRow) -> list[str]:
    """Return a row's label with the number of its footnote, on as many lines as it needs."""
    text = f"{line.label} ({line.note})" if line.note else line.label
    return wrap(text, LABEL, break_long_words=False, break_on_hyphens=False) or [""]


def shown(cell: Cell) -> str:
    """Return a cell with its mark, and a blank where others have one, so that numbers stand below each other."""
    return f"{cell.text}{STAR if cell.in_tier else ' '}" + (f"({cell.note})" if cell.note else "")


def terminal(table: Table) -> Group:
    """Return a comparison for a terminal, notes included."""
    return Group(Fitted(table))


def document(tables: Sequence[Table], summaries: Sequence[Summary]) -> str:
    """Return tables in LaTeX with what a paper needs beside them: the package, keys to cite, the protocol in words."""
    head = ["% needs \\usepackage{booktabs}"]
    if any(summary.columns for summary in summaries):
        head += ["% The protocol, to paste:", f"% {tex(protocol(summaries))}", *bibliography(summaries)]
    return "\n".join([*head, "", *map(latex, tables)])
