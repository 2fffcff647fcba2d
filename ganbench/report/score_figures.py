"""Pictures of a comparison of samples with a reference: sheets, suspects, the trade-off curve, spectra."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganbench.errors import BadInput
from ganbench.io.decode import quietly
from ganbench.io.source import Bytes, Picture
from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.clusters import k_means
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.prd import prd_curve
from ganbench.records.display import ARROWS, display_name
from ganbench.report.samples import bare, message
from ganbench.report.style import DASHES, QUIET, file_name, line_style, panels, save, style
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.report import Report, Row

SHEET, ACROSS, SUSPECTS, ROW = 64, 8, 12, 12  # pictures
SPECTRUM = 256  # pictures that a spectrum is the mean of
CELLS = 20  # of the trade-off curve, as published


def draw(report: Report, folder: Path, form: str = "png") -> list[Path]:
    """Draw all pictures of a report; writes them into ``folder``, as PNG, SVG or PDF, and returns their paths.

    Of images: a contact sheet and the 12 samples nearest to the reference beside their neighbours, for each set; the
    spectra of all sets. Of images and features: the curve of precision and recall of all sets. Raises BadInput where
    the reference is not one of samples.
    """
    if report.reference.n is None:
        raise BadInput(f"{report.reference.name} holds a mean and a covariance, of which nothing is drawn")
    paths = [trade_offs(report, folder, form)]
    if report.reference.is_image:
        for row in (row for row in report.rows if not row.is_control):
            paths += [sheet(row, folder, form), suspects(row.reference or report.reference, row, folder, form)]
        paths.append(spectra(report, folder, form))
        paths += [sample_rows(report, folder, form)] if len(own(report)) > 1 else []
    return [*paths, *([curves(report, folder, form)] if len(own(report)) > 2 else [])]


def own(report: Report) -> list[Row]:
    """Return the rows of samples, without controls."""
    return [row for row in report.rows if not row.is_control]


def sample_rows(report: Report, folder: Path, form: str) -> Path:
    """Draw a row of pictures for each set, one set below the other, the same places of all."""
    rows = own(report)
    lines = [read_again(row.inputs, even(len(row.inputs.feature_set), ROW)) for row in rows]
    across = max(map(len, lines))
    blank = np.full((1, 1, 3), 255, np.uint8)
    whole = [each for line in lines for each in [*line, *[blank] * (across - len(line))]]
    with style():
        figure, (ax,) = panels(1, 1, 7.0, 0.75 * len(rows) + 0.4)
        ax.imshow(tiled(whole, across), interpolation="nearest")
        bare(ax)
        height = max(each.shape[0] for each in whole) + 1
        ax.set_yticks([(place + 0.5) * height for place in range(len(rows))], [Path(row.name).name for row in rows])
        ax.tick_params(length=0)
        return save(figure, folder / f"rows.{form}")


def even(n: int, count: int) -> list[int]:
    """Return at most ``count`` places, evenly spread."""
    return [i * n // min(n, count) for i in range(min(n, count))]


def curves(report: Report, folder: Path, form: str) -> Path:
    """Draw each metric over the sets: over the number in their names where each has another, else in their order."""
    rows = own(report)
    numbers = [re.findall(r"[0-9]+", row.name) for row in rows]
    steps = [int(each[-1]) if each else -1 for each in numbers]
    named = len(set(steps)) == len(steps) and min(steps) >= 0
    order = sorted(range(len(rows)), key=lambda place: steps[place]) if named else list(range(len(rows)))
    x = [steps[place] for place in order] if named else order
    scores = rows[0].scores
    with style():
        figure, axes = panels(len(scores), 3, 2.9, 2.2)
        for place, (ax, score) in enumerate(zip(axes, scores, strict=True)):
            points = [(rows[each].scores[place].values[0], rows[each].intervals[place]) for each in order]
            y = [np.nan if value is None else value for value, _ in points]
            ax.plot(x, y, color=line_style(0)[0], marker="o", markersize=3)
            for at, (_, ends) in zip(x, points, strict=True):
                if ends:
                    ax.plot([at, at], ends, color=QUIET, linewidth=0.8)
            ax.set_title(f"{display_name(score)} {ARROWS[score.better]}")
            if not named:
                ax.set_xticks(x, [Path(rows[each].name).name for each in order], rotation=60, ha="right")
        return save(figure, folder / f"curves.{form}")


def read_again(inputs: FileInputs, places: Sequence[int]) -> list[Bytes]:
    """Return some pictures of a set, read again."""
    wanted = {inputs.feature_set.names[place] for place in places}
    pictures: dict[str, Bytes] = {}
    with quietly():
        for each in inputs.source.scan():
            if isinstance(each, Picture) and each.name in wanted:
                pictures[each.name] = each.pixels
            if len(pictures) == len(wanted):
                break
    return [pictures[inputs.feature_set.names[place]] for place in places]


def tiled(pictures: Sequence[Bytes], across: int) -> Bytes:
    """Return pictures side by side as one (height, width, 3), a pixel apart on white, each at its upper left."""
    height, width = (max(each.shape[axis] for each in pictures) + 1 for axis in (0, 1))
    lines = -(-len(pictures) // across)
    whole = np.full((lines * height - 1, across * width - 1, 3), 255, np.uint8)
    for i, each in enumerate(pictures):
        top, left = i // across * height, i % across * width
        whole[top : top + each.shape[0], left : left + each.shape[1]] = each
    return whole


def sheet(row: Row, folder: Path, form: str) -> Path:
    """Draw samples spread evenly over the set."""
    n = len(row.inputs.feature_set)
    places = even(n, SHEET)
    with style():
        figure, (ax,) = panels(1, 1, 4.5, 4.7)
        ax.imshow(tiled(read_again(row.inputs, places), ACROSS), interpolation="nearest")
        bare(ax)
        figure.suptitle("\n".join([f"{Path(row.name).name}: {len(places)} of {n}", *caption(row)]), fontsize=9.5)
        return save(figure, folder / f"samples-{slug(row)}.{form}")


def caption(row: Row) -> list[str]:
    """Return the first score of a set as a line of its picture's title; nothing where it has none."""
    first = next((each for each in row.scores if each.values[0] is not None), None)
    return [f"{display_name(first)} {ARROWS[first.better]} {first.values[0]:.4g}"] if first else []


def suspects(real: FileInputs, row: Row, folder: Path, form: str) -> Path:
    """Draw the samples nearest to one of the reference, each above its neighbour."""
    nearest = pair_of(real.features, row.inputs.features).nearest_real()
    order = nearest.squares[:, 0].argsort(stable=True)[:SUSPECTS]
    samples, neighbours = order.tolist(), nearest.index[order, 0].tolist()
    pictures = [*read_again(row.inputs, samples), *read_again(real, neighbours)]
    height, width = (max(each.shape[axis] for each in pictures) + 1 for axis in (0, 1))
    with style():
        figure, (ax,) = panels(1, 1, 9.0, 2.3)
        ax.imshow(tiled(pictures, len(samples)), interpolation="nearest")
        bare(ax)
        distances = [f"{distance:.3g}" for distance in nearest.squares[order, 0].sqrt().tolist()]
        ax.set_xticks([(i + 0.5) * width for i in range(len(samples))], distances, fontsize=7)
        ax.set_yticks([height / 2, height * 1.5], ["sample", "reference"])
        ax.tick_params(length=0)
        ax.set_title(f"{Path(row.name).name}: the samples nearest to the reference, and their distances")
        return save(figure, folder / f"suspects-{slug(row)}.{form}")


def others(report: Report) -> list[Row]:
    """Return the rows whose samples are not the reference's own."""
    return [row for row in report.rows if row.inputs.source is not report.reference.source]


def trade_offs(report: Report, folder: Path, form: str) -> Path:
    """Draw precision over recall, from histograms over 20 cells of k-means (Sajjadi et al., 2018)."""
    with style():
        figure, (ax,) = panels(1, 1, 3.6, 3.6)
        for i, row in enumerate(others(report)):
            precision, recall = curve((row.reference or report.reference).features, row.inputs.features)
            colour, dashes = colour_and_dashes(i, row.is_control)
            ax.plot(recall, precision, color=colour, linestyle=dashes, label=Path(row.name).name)
        ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
        figure.legend(loc="outside lower center", ncols=2)
        return save(figure, folder / f"precision-recall.{form}")


def colour_and_dashes(number: int, is_control: bool) -> tuple[str, str]:
    """Return the colour and the dashes of a line; controls are grey."""
    return (QUIET, DASHES[number % len(DASHES)]) if is_control else line_style(number)


def curve(real: Features, fake: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision and recall along the curve."""
    size = min(len(real), len(fake))
    values = [each.values[torch.arange(size) * len(each) // size] for each in (real, fake)]
    pool = Features(torch.cat(values), "real and fake")
    cells = k_means(pool, [pool], min(CELLS, len(pool)), 0, batches=True)[0]
    one, two = (torch.bincount(part, minlength=CELLS).double() / size for part in cells.split(size))
    precision, recall = prd_curve(one, two)
    return precision.numpy(), recall.numpy()


def spectra(report: Report, folder: Path, form: str) -> Path:
    """Draw mean power over spatial frequency, of sets whose pictures have the reference's size."""
    real = report.reference
    size = real.feature_set.sizes.most_common(1)[0][0]
    with style():
        figure, (ax,) = panels(1, 1, 3.6, 3.0)
        if min(size) < 4:
            message(ax, "too small for a spectrum")
            return save(figure, folder / f"spectra.{form}")
        shown = [("reference", real, False), *((row.name, row.inputs, row.is_control) for row in others(report))]
        for i, (name, inputs, is_control) in enumerate(shown):
            power = radial_power(inputs, size)
            if power is not None:  # no waves at all is only brightness
                colour, dashes = colour_and_dashes(i, is_control)
                waves = np.arange(1, len(power))
                ax.plot(waves, power[1:], color=colour, linestyle=dashes, label=Path(name).name)
        ax.set(xlabel="waves per picture", ylabel="mean power", yscale="log")
        figure.legend(loc="outside lower center", ncols=2)
        return save(figure, folder / f"spectra.{form}")


def radial_power(inputs: FileInputs, size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Return the mean power of rings of frequency, brightness only, from pictures of one size; None without any."""
    places = [i for i, each in enumerate(inputs.feature_set.facts.size.tolist()) if tuple(each) == size]
    if not places:
        return None
    chosen = [places[i * len(places) // SPECTRUM] for i in range(SPECTRUM)] if len(places) > SPECTRUM else places
    images = np.stack([each.mean(2) for each in read_again(inputs, chosen)])
    return rings(images)


def rings(images: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean |FFT|^2 / pixels of images (n, h, w) over rings one wave wide, up to half the shorter side."""
    height, width = images.shape[1:]
    power = (np.abs(np.fft.fft2(images)) ** 2).mean(0) / (height * width)
    side = min(height, width)
    waves = side * np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
    ring = np.rint(waves).astype(int)
    kept = ring <= side // 2
    return np.bincount(ring[kept], power[kept]) / np.bincount(ring[kept])


def slug(row: Row) -> str:
    return file_name(row.name)
