"""Pictures of samples: one cell's, and those of every row side by side; charts of records are in ``charts``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ganbench.data import load
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, Missing
from ganbench.record import Record
from ganbench.report.charts import curves, intervals
from ganbench.report.samples import draw, message
from ganbench.report.style import file_name, panels, save, style
from ganbench.table.rows import Row, rows

__all__ = ["cell", "curves", "intervals", "overview"]

SEEDS = 3  # that a cell's picture shows, side by side
ACROSS = 8  # images in a row of a cell's panel
KEPT = "samples.safetensors"


def cell(record: Record, x: Tensor, y: Tensor, data: Dataset, path: Path) -> Path:
    """Draw the first seeds of a cell; writes a PNG and returns its path.

    ``x`` (seeds, n, *shape) and ``y`` (seeds, n) are those of the seeds that were done, in the order of the record's
    runs. Of images, the first 64 of each seed are shown, in the order of the classes that they were asked to be.
    """
    done = [run.seed for run in record.runs if run.status == "done"]
    if len(x) != len(done) or y.shape != x.shape[:2]:
        raise BadInput(f"expected samples and labels of {len(done)} seeds, got {tuple(x.shape)} and {tuple(y.shape)}")
    shown = record.runs[:SEEDS]
    with style():
        figure, axes = panels(len(shown), SEEDS, 2.3, 2.6)
        for ax, run in zip(axes, shown, strict=True):
            if run.status == "done":
                seat = done.index(run.seed)
                draw(ax, *first(x[seat].detach().cpu().float(), y[seat].cpu(), data))
            else:
                message(ax, f"{run.status}\nafter step {run.step}")
            ax.set_title(f"seed {run.seed}")
        figure.suptitle(f"{record.baseline} on {record.dataset}", fontsize=9.5)
        return save(figure, path)


def first(x: Tensor, y: Tensor, data: Dataset) -> tuple[Tensor, Dataset, int]:
    """Return what a panel of a cell shows: of images a square of samples, by class; of points as many as will do."""
    if not data.space.is_image:
        return x, data, ACROSS
    return x[: ACROSS**2][y[: ACROSS**2].argsort(stable=True)], data, ACROSS


def overview(records: Sequence[Record], folder: Path, files: Path | None = None) -> list[Path]:
    """Draw every row of every data set, from the samples kept in ``folder``/cells; writes ``overview-<dataset>.png``.

    Rows whose samples were not kept are left out; so is a data set without any, or whose ``files`` are not here.
    """
    names = sorted({record.dataset for record in records})
    drawn = []
    for name in names:
        down = rows(record for record in records if record.dataset == name)
        kept = [(row, samples) for row in down if (samples := first_seed(row, folder)) is not None]
        if kept and (data := here(name, files)):
            drawn.append(side_by_side(kept, data, folder / f"overview-{file_name(name)}.png"))
    return drawn


def here(dataset: str, files: Path | None) -> Dataset | None:
    """Return a data set, or None where it would have to be fetched first."""
    try:
        return load(dataset, files, download=False)
    except Missing:
        return None


def side_by_side(kept: Sequence[tuple[Row, Tensor]], data: Dataset, path: Path) -> Path:
    """Draw one panel for each row of a data set, with samples (n, *shape) of its first finished seed."""
    with style():
        figure, axes = panels(len(kept), 6, 1.45, 1.65)
        for ax, (row, samples) in zip(axes, kept, strict=True):
            draw(ax, samples, data, across=5)
            ax.set_title(row.label, fontsize=7, style="italic" if row.is_control else "normal")
        figure.suptitle(f"{data.name}: one seed of each; controls in italics", fontsize=9.5)
        return save(figure, path)


def first_seed(row: Row, folder: Path) -> Tensor | None:
    """Return the kept samples (n, *shape) of a row's first finished seed, or None."""
    for path in (path for record in row.records for path in sorted(folder.glob(f"cells/*-{record.key[:8]}/{KEPT}"))):
        kept = safetensors.torch.load_file(path)["x"]
        if len(kept):
            return kept[0].float()
    return None
