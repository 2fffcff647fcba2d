"""What scoring returns: one row for each set of samples, with the reference, the warnings and every identity.

A Report is shown as a table with metrics down and sets of samples across, written in any of ``FORMATS``, or taken apart
as plain data.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from html import escape
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench._util.files import save_as
from ganbench._util.markup import escaped, harmless, tex
from ganbench.errors import BadInput
from ganbench.records.display import ARROWS, display_name, how_to_publish
from ganbench.records.record import Scores
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.intervals import METHOD, Interval
from ganbench.scoring.warnings import Warned

if TYPE_CHECKING:  # both take long to import
    import pandas as pd
    from rich.console import Group

ACROSS, METRICS_ACROSS = 4, 6  # sets, and metrics, that fit side by side
WIDE = 200  # characters, where no screen says how many fit


@dataclass(frozen=True)
class Row:
    """One set of samples.

    Attributes
    ----------
    name : str
        The set, as reports call it.
    is_control : bool
        Whether it was added for scale: real data, noise.
    inputs : FileInputs
        The samples and their features.
    scores : tuple of Scores
        One for each metric.
    intervals : tuple of (float, float) or None
        An interval for each score, where one was asked for and can be had.
    reference : FileInputs or None
        The reference as this set was compared with it, where it is another view than the report's: in colour, in
        another range.
    train : FileInputs or None
        Training examples, read as the set is, where there are any.
    """

    name: str
    is_control: bool
    inputs: FileInputs
    scores: tuple[Scores, ...]
    intervals: tuple[Interval, ...]
    reference: FileInputs | None = None
    train: FileInputs | None = None

    def value(self, metric: str) -> float | None:
        """Return the value of a metric; raises KeyError where it was not taken."""
        for each in self.scores:
            if each.metric == metric:
                return each.values[0]
        raise KeyError(metric)


@dataclass(frozen=True)
class ByProtocol:
    """That a report has the numbers of another tool: its name and authors, what to write of them, what departs."""

    name: str
    tool: str
    sentence: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Report:
    """All rows of one call of ``score``, against one reference.

    Attributes
    ----------
    reference : FileInputs
        What the samples were compared with.
    features : dict of str
        What features depend on: the extractor, its weights and preprocessing.
    rows : tuple of Row
        One for each set of samples, then the controls.
    warnings : tuple of Warned
        What makes the comparison unfair.
    left_out : tuple of str
        Slow metrics that "all" did not take.
    protocol : ByProtocol or None
        Whose numbers these are, where they are another tool's.
    """

    reference: FileInputs
    features: dict[str, str]
    rows: tuple[Row, ...]
    warnings: tuple[Warned, ...]
    left_out: tuple[str, ...] = ()
    protocol: ByProtocol | None = None

    @property
    def notes(self) -> list[str]:
        """What is to be known beside the warnings: metrics without their published features, slow ones left out."""
        slow = [f"left out, for they take long: {', '.join(self.left_out)}; --slow takes them, or their names do"]
        published = how_to_publish(score for row in self.rows[:1] for score in row.scores)
        own = [*self.protocol.notes, self.protocol.sentence] if self.protocol else []
        return [*published, *(slow if self.left_out else []), *own]

    @property
    def values(self) -> dict[str, dict[str, float | None]]:
        """Values by the name of the samples and the metric."""
        return {row.name: {each.metric: each.values[0] for each in row.scores} for row in self.rows}

    def __repr__(self) -> str:
        return as_text(self).rstrip("\n")

    def _repr_html_(self) -> str:
        return as_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data: what ``to_json`` writes."""
        return as_dict(self)

    def to_json(self) -> str:
        """Return everything as JSON, the same for the same input."""
        return as_json(self)

    def to_csv(self) -> str:
        """Return one line for each set and metric."""
        return as_csv(self)

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        return as_markdown(self)

    def to_latex(self) -> str:
        """Return the table as LaTeX that needs the package booktabs."""
        return as_latex(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each set and metric, with the columns of ``to_csv``."""
        import pandas as pd  # noqa: PLC0415

        return pd.DataFrame(list(flat_rows(self)), columns=list(COLUMNS))

    def save(self, path: str | Path) -> Path:
        """Write the report, whole or not at all, in the format that the name's suffix says.

        Parameters
        ----------
        path : str or Path
            A name that ends in .json, .csv, .md, .tex, .html or .txt.

        Raises
        ------
        BadInput
            For another suffix, and where the file cannot be written.
        """
        return save_as(path, {suffix: partial(maker, self) for suffix, maker in SUFFIXES.items()})


def describe(inputs: FileInputs) -> str:
    """Say in a line what a set holds and what was done to it."""
    features = inputs.feature_set
    if inputs.n is None:
        return f"mean and covariance of {features.values.shape[1]} features; of how many samples it does not say"
    done = "".join(f"; {count} {'images ' * inputs.is_image}{text}" for text, count in features.conversions.items())
    unused = f"; labels not used ({inputs.source.unused_labels})" if inputs.source.unused_labels else ""
    if not features.channels:
        return f"{len(features)} rows of {features.values.shape[1]} features{done}{unused}"
    sizes = [f"{width} by {height}" for (height, width), _ in features.sizes.most_common(3)]
    more = ", ..." if len(features.sizes) > 3 else ""
    formats = features.stored.items()
    stored = ", ".join(f"{count} {kind}" if len(formats) > 1 else kind for kind, count in formats)
    kind = "colour" if features.channels == 3 else "grey"
    dropped = f"; {len(features.left_out)} files left out" if features.left_out else ""
    return f"{len(features)} {kind} images, {', '.join(sizes)}{more} ({stored}){done}{dropped}{unused}"


def heading(report: Report) -> list[str]:
    """Return the lines above a table: what was compared with what, by which features."""
    facts = "; ".join(f"{name}: {text}" for name, text in report.features.items() if name != "name")
    lines = [f"reference {report.reference.name}: {describe(report.reference)}"]
    lines += [f"samples {row.name}: {describe(row.inputs)}" for row in report.rows]
    lines += [f"as {report.protocol.name}: {report.protocol.tool}"] if report.protocol else []
    name = report.features["name"]
    return [*lines, f"features {name} ({facts})" if facts else f"features {name}"]


def table(report: Report, which: slice) -> list[list[str]]:
    """Return the cells of some sets, the first line being the header."""
    rows = report.rows[which]
    lines = [["metric", "version", *(f"{row.name} (n {len(row.inputs.feature_set)})" for row in rows)]]
    for place, score in enumerate(report.rows[0].scores):
        cells = [cell(row.scores[place].values[0], row.intervals[place]) for row in rows]
        lines.append([f"{display_name(score)} {ARROWS[score.better]}", str(score.version), *cells])
    return lines


def cell(value: float | None, interval: Interval) -> str:
    """Return a value with five significant digits, and its interval."""
    if value is None:
        return "undefined"
    return f"{value:.5g}" + (f" [{interval[0]:.4g}, {interval[1]:.4g}]" if interval else "")


def tables(report: Report) -> list[list[list[str]]]:
    """Return the tables of a report: metrics down and sets across, or a line for each set where these are many."""
    if sum(not row.is_control for row in report.rows) <= ACROSS:
        return [table(report, part) for part in parts(len(report.rows), ACROSS)]
    return [by_set(report, part) for part in parts(len(report.rows[0].scores), METRICS_ACROSS)]


def parts(count: int, across: int) -> list[slice]:
    """Cut columns into as few parts as fit the page, even ones."""
    pages = -(-count // across)
    return [slice(*edge) for edge in pairwise([count * i // pages for i in range(pages + 1)])]


def by_set(report: Report, which: slice) -> list[list[str]]:
    """Return a line of cells for each set, with some of the metrics across."""
    first = report.rows[0].scores[which]
    lines = [["samples", "n", *(f"{display_name(each)} {ARROWS[each.better]} v{each.version}" for each in first)]]
    for row in report.rows:
        shown = zip(row.scores[which], row.intervals[which], strict=True)
        cells = [cell(score.values[0], interval) for score, interval in shown]
        lines.append([row.name, str(len(row.inputs.feature_set)), *cells])
    return lines


def notes_below(report: Report) -> list[str]:
    """Return the lines under the table: why a value is undefined, what an interval is, the warnings."""
    lines = [
        f"{display_name(each)} of {row.name} is undefined: {each.reasons[0]}"
        for row in report.rows
        for each in row.scores
        if each.reasons[0]
    ]
    if any(interval for row in report.rows for interval in row.intervals):
        lines.append(f"[low, high]: {METHOD}; the bias of small n is not in it")
    return [*lines, *report.notes, *map(str, report.warnings)]


def as_markdown(report: Report) -> str:
    """Return Markdown."""
    blocks = ["\n".join(f"- {escaped(line)}" for line in heading(report))]
    for lines in tables(report):
        head, *body = ([escaped(text) for text in line] for line in lines)
        rule = ["---", "---:", *["---:"] * (len(head) - 2)]
        blocks.append("\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *body)))
    notes = "\n".join(f"- {escaped(line)}" for line in notes_below(report))
    return "\n\n".join([*blocks, *([notes] if notes else [])]) + "\n"


def as_latex(report: Report) -> str:
    """Return LaTeX that needs the package booktabs."""
    blocks = [r"\begin{table}", r"\centering"]
    for lines in tables(report):
        head, *body = (" & ".join(map(tex, line)) + r" \\" for line in lines)
        columns = "l" + "r" * (len(lines[0]) - 1)
        blocks += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *body, r"\bottomrule"]
        blocks += [r"\end{tabular}", "", r"\medskip", ""]
    notes = " \\\\\n".join(tex(line) for line in [*heading(report), *notes_below(report)])
    return "\n".join([*blocks, rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {notes}}}", r"\end{table}"]) + "\n"


def as_html(report: Report) -> str:
    """Return the table as HTML, as a notebook shows it."""
    blocks = [html_list(heading(report))]
    for each in tables(report):
        head, *body = each
        lines = [html_line(head, "th"), *(html_line(line, "td") for line in body)]
        blocks.append(f"<table>{''.join(lines)}</table>")
    return "\n".join([*blocks, html_list(notes_below(report))])


def html_list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def html_line(cells: Sequence[str], kind: str) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(text)}</{kind}>' for text in cells)}</tr>"


def terminal(report: Report) -> Group:
    """Return the table for a terminal."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown: list[Table | Text] = [Text(line, style="dim") for line in heading(report)]
    for lines in tables(report):
        head, *body = lines
        grid = Table()
        for place, name in enumerate(head):
            grid.add_column(Text(name), justify="left" if place == 0 else "right", overflow="fold")
        for line in body:
            grid.add_row(*map(Text, line))
        shown.append(grid)
    shown += [Text(line, style="yellow" if line[:1] == "W" else "dim") for line in notes_below(report)]
    return Group(*shown)


def as_text(report: Report) -> str:
    """Return the table for a terminal as text without colours."""
    from rich.console import Console  # noqa: PLC0415

    out = io.StringIO()
    Console(file=out, width=WIDE, color_system=None).print(terminal(report))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def print_out(report: Report) -> None:
    """Print the table: folded to a screen, not elsewhere."""
    from rich.console import Console  # noqa: PLC0415

    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(terminal(report))


def as_dict(report: Report) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "ganbench": version("ganbench"),
        "reference": set_facts(report.reference),
        "rows": [row_facts(row) for row in report.rows],
        **({"protocol": asdict(report.protocol)} if report.protocol else {}),
        "notes": report.notes,
        "warnings": [asdict(each) for each in report.warnings],
    }


def as_json(report: Report, made: Mapping[str, Any] | None = None) -> str:
    """Return everything as JSON, the same for the same input; ``made`` is when, where and by what, which differs."""
    facts = as_dict(report)
    whole = {"ganbench": facts.pop("ganbench"), "made": dict(made), **facts} if made else facts
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def set_facts(inputs: FileInputs) -> dict[str, Any]:
    """Return what is known of a set."""
    features = inputs.feature_set
    return {
        "name": inputs.name,
        "content": inputs.source.digest(),
        "n": inputs.n,
        "kind": inputs.source.kind,
        "channels": features.channels,
        "sizes": {f"{width}x{height}": count for (height, width), count in sorted(features.sizes.items())},
        "stored": features.stored,
        "conversions": features.conversions,
        "left_out": [asdict(each) for each in features.left_out],
        "classes": list(features.classes),
        "unused_labels": inputs.source.unused_labels,
    }


def row_facts(row: Row) -> dict[str, Any]:
    """Return a row: the set, and each score with its whole identity."""
    scores = []
    for score, interval in zip(row.scores, row.intervals, strict=True):
        facts: dict[str, Any] = {
            "metric": score.metric,
            "name": display_name(score),
            "value": score.values[0],
            "reason": score.reasons[0],
            "interval": interval,
            **({"interval_method": METHOD} if interval else {}),
            "better": score.better,
            "version": score.version,
            "features": dict(score.features),
            "reference": score.reference,
            "n_real": score.n_real or None,
            "n_fake": score.n_fake,
            "options": dict(score.options),
        }
        scores.append(facts)
    return {**set_facts(row.inputs), "name": row.name, "control": row.is_control, "scores": scores}


NUMBERS = ("value", "low", "high", "better", "version", "n_real", "n_fake")
COLUMNS = ("samples", "metric", "name", *NUMBERS, "reference", "features", "options", "reason")


def flat_rows(report: Report) -> list[tuple[Any, ...]]:
    """Return a tuple of COLUMNS for each set and metric; None for what there is not."""
    rows: list[tuple[Any, ...]] = []
    for row in report.rows:
        for score, interval in zip(row.scores, row.intervals, strict=True):
            low, high = interval or (None, None)
            sizes = (score.better, score.version, score.n_real or None, score.n_fake, score.reference)
            identity = json.dumps(score.features, sort_keys=True), json.dumps(score.options, sort_keys=True)
            value = score.values[0]
            rows.append(
                (row.name, score.metric, display_name(score), value, low, high, *sizes, *identity, score.reasons[0])
            )
    return rows


def as_csv(report: Report) -> str:
    """Return one line for each set and metric."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([harmless(cell) for cell in row] for row in flat_rows(report))
    return out.getvalue()


FORMATS: dict[str, Callable[[Report], str]] = {
    "table": as_text,
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "latex": as_latex,
}
EVAL_RESULTS = "eval-results"


def as_eval_results(report: Report, dataset: str) -> str:
    """Return YAML as a model's page on Hugging Face's Hub keeps it, in its folder ``.eval_results``.

    An entry for each set and metric that has a value: ``dataset.id`` names the benchmark there, ``task_id`` the metric.
    """
    lines = []
    for row in (row for row in report.rows if not row.is_control):
        reference = (row.reference or report.reference).name
        for score in row.scores:
            if score.values[0] is None:
                continue
            against = f"{score.n_real} of {reference}" if score.n_real else reference
            features = ", ".join(f"{key}: {value}" for key, value in score.features.items())
            note = (
                f"{row.name}: {score.n_fake} samples against {against}; {display_name(score)} version {score.version}; "
                f"features {features}; ganbench {version('ganbench')}"
            )
            lines += [
                "- dataset:",
                f"    id: {yaml_text(dataset)}",
                f"    task_id: {yaml_text(display_name(score))}",
                f"  value: {yaml_number(score.values[0])}",
                f"  notes: {yaml_text(note)}",
            ]
    if not lines:
        raise BadInput("no score has a value to be written")
    return "\n".join(lines) + "\n"


def yaml_text(text: str) -> str:
    """Return text between double quotes in ASCII, for readers of YAML 1.1 and 1.2.

    JSON would do but for its pairs of surrogates, which YAML reads as two letters, and for DEL, which YAML refuses.
    """
    return "".join(
        each if " " <= each <= "~" else f"\\U{ord(each):08x}" for each in json.dumps(text, ensure_ascii=False)
    )


def yaml_number(value: float) -> str:
    """Return a finite number with all its digits; without a point, YAML 1.1 would read ``1e-05`` as text."""
    mantissa, e, exponent = repr(float(value)).partition("e")
    return mantissa + (".0" if e and "." not in mantissa else "") + e + exponent


SUFFIXES: dict[str, Callable[[Report], str]] = {
    ".json": as_json,
    ".csv": as_csv,
    ".md": as_markdown,
    ".tex": as_latex,
    ".html": as_html,
    ".txt": as_text,
}
