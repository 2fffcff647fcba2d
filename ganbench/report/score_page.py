"""The page of a comparison of samples with a reference: ``ganbench score ... --html page.html``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
from markupsafe import Markup

from ganbench._util.files import write_text
from ganbench.io.source import Bytes
from ganbench.records.display import ARROWS, display_name
from ganbench.report.gallery import SHOWN, SUSPECTS, NearestPair, View, png
from ganbench.report.influence import suspects
from ganbench.report.score_figures import read_again
from ganbench.report.svg import glyph, glyph_axis
from ganbench.report.template import render
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.report import Report, Row, cell, describe, notes_below, row_facts, set_facts
from ganbench.tables.scales import scale_named

MOST_FEATURES = 4096  # dimensions up to which it is worked out which samples add most


@dataclass(frozen=True)
class Scored:
    """One metric of one set: the text, the drawing, and the number by which it is sorted."""

    text: str
    drawing: Markup
    sort: float | None
    reason: str


@dataclass(frozen=True)
class SetLine:
    """One set of samples in all metrics."""

    name: str
    is_control: bool
    values: tuple[Scored, ...]


class ScorePage:
    """Everything that the page of a report says."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def html(self) -> str:
        """Return the page."""
        return render("score.html.j2", page=self, version=version("ganbench"))

    @property
    def heads(self) -> list[tuple[str, bool]]:
        """The metrics, and whether lower values come first."""
        scores = self.report.rows[0].scores
        return [(f"{display_name(each)} {ARROWS[each.better]}", each.better != "higher") for each in scores]

    @cached_property
    def lines(self) -> list[SetLine]:
        """The table: sets down, metrics across."""
        columns = [self.column(place) for place in range(len(self.report.rows[0].scores))]
        return [
            SetLine(
                f"{row.name} (n {len(row.inputs.feature_set)})", row.is_control, tuple(each[place] for each in columns)
            )
            for place, row in enumerate(self.report.rows)
        ]

    def column(self, place: int) -> list[Scored]:
        """Return one metric of all sets; its intervals are drawn on one axis."""
        scores = [row.scores[place] for row in self.report.rows]
        intervals = [row.intervals[place] for row in self.report.rows]
        known = [score.values[0] for score in scores if score.values[0] is not None]
        scale = scale_named(scores[0].metric, known, scores[0].n_fake)
        axis = glyph_axis(scale, [*known, *(x for each in intervals for x in each or ())])
        values = []
        for score, interval in zip(scores, intervals, strict=True):
            value, (low, high) = score.values[0], interval or (None, None)
            drawing = Markup("") if value is None else glyph(axis, value, low, high)
            values.append(Scored(cell(value, interval), drawing, value, score.reasons[0]))
        return values

    @cached_property
    def notes(self) -> list[str]:
        """What stands below the table, but for the warnings."""
        return notes_below(self.report)[: -len(self.report.warnings) or None]

    @property
    def warnings(self) -> list[str]:
        """What makes the comparison unfair."""
        return list(map(str, self.report.warnings))

    @cached_property
    def sets(self) -> list[tuple[str, str, View]]:
        """Name, description and first samples of the reference and of every set."""
        shown = [("reference " + self.report.reference.name, self.report.reference)]
        shown += [(row.name, row.inputs) for row in self.report.rows]
        return [(name, describe(inputs), first_of(inputs)) for name, inputs in shown]

    @cached_property
    def worst(self) -> list[tuple[str, list[NearestPair]]]:
        """The samples of each set of images that add most to the distance, with the nearest of the reference."""
        return [(row.name, pairs) for row in self.report.rows if not row.is_control and (pairs := self.pairs(row))]

    def pairs(self, row: Row) -> list[NearestPair]:
        """Return the samples of one set that add most; none without images or where there are too many features."""
        real, fake = row.reference or self.report.reference, row.inputs
        if real.n is None or not fake.is_image or not real.is_image or min(real.n, fake.n or 0) < 2:
            return []
        if fake.features.dim > MOST_FEATURES:
            return []
        worst = suspects(real.features, real.features, fake.features, SUSPECTS)
        samples = read_again(fake, [each.index for each in worst])
        nearest = read_again(real, [each.nearest for each in worst])
        return [
            NearestPair(view([sample]), view([other]), each.adds, each.distance)
            for each, sample, other in zip(worst, samples, nearest, strict=True)
        ]

    @property
    def identities(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Everything that each score depends on, by set and metric."""
        lines = []
        for row in self.report.rows:
            for facts in row_facts(row)["scores"]:
                fields = [(name, written(value)) for name, value in facts.items() if name not in ("name", "metric")]
                lines.append((f"{row.name}: {facts['name']}", fields))
        return lines

    @property
    def content(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """What is known of the reference and of each set, and a digest of their content."""
        sets = [self.report.reference, *(row.inputs for row in self.report.rows)]
        return [(each.name, [(k, written(v)) for k, v in set_facts(each).items() if k != "name"]) for each in sets]


def written(value: object) -> str:
    """Write a value of plain data."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_of(inputs: FileInputs) -> View:
    """Return some images spread evenly over a set; nothing of points, features and moments."""
    n = inputs.n
    if not n or not inputs.is_image:
        return View()
    return view(read_again(inputs, [i * n // min(n, SHOWN) for i in range(min(n, SHOWN))]))


def view(pictures: list[Bytes]) -> View:
    """Return pictures (height, width, channels) of any sizes as one sheet."""
    height, width = (max(each.shape[axis] for each in pictures) for axis in (0, 1))
    sheet = np.full((len(pictures), 3, height, width), 255, np.uint8)
    for place, each in enumerate(pictures):
        sheet[place, :, : each.shape[0], : each.shape[1]] = each[..., :3].transpose(2, 0, 1)
    return View(src=png(sheet))


def write(report: Report, path: Path) -> Path:
    """Write the page of a report, whole or not at all; raises BadInput where it cannot be written."""
    return write_text(path, ScorePage(report).html())
