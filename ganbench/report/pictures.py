"""Pictures of samples: the seeds of one row, and every row side by side; charts of records are in ``charts``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

from torch import Tensor

from ganbench._util.tensor_files import unpacked
from ganbench.data import load
from ganbench.dataset import Dataset
from ganbench.errors import Missing
from ganbench.records.picture_marks import SEEDS, carries, mark_of, place, shown
from ganbench.records.record import Record
from ganbench.report.charts import curves, intervals
from ganbench.report.samples import draw, message
from ganbench.report.style import file_name, panels, save, style
from ganbench.tables.columns import Column, columns, identity
from ganbench.tables.comparison import in_order
from ganbench.tables.rows import Row, rows

__all__ = ["cell", "cells", "curves", "intervals", "overview"]

ACROSS = 8  # images in a line of a seed's panel
PANEL = 24  # letters that fit over a row's panel
FEW = 36  # rows that are shown six abreast, more of them twelve, so that a page shows them all


def cell(records: Sequence[Record], folder: Path, data: Dataset) -> Path | None:
    """Draw the first seeds of a row from the samples kept in a results ``folder``; writes a PNG beside them.

    Returns its path, or None where a seed that was done has no samples there. Of images, the first 64 of each seed are
    shown, in the order of the classes that they were asked to be.
    """
    firsts = shown(records)
    drawn = [kept(record, folder) if record.status == "done" else None for record in firsts]
    if any(each is None and record.status == "done" for each, record in zip(drawn, firsts, strict=True)):
        return None
    telling = judge(firsts)
    with style():
        figure, axes = panels(len(firsts), SEEDS, 2.3, 2.75)
        for ax, record, samples in zip(axes, firsts, drawn, strict=True):
            if samples:
                draw(ax, *first(samples[0].float(), samples[1], data))
            else:
                message(ax, f"{record.status}\nafter step {record.step}")
            ax.set_title("\n".join(["seed " + str(record.seed), *caption(record, telling)]))
        figure.suptitle(f"{firsts[0].baseline} on {firsts[0].dataset}", fontsize=9.5)
        return save(figure, place(firsts[0], folder), mark_of(firsts))


def judge(records: Sequence[Record]) -> Column | None:
    """Return the column that stands first in the table of a data set: the score that a panel carries."""
    return next(iter(in_order(columns(records))), None)


def caption(record: Record, column: Column | None) -> list[str]:
    """Return the score of one seed as a line of its panel's title; nothing where it has none."""
    values = [each.value for each in record.usual if column and identity(each) == column.key]
    return [f"{column.header} {value:.3g}" for value in values if column and value is not None]


def kept(record: Record, folder: Path) -> tuple[Tensor, Tensor] | None:
    """Return the first set of samples (n, *shape) and labels (n,) that were kept of a seed, or None."""
    file = unpacked(folder / record.files / f"samples-{record.seed}.safetensors", record.key)
    tensors = file[0] if file else {}
    return (tensors["x"][: record.samples], tensors["y"][: record.samples]) if {"x", "y"} <= set(tensors) else None


def cells(records: Sequence[Record], folder: Path, files: Path | None = None, again: bool = False) -> list[Path]:
    """Draw the picture of every row whose samples are kept; those of these records stay unless drawn ``again``.

    A row of a data set whose ``files`` are not here is left out. Returns the paths of what was drawn.
    """
    paths: list[Path | None] = []
    for name in sorted({record.dataset for record in records}):
        missing = [
            row
            for row in rows(record for record in records if record.dataset == name)
            if again or not carries(place(row.records[0], folder), mark_of(shown(row.records)))
        ]
        if missing and (data := here(name, files)):
            paths += [cell(row.records, folder, data) for row in missing]
    return [path for path in paths if path]


def first(x: Tensor, y: Tensor, data: Dataset) -> tuple[Tensor, Dataset, int]:
    """Return what the panel of a seed shows: of images a square of samples, by class; of points as many as will do."""
    if not data.space.is_image:
        return x, data, ACROSS
    return x[: ACROSS**2][y[: ACROSS**2].argsort(stable=True)], data, ACROSS


def overview(
    records: Sequence[Record], folder: Path, files: Path | None = None, form: str = "png", out: Path | None = None
) -> list[Path]:
    """Draw every row of every data set, from the samples kept in ``folder``/cells; writes ``overview-<dataset>.png``.

    Rows whose samples were not kept are left out; so is a data set without any, or whose ``files`` are not here. A
    picture in the results folder itself that shows rows whose samples are gone stays, with a line on stderr.
    """
    names = sorted({record.dataset for record in records})
    drawn = []
    for name in names:
        down = rows(record for record in records if record.dataset == name)
        firsts = [(row, each) for row in down if (each := first_seed(row, folder)) is not None]
        path = (out or folder) / f"overview-{file_name(name)}.{form}"
        lost = sum(any(each.status == "done" for each in row.records) for row in down) - len(firsts)
        if not out and lost and path.exists():
            sys.stderr.write(f"ganbench: {path} stays as it is: the samples of {lost} of its rows are gone\n")
        elif firsts and (data := here(name, files)):
            drawn.append(side_by_side(firsts, data, path, mark_of(records)))
    return drawn


def here(dataset: str, files: Path | None) -> Dataset | None:
    """Return a data set, or None where it would have to be fetched first."""
    try:
        return load(dataset, files, download=False)
    except Missing:
        return None


def side_by_side(
    firsts: Sequence[tuple[Row, tuple[Record, Tensor]]], data: Dataset, path: Path, mark: str = ""
) -> Path:
    """Draw one panel for each row of a data set, with samples (n, *shape) and the score of its first finished seed."""
    telling = judge([record for row, _ in firsts for record in row.records])
    with style():
        figure, axes = panels(len(firsts), 6 if len(firsts) <= FEW else 12, 1.45, 1.8)
        for ax, (row, (record, samples)) in zip(axes, firsts, strict=True):
            draw(ax, samples, data, across=5)
            lines = [row.label, *caption(record, telling)]
            ax.set_title(
                "\n".join(part for line in lines for part in wrap(line, PANEL)),
                fontsize=7,
                style="italic" if row.is_control else "normal",
            )
        figure.suptitle(f"{data.name}: one seed of each; controls in italics", fontsize=9.5)
        return save(figure, path, mark)


def first_seed(row: Row, folder: Path) -> tuple[Record, Tensor] | None:
    """Return a row's first finished seed of which samples (n, *shape) are kept, with them, or None."""
    for record in row.records:
        if record.status == "done" and (samples := kept(record, folder)):
            return record, samples[0].float()
    return None
