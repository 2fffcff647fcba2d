"""Samples as a page holds them: contact sheets as PNG inside the page, points as a path of SVG."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganbench.data import load
from ganbench.dataset import Dataset
from ganbench.errors import Missing, RequestError
from ganbench.features.base import Extractor
from ganbench.metrics.feature_vectors import Features
from ganbench.records.record import Record
from ganbench.report.influence import suspects
from ganbench.report.pictures import kept
from ganbench.report.samples import MARGIN, REACH, reference
from ganbench.scoring.inputs import in_levels
from ganbench.scoring.reference import drawn, extractor_of
from ganbench.tables.rows import Row

ACROSS = 4  # images in a line of a sheet
SHOWN = ACROSS * ACROSS
FRAME = 200  # units of the square in which points are drawn
POINTS = 250
SUSPECTS = 8  # samples that are shown of those that add most


@dataclass(frozen=True)
class View:
    """Some samples: ``src`` is a sheet of images as a data URI, otherwise ``path`` are points as SVG."""

    src: str = ""
    path: str = ""

    def __bool__(self) -> bool:
        return bool(self.src or self.path)


@dataclass(frozen=True)
class NearestPair:
    """A sample that adds much to the distance beside its nearest training example."""

    sample: View
    nearest: View
    adds: float
    distance: float


class Gallery:
    """The samples of one data set's rows.

    Parameters
    ----------
    dataset : str
        Its name.
    files : Path or None
        The folder of data sets that come as files; nothing is downloaded.
    """

    def __init__(self, dataset: str, files: Path | None = None) -> None:
        self.data = at_hand(dataset, files)
        self.references: dict[tuple[int, str | None], Known] = {}

    @property
    def frame(self) -> Frame:
        """The square in which points are drawn."""
        return Frame(self.data.space.low, self.data.space.high) if self.data else Frame(-1.0, 1.0)

    @property
    def real(self) -> View:
        """Held-out examples; nothing where the data set is not here."""
        if not self.data:
            return View()
        return self.view(reference(self.data)[: SHOWN if self.data.space.is_image else POINTS].numpy())

    @property
    def modes(self) -> Markup:
        """Where points should lie, as circles of SVG; nothing where that is not known."""
        if not self.data or self.data.modes is None or self.data.space.is_image:
            return Markup("")
        radius = self.frame.length(REACH * self.data.modes.sd)
        centres = self.frame.at(self.data.modes.centres[:, :2].numpy())
        circles = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>' for x, y in centres)
        return Markup(f'<g class="modes">{circles}</g>')  # noqa: S704 numbers only

    def view(self, x: NDArray[np.floating[Any]]) -> View:
        """Return examples (n, *shape) in the data set's range as a sheet or as points."""
        if x.ndim != 4:
            return View(path=self.frame.path(x))
        low, high = self.frame.low, self.frame.high
        return View(src=png(np.clip((x - low) / (high - low) * 255 + 0.5, 0, 255).astype(np.uint8)))

    def examples(self, record: Record) -> View:
        """Return the samples that a record keeps; nothing where it keeps none."""
        x = examples(record)
        if x is None:
            return View()
        return View(src=png(x[:SHOWN])) if x.ndim == 4 else self.view(x[:POINTS])

    def worst(self, row: Row, folder: Path) -> list[NearestPair]:
        """Return the samples of a row's first seed that add most to the Frechet distance; none where none were kept."""
        record = next((each for each in row.records if each.status == "done"), None)
        samples = kept(record, folder) if record else None
        if not record or not samples or not self.data or not bool(samples[0].isfinite().all()):
            return []
        known = self.known(record)
        x = self.in_levels(samples[0].float())
        worst = suspects(known.real, known.train, Features(known.extractor(x).values, "fake"), SUSPECTS)
        return [
            NearestPair(
                self.view(x[each.index].numpy()[None]),
                self.view(known.examples[each.nearest].numpy()[None]),
                each.adds,
                each.distance,
            )
            for each in worst
        ]

    def known(self, record: Record) -> Known:
        """Return reference and training examples as a record was scored with them, the same for all rows of a plan."""
        data = narrow(self.data)
        features = next((each.features.get("name") for each in record.scores if each.metric == "fid"), None)
        key = record.samples, features
        if key not in self.references:
            extractor, n = extractor_of(data, features), data.train.size or record.samples
            real = self.in_levels(drawn(data.held_out, record.samples, data.reference)[0])
            train = self.in_levels(drawn(data.train, n, "train")[0])
            taken = (Features(extractor(x).values, name) for x, name in ((real, "real"), (train, "train")))
            self.references[key] = Known(extractor, train, *taken)
        return self.references[key]

    def in_levels(self, x: Tensor) -> Tensor:
        """Return images in the 256 levels of a file, points as they are: what scores are taken of."""
        space = narrow(self.data).space
        return in_levels(x, space) if space.is_image else x


def at_hand(dataset: str, files: Path | None) -> Dataset | None:
    """Return a data set; None where its files are not here, or where this version does not know its name."""
    try:
        return load(dataset, files, download=False)
    except RequestError:
        return None


def narrow(data: Dataset | None) -> Dataset:
    """Return a data set that is known to be here."""
    if data is None:
        raise Missing("the data set is not here")
    return data


@dataclass(frozen=True)
class Known:
    """What the samples of a data set are compared with: training examples (n, *shape), and features of them."""

    extractor: Extractor
    examples: Tensor
    real: Features
    train: Features


@dataclass(frozen=True)
class Frame:
    """The square in which points are drawn: the data's range with a margin, ``FRAME`` units wide."""

    low: float
    high: float

    def length(self, length: float) -> float:
        """Return a length of the data in units of the drawing."""
        return length * FRAME / ((1 + 2 * MARGIN) * (self.high - self.low))

    def at(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return points (n, 2) as places in the drawing; those far outside stay just outside."""
        start = self.low - MARGIN * (self.high - self.low)
        places = (np.nan_to_num(np.asarray(x, np.float64), nan=1e9) - start) * self.length(1.0)
        places[:, 1] = FRAME - places[:, 1]
        clipped: NDArray[np.float64] = np.clip(places, -9, FRAME + 9)
        return clipped

    def path(self, x: NDArray[Any]) -> str:
        """Return the first two coordinates of points (n, d), a dot each; of one coordinate the second is spread out."""
        if x.shape[1] == 1:
            x = np.column_stack([x, np.linspace(self.low, self.high, len(x))])
        return "".join(f"M{a:.0f} {b:.0f}h0" for a, b in self.at(x[:, :2]))


def examples(record: Record) -> NDArray[Any] | None:
    """Return the samples that a record keeps, (n, *shape): images as bytes, points as they are; None without any."""
    kept = record.examples
    try:
        flat = np.frombuffer(b64decode(kept["data"], validate=True), dtype=np.dtype(kept["dtype"]))
        x: NDArray[Any] = flat.reshape(kept["shape"])
    except (KeyError, TypeError, ValueError):  # none were kept, or what is there is none
        return None
    return x if x.ndim in (2, 4) and len(x) else None


def png(images: NDArray[np.uint8]) -> str:
    """Return images (n, c, h, w) as a sheet in lines of four, a pixel apart, as the data URI of a PNG."""
    n, channels, height, width = images.shape
    across = min(n, ACROSS)
    lines = -(-n // across)
    sheet = np.zeros((lines * (height + 1) - 1, across * (width + 1) - 1, 4), np.uint8)
    colours = images if channels == 3 else images.mean(1, keepdims=True).round().astype(np.uint8).repeat(3, 1)
    for i, image in enumerate(colours):
        top, left = i // across * (height + 1), i % across * (width + 1)
        sheet[top : top + height, left : left + width, :3] = image.transpose(1, 2, 0)
        sheet[top : top + height, left : left + width, 3] = 255  # what lies between is transparent
    out = BytesIO()
    Image.fromarray(sheet if channels == 3 else sheet[..., 2:]).save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(out.getvalue()).decode()}"
