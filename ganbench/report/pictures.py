"""Pictures of samples: one cell's, and those of every row side by side; charts of records are in ``charts``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ganbench.data import load
from ganbench.dataset import Dataset
from ganbench.record import Record, Run
from ganbench.report.charts import curves, intervals
from ganbench.report.samples import draw
from ganbench.report.style import file_name, panels, save, style
from ganbench.table.rows import Row, rows

__all__ = ["cell", "curves", "intervals", "overview"]

SEEDS = 3  # that a cell's picture shows, side by side
KEPT = "samples.safetensors"


def cell(record: Record, x: Tensor, y: Tensor, data: Dataset, path: Path) -> Path:
    """Draw the first seeds of a cell: ``x`` (seeds, n, *shape), ``y`` (seeds, n); writes a PNG and returns its path.

    Of images, the first 64 of each seed, in the order of the classes that they were asked to be.
    """
    shown, across = record.runs[:SEEDS], 8
    with style():
        figure, axes = panels(len(shown), SEEDS, 2.3, 2.6)
        for ax, run, samples, asked in zip(axes, shown, x.detach().cpu().float(), y.cpu(), strict=False):
            order = asked[: across**2].argsort(stable=True) if data.space.is_image else slice(None)
            draw(ax, samples[order], data, across)
            ax.set_title(f"seed {run.seed}{ending(run)}")
        figure.suptitle(f"{record.baseline} on {record.dataset}", fontsize=9.5)
        return save(figure, path)


def ending(run: Run) -> str:
    """Say how a run ended, unless it was done."""
    return "" if run.status == "done" else f": {run.status} after step {run.step}"


def overview(records: Sequence[Record], folder: Path) -> list[Path]:
    """Draw every row of every data set, from the samples kept in ``folder``/cells; writes ``overview-<dataset>.png``.

    Rows whose samples were not kept are left out; a data set without any has no picture.
    """
    names = sorted({record.dataset for record in records})
    drawn = [dataset_overview(name, [each for each in records if each.dataset == name], folder) for name in names]
    return [path for path in drawn if path]


def dataset_overview(dataset: str, records: Sequence[Record], folder: Path) -> Path | None:
    """Draw the first finished seed of every row of one data set."""
    kept = [(row, samples) for row in rows(records) if (samples := first_seed(row, folder)) is not None]
    if not kept:
        return None
    data = load(dataset)
    with style():
        figure, axes = panels(len(kept), 6, 1.5, 1.7)
        for ax, (row, samples) in zip(axes, kept, strict=True):
            draw(ax, samples, data, across=6)
            ax.set_title(row.label, fontsize=7, style="italic" if row.is_control else "normal")
        figure.suptitle(f"{dataset}: one seed of each; controls in italics", fontsize=9.5)
        return save(figure, folder / f"overview-{file_name(dataset)}.png")


def first_seed(row: Row, folder: Path) -> Tensor | None:
    """Return the kept samples (n, *shape) of a row's first finished seed, or None."""
    for record in row.records:
        done = [seat for seat, run in enumerate(record.runs) if run.status == "done"]
        for path in sorted(folder.glob(f"cells/*{record.key[:8]}/{KEPT}")) if done else []:
            return safetensors.torch.load_file(path)["x"][done[0]].float()
    return None
