"""A report as a table: metrics down, sets of samples across; above it what was compared, below it what is unfair."""

from __future__ import annotations

import io
import sys
from itertools import pairwise

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from ganbench.external.intervals import METHOD, Interval
from ganbench.external.reports import Report, heading
from ganbench.table.columns import ARROWS, display_name
from ganbench.table.markup import escaped, tex

ACROSS = 4  # sets that fit side by side
WIDE = 200  # characters, where no screen says how many fit


def lines(report: Report, which: slice) -> list[list[str]]:
    """Return the cells, the first line being the header."""
    rows = report.rows[which]
    header = ["metric", "version", *(f"{row.name} (n {len(row.side.cloud)})" for row in rows)]
    table = [header]
    for place, score in enumerate(report.rows[0].scores):
        cells = [shown(row.scores[place].values[0], row.intervals[place]) for row in rows]
        table.append([f"{display_name(score)} {ARROWS[score.better]}", str(score.version), *cells])
    return table


def shown(value: float | None, interval: Interval) -> str:
    """Return a value with five significant digits, and its interval."""
    if value is None:
        return "undefined"
    return f"{value:.5g}" + (f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else "")


def parts(report: Report) -> list[slice]:
    """Cut the sets into as few parts as fit the page, even ones."""
    count = -(-len(report.rows) // ACROSS)
    edges = [len(report.rows) * i // count for i in range(count + 1)]
    return [slice(*edge) for edge in pairwise(edges)]


def below(report: Report) -> list[str]:
    """Return the lines under the table: why a value is undefined, what an interval is, the warnings."""
    said = [
        f"{each.metric} of {row.name} is undefined: {each.reasons[0]}"
        for row in report.rows
        for each in row.scores
        if each.reasons[0]
    ]
    if any(interval for row in report.rows for interval in row.intervals):
        said.append(f"[low, high]: {METHOD}; the bias of small n is not in it")
    return [*said, *map(str, report.warnings)]


def markdown(report: Report) -> str:
    """Return Markdown."""
    blocks = ["\n".join(f"- {escaped(line)}" for line in heading(report))]
    for part in parts(report):
        head, *body = ([escaped(cell) for cell in line] for line in lines(report, part))
        rule = ["---", "---:", *["---:"] * (len(head) - 2)]
        blocks.append("\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body)))
    notes = "\n".join(f"- {escaped(line)}" for line in below(report))
    return "\n\n".join([*blocks, *([notes] if notes else [])]) + "\n"


def latex(report: Report) -> str:
    """Return LaTeX that needs the package booktabs."""
    blocks = [r"\begin{table}", r"\centering"]
    for part in parts(report):
        head, *body = (" & ".join(map(tex, line)) + r" \\" for line in lines(report, part))
        columns = "lr" + "r" * len(report.rows[part])
        blocks += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
        blocks += [r"\end{tabular}", "", r"\medskip", ""]
    notes = " \\\\\n".join(tex(line) for line in [*heading(report), *below(report)])
    return "\n".join([*blocks, rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {notes}}}", r"\end{table}"]) + "\n"


def terminal(report: Report) -> Group:
    """Return the table for a terminal."""
    shown_parts: list[Table | Text] = [Text(line, style="dim") for line in heading(report)]
    for part in parts(report):
        head, *body = lines(report, part)
        table = Table()
        for place, name in enumerate(head):
            table.add_column(Text(name), justify="left" if place == 0 else "right", overflow="fold")
        for line in body:
            table.add_row(*map(Text, line))
        shown_parts.append(table)
    shown_parts += [Text(line, style="yellow" if line[:1] == "W" else "dim") for line in below(report)]
    return Group(*shown_parts)


def plain(report: Report) -> str:
    """Return the table for a terminal as text without colours."""
    console = Console(file=io.StringIO(), width=WIDE, color_system=None)
    console.print(terminal(report))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def print_out(report: Report) -> None:
    """Print the table: folded to a screen, not elsewhere."""
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(terminal(report))
