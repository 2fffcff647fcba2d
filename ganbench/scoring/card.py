"""A score card: fidelity, diversity and memorisation of one set of samples beside as many held-out reals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.metrics.frechet import GROUPS, Interval, frechet_ratio
from ganbench.scoring.api import OFFLINE, Options, score
from ganbench.scoring.controls import better_than_real, divided, some
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.pairing import Pair
from ganbench.scoring.report import Report, Row
from ganbench.scoring.scorer import Scorer
from ganbench.scoring.warnings import BETTER, Warned

ASPECTS = {
    "fidelity": ("clipped_density", "precision"),
    "diversity": ("clipped_coverage", "recall"),
    "both in one": ("fid", "mind"),
    "memorisation": ("authenticity",),
}
SECOND = "pixels"  # beside random_conv, of pictures that nothing else is known of
FEWEST = 20  # of reference, so that half of it says anything


@dataclass(frozen=True)
class EncoderScore:
    """One metric by one encoder: of the samples, and of as many held-out reals against the same part of the reference.

    A value is None where the metric is not defined; ``reason`` says why.
    """

    aspect: str
    metric: str
    better: str
    value: float | None
    floor: float | None
    reason: str

    @property
    def ratio(self) -> float | None:
        """The value over that of held-out reals; 1 is as good as real."""
        return None if self.value is None or not self.floor else self.value / self.floor


@dataclass(frozen=True)
class Card:
    """What is said of one set of samples.

    ``encoders`` maps the name of each encoder to its lines; ``frechet_ratio`` is the mean over them of Frechet
    distances over those of held-out reals, None for one encoder or fewer than 100 samples, when ``remarks`` says it.
    """

    samples: str
    reference: str
    n: int
    n_reference: int
    encoders: dict[str, tuple[EncoderScore, ...]]
    frechet_ratio: Interval | None
    warnings: tuple[Warned, ...]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        lines = {name: [asdict(each) | {"ratio": each.ratio} for each in all_] for name, all_ in self.encoders.items()}
        return asdict(self) | {"encoders": lines}

    def to_json(self) -> str:
        """Return everything as JSON."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def __str__(self) -> str:
        return as_text(self)


def card(
    samples: Any, reference: Any, *, features: Sequence[str] | None = None, options: Options | None = None
) -> Card:
    """Score one set of samples by two encoders, beside as many held-out reals.

    Half of the reference at most is held out. As many of the samples and the held-out reals are compared with the rest
    of the reference, so that the bias of small numbers is the same in both.

    Parameters
    ----------
    samples, reference : as in `ganbench.score`
        One set of samples, and what it is compared with.
    features : sequence of str, optional
        Encoders; by default the data set's own and ``random_conv``, or ``random_conv`` and ``pixels``.
    options : Options, optional
        As in `ganbench.score`; training examples (``train``) are needed for memorisation.

    Returns
    -------
    Card
        Its text is one screen.

    Raises
    ------
    BadInput
        For several sets of samples, a reference of statistics alone or of fewer than 20 rows.
    RequestError
        As in `ganbench.score`.

    Examples
    --------
    >>> import numpy as np
    >>> real, fake = (np.random.default_rng(seed).normal(size=(200, 2)) for seed in (0, 1))
    >>> shown = card(fake, real)
    >>> list(shown.encoders), shown.n, shown.n_reference
    (['given'], 100, 100)
    """
    options = replace(options or Options(), controls=False, intervals=False)
    first_name = features[0] if features else None
    reports = [score(samples, reference, metrics="fid", features=first_name, options=options)]
    if len(reports[0].rows) != 1:
        raise BadInput(f"expected one set of samples, got {len(reports[0].rows)}; make a card of each")
    for name in others(reports[0], features):
        reports.append(score(samples, reference, metrics="fid", features=name, options=options))
    sides = [sides_of(report) for report in reports]
    encoders = {side.name: lines_of(side) for side in sides}
    ratio, remarks = ratio_of(sides)
    if options.train is None:
        remarks = (*remarks, "memorisation is not judged without the training examples (--train)")
    warned: dict[tuple[str, str], Warned] = {}
    for report, side in zip(reports, sides, strict=True):
        for each in (*report.warnings, *side.bought):
            warned.setdefault((each.code, each.text if each.code != BETTER else side.name), each)
    first = sides[0]
    return Card(
        reports[0].rows[0].name,
        reports[0].reference.name,
        first.fake.n or 0,
        first.real.n or 0,
        encoders,
        ratio,
        tuple(warned.values()),
        remarks,
    )


def others(report: Report, features: Sequence[str] | None) -> Sequence[str]:
    """Return the encoders after the first; features that were given have no other."""
    if features:
        return features[1:]
    if report.rows[0].inputs.source.kind == "features" or not report.rows[0].inputs.is_image:
        return []
    return [SECOND if report.features["name"] == OFFLINE else OFFLINE]


@dataclass(frozen=True)
class Sides:
    """Samples and held-out reals, equally many, and the rest of the reference, as one encoder sees them."""

    name: str
    scorer: Scorer
    real: FileInputs
    fake: FileInputs
    held_out: FileInputs
    bought: tuple[Warned, ...]


def sides_of(report: Report) -> Sides:
    """Return the sides of a report's comparison, and whether its samples are better than real data."""
    row = report.rows[0]
    whole = row.reference or report.reference
    if whole.n is None or whole.n < FEWEST:
        given = "a mean and a covariance" if whole.n is None else f"{whole.n} samples"
        raise BadInput(f"{whole.name}: expected a reference of at least {FEWEST} samples to hold half out, got {given}")
    size = min(len(row.inputs.feature_set), len(whole.feature_set) // 2)
    held_out, rest = divided(whole, size)
    fake = row.inputs if size == len(row.inputs.feature_set) else some(row.inputs, size)
    scorer = Scorer(rest, row.train, None, report.features)
    floor = Row(held_out.name, True, held_out, (), (), rest)
    pair = Pair(whole, row.inputs, row.train, report.features, ())
    distances = [METRICS[name] for name in ASPECTS["both in one"]]
    bought = better_than_real([scorer], [pair], [floor], distances)
    return Sides(report.features["name"], scorer, rest, fake, held_out, tuple(bought))


def lines_of(side: Sides) -> tuple[EncoderScore, ...]:
    """Return every metric of the samples and of the held-out reals."""
    placed = [(aspect, METRICS[name]) for aspect, names in ASPECTS.items() for name in names]
    usable = [(aspect, each) for aspect, each in placed if not side.scorer.missing(each, side.fake)]
    values = {}
    for inputs in (side.fake, side.held_out):
        side.scorer.share_distances([each for _, each in usable], inputs)
        values[inputs.role, inputs.name] = [side.scorer.value(each, inputs) for _, each in usable]
    of_fake, of_held_out = values.values()
    return tuple(
        EncoderScore(aspect, each.spec.name, each.spec.better, value, floor, reason)
        for (aspect, each), (value, reason), (floor, _) in zip(usable, of_fake, of_held_out, strict=True)
    )


def ratio_of(sides: Sequence[Sides]) -> tuple[Interval | None, tuple[str, ...]]:
    """Return the ratio of Frechet distances over all encoders, or why there is none."""
    n = len(sides[0].fake.feature_set)
    if len(sides) < 2:
        return None, ("one encoder: a score that cannot be bought needs two of different training (--features A,B)",)
    if n < GROUPS * GROUPS:
        return None, (f"{n} samples beside as many held-out reals: the ratio of distances needs {GROUPS * GROUPS}",)
    return frechet_ratio([(side.real.features, side.fake.features, side.held_out.features) for side in sides]), ()


def as_text(card: Card) -> str:
    """Return one screen of text."""
    lines = [
        f"{card.samples}: {card.n} samples and {card.n} held-out reals against {card.n_reference} of {card.reference}"
    ]
    for name, encoder in card.encoders.items():
        lines += ["", f"{name:<34}{'samples':>12}{'real data':>12}{'ratio':>9}"]
        aspect = ""
        for each in encoder:
            if each.aspect != aspect:
                aspect = each.aspect
                lines.append(f"  {aspect}")
            arrow = "\u2193" if each.better == "lower" else "\u2191"
            cells = [number(each.value, 12), number(each.floor, 12), number(each.ratio, 9)]
            lines.append(f"    {each.metric + ' ' + arrow:<30}{''.join(cells)}")
    if card.frechet_ratio:
        ratio = card.frechet_ratio
        shown = f"{ratio.value:.3g} [{ratio.low:.3g}, {ratio.high:.3g}]"
        lines += ["", f"Frechet distance over that of real data, mean over encoders: {shown}; 1 is as good as real"]
    return "\n".join([*lines, "", *card.remarks, *map(str, card.warnings)]).rstrip() + "\n"


def number(value: float | None, width: int) -> str:
    """Return a value with four digits, or that there is none."""
    return f"{'-' if value is None else f'{value:.4g}':>{width}}"
