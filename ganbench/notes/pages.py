"""Observations as pages: the table of claims, the atlas with a picture of each, and a CSV to compute with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ganbench._util.files import write_atomically
from ganbench._util.markup import escaped
from ganbench.notes import CHAPTERS, EXPERIMENTS, load
from ganbench.notes.base import Claim, Experiment, Findings, Matrix
from ganbench.notes.record import Observation
from ganbench.report.style import DPI, save, style
from ganbench.tables.numbers import written
from ganbench.tables.statistics import CONFIDENCE, interval

INTRODUCTION = f"""# The claims of the study notes, as experiments

Each claim was run: the number that would show it, the number that was measured, and a verdict by the rule beside it.
*Note is wrong* means that a proof or the note's own source says otherwise, and that the measurement shows it. Numbers
of several seeds are means with {CONFIDENCE:.0%} intervals (Student's t).

Rules were set down before the first run. Eight were mended after it, towards a closed form, a published band or a
fairer question, and deserve a second reading: gradients on disjoint supports, clipping's ends, the Lipschitz penalties,
the singular set, the power of tests on lost modes, images made by ascent on another classifier, the cost of metrics,
and packing.
"""
HEADER = ["claim", "note", "expected", "measured", "verdict"]


def write(observations: Sequence[Observation], folder: Path, redraw: bool) -> list[Path]:
    """Write ``table.md``, ``table.csv``, ``atlas.md`` and, with ``redraw``, the pictures; return their paths."""
    texts = {"table.md": table(observations), "atlas.md": atlas(observations), "table.csv": csv(observations)}
    paths = [write_atomically(folder / name, text.encode()) for name, text in texts.items()]
    return paths + ([picture(each, folder) for each in observations if each.status == "done"] if redraw else [])


def picture(observation: Observation, folder: Path) -> Path:
    """Draw an observation into ``folder/<experiment>.png``."""
    experiment = load(observation.experiment)
    with style():
        figure = Figure(figsize=experiment.size, dpi=DPI, layout="constrained")
        experiment.draw(observation.findings, figure)
        return save(figure, folder / f"{observation.experiment}.png")


def ordered(observations: Sequence[Observation]) -> list[tuple[str, list[tuple[Experiment, Observation]]]]:
    """Return the chapters' titles with their experiments, in the order of the table of contents."""
    known = {each.experiment: each for each in observations}
    pairs = [(load(name), known[name]) for name in EXPERIMENTS if name in known]
    parts = [(title, [pair for pair in pairs if pair[0].chapter == chapter]) for chapter, title in CHAPTERS.items()]
    return [(title, part) for title, part in parts if part]


def table(observations: Sequence[Observation]) -> str:
    """Return the claims with their verdicts, the matrices, and the errors of the notes, in Markdown."""
    parts = ["# Claims", tally(observations)]
    for title, pairs in ordered(observations):
        rows = [row(claim, each) for experiment, each in pairs for claim in experiment.claims]
        parts += [f"## {title}", grid(HEADER, rows)]
        parts += [matrix for _, each in pairs for matrix in matrices(each.findings)]
    return "\n\n".join([*parts, *errata(observations)]) + "\n"


def tally(observations: Sequence[Observation]) -> str:
    """Count the verdicts."""
    verdicts = [verdict(claim, each) for each in observations for claim in load(each.experiment).claims]
    counted = [f"{verdicts.count(name)} {name}" for name in sorted(set(verdicts))]
    return f"{len(verdicts)} claims: {', '.join(counted)}."


def row(claim: Claim, observation: Observation) -> list[str]:
    return [
        escaped(claim.says),
        escaped(claim.note),
        escaped(f"{claim.expected} ({claim.source})"),
        measured(claim, observation),
        verdict(claim, observation),
    ]


def verdict(claim: Claim, observation: Observation) -> str:
    """Return the verdict, or that the experiment failed."""
    return observation.verdicts[claim.name] if observation.status == "done" else "failed"


def measured(claim: Claim, observation: Observation) -> str:
    """Return the numbers that answer a claim, the first alone or each with its name."""
    if observation.status != "done":
        return escaped(observation.reason)
    texts = [(name, written(interval(observation.findings.numbers[name]))) for name in claim.shown]
    shown = [text if len(texts) == 1 else f"{name.replace('_', ' ')} {text}" for name, text in texts]
    return escaped("; ".join(text.removesuffix(" ± 0") for text in shown))


def matrices(findings: Findings) -> list[str]:
    """Return an experiment's matrices in Markdown."""
    return [f"**{escaped(name)}**\n\n{matrix_grid(matrix)}" for name, matrix in findings.matrices.items()]


def matrix_grid(matrix: Matrix) -> str:
    """Return one matrix as a grid."""
    cells = [[cell_text(cell) for cell in line] for line in matrix.cells]
    return grid(
        ["", *map(escaped, matrix.columns)], [[escaped(n), *c] for n, c in zip(matrix.rows, cells, strict=True)]
    )


def cell_text(cell: float | str | None) -> str:
    """Return a matrix's entry as text: four significant digits, or the words."""
    return "" if cell is None else escaped(cell) if isinstance(cell, str) else f"{cell:.4g}"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def errata(observations: Sequence[Observation]) -> list[str]:
    """List what the notes say wrongly, with the correct statement and the number that shows it."""
    lines = [
        f"- **{escaped(claim.note)}**: {escaped(claim.says)} Correct: {escaped(claim.correct)} "
        f"Measured: {measured(claim, each)}."
        for _, pairs in ordered(observations)
        for experiment, each in pairs
        for claim in experiment.claims
        if verdict(claim, each) == "note is wrong"
    ]
    return ["## Errors of the notes", "\n".join(lines)] if lines else []


def atlas(observations: Sequence[Observation], pictures: str = "") -> str:
    """Return the page that shows each experiment with its picture; ``pictures`` is where those are, from the page."""
    parts = [INTRODUCTION + "\n" + tally(observations)]
    for title, pairs in ordered(observations):
        parts.append(f"## {title}")
        for experiment, each in pairs:
            shown = f"![{experiment.title}]({pictures}{each.experiment}.png)" if each.status == "done" else ""
            parts += [f"### {escaped(experiment.title)}", *([shown] if shown else [])]
            parts += [entry(claim, each) for claim in experiment.claims]
            parts += matrices(each.findings)
    return "\n\n".join([*parts, *errata(observations)]) + "\n"


def entry(claim: Claim, observation: Observation) -> str:
    """Return one claim with its numbers, its rule and what they mean."""
    lines = [
        f"**{escaped(claim.says)}** ({escaped(claim.note)})",
        f"- expected: {escaped(claim.expected)} ({escaped(claim.source)})",
        f"- measured: {measured(claim, observation)}",
        f"- verdict: **{verdict(claim, observation)}** (rule: {escaped(claim.rule)})",
    ]
    return "\n".join([lines[0], "", *lines[1:], "", escaped(claim.remark)])


def csv(observations: Sequence[Observation]) -> str:
    """Return one line for each claim, with all values of the numbers that answer it as JSON."""
    lines = [line(claim, experiment, each) for _, pairs in ordered(observations) for experiment, each in pairs
             for claim in experiment.claims]  # fmt: skip
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n")


def line(claim: Claim, experiment: Experiment, observation: Observation) -> Mapping[str, object]:
    """Return the facts of one claim."""
    numbers = {name: observation.findings.numbers.get(name, ()) for name in claim.shown}
    return {
        "chapter": experiment.chapter,
        "experiment": experiment.name,
        "claim": claim.name,
        "note": claim.note,
        "says": claim.says,
        "expected": claim.expected,
        "source": claim.source,
        "measured": json.dumps(numbers),
        "verdict": verdict(claim, observation),
        "form": observation.form,
        "seconds": observation.provenance.get("seconds"),
        "key": observation.key,
    }
