"""Anybody's samples against anybody's reference: opened, looked at, compared, and checked for fairness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganbench import features as extractors
from ganbench.cache import Cache
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, RequestError
from ganbench.external.compare import Comparison, Side
from ganbench.external.controls import FLOOR, PREFIX, bad_samples, halves
from ganbench.external.look import Looker, Tell, silent
from ganbench.external.named import opened
from ganbench.external.reports import Interval, Report, Row
from ganbench.fairness import Case, Sample, lint
from ganbench.find import check_names
from ganbench.metrics import METRICS
from ganbench.record import Scores
from ganbench.sources import Reading, Source

__all__ = ["Options", "Report", "score"]

OFFLINE = "random_conv"  # looks at any picture, and is on every machine


@dataclass(frozen=True)
class Options:
    """How samples are read and looked at; what is added to the comparison."""

    train: Any = None  # examples that the generator was trained on, for metrics of copying
    reading: Reading = field(default_factory=Reading)  # of the samples
    reference_reading: Reading = field(default_factory=Reading)
    weights: str | Path | None = None
    download: bool = False
    data: Path | None = None  # folder of data sets that come as files
    skip_broken: bool = False
    controls: bool = False
    intervals: bool = False
    cache: Cache | None = None
    tell: Tell = silent


def score(
    samples: Any,
    reference: Any,
    *,
    metrics: Sequence[str] | str | None = None,
    features: str | None = None,
    options: Options | None = None,
) -> Report:
    """Compare samples, or each of a list of them, with a reference.

    Both are paths (folder, archive, array), names (``mnist:held_out``, ``results/quick:wgan_gp:ring8``), arrays or
    tensors of images or of features (n, d), or torch Datasets. ``metrics`` are names, ``"all"``, or None for the usual
    ones; ``features`` names the extractor: by default the data set's own where the reference is one, else
    ``random_conv``.
    Raises RequestError, in one line, for whatever cannot be done as asked.
    """
    options = options or Options()
    sets = list(samples) if isinstance(samples, list | tuple) else [samples]
    asked = [metrics] if isinstance(metrics, str) else metrics
    if not sets:
        raise BadInput("expected one or more sets of samples, got none")
    if asked is not None and list(asked) != ["all"]:
        check_names("metric", asked, METRICS)
    real, dataset = opened(reference, options.reference_reading, options.data)
    real = real.remembering()
    fakes = told_apart([opened(each, options.reading, options.data)[0] for each in sets])
    train = None if options.train is None else opened(options.train, Reading(), options.data)[0].remembering()
    everything = [real, *fakes, *([train] if train else [])]
    refuse_mixture(everything)
    refuse_same(real, fakes)
    looker = Looker(extractor_for(real, dataset, features, options), options.cache, options.skip_broken, options.tell)
    sides = look_at(everything, looker)
    modes = dataset.modes if dataset else None
    comparison = Comparison(sides[0], sides[-1] if train else None, modes, looker.identity(real))
    rows = [row(comparison, fake, asked, options.intervals) for fake in sides[1 : 1 + len(fakes)]]
    warnings = lint([case(comparison, each, looker) for each in rows])
    if options.controls:
        rows += controls(comparison, rows[0], replace(looker, cache=None), asked)
    return Report(comparison, tuple(rows), tuple(warnings))


def told_apart(sources: Sequence[Source]) -> list[Source]:
    """Return sources of different names: several arrays in memory are numbered."""
    names = [source.name for source in sources]
    return [
        replace(source, name=f"{source.name} {i + 1}" if names.count(source.name) > 1 else source.name).remembering()
        for i, source in enumerate(sources)
    ]


def refuse_mixture(sources: Sequence[Source]) -> None:
    """Raise BadInput where some are images and others features."""
    first = sources[0]
    for other in sources[1:]:
        if other.kind != first.kind:
            raise BadInput(
                f"{other.name} holds {other.kind} and {first.name} holds {first.kind}; expected the same of both"
            )


def refuse_same(real: Source, fakes: Sequence[Source]) -> None:
    """Raise BadInput where samples are the reference itself."""
    for fake in fakes:
        if fake.digest() == real.digest():
            raise BadInput(f"{fake.name} and the reference {real.name} are the same: such a score says nothing")


def extractor_for(real: Source, dataset: Dataset | None, features: str | None, options: Options) -> Any:
    """Return the extractor, or None for features that were given; raises RequestError where it cannot be had."""
    if real.kind == "features":
        if features not in (None, "identity"):
            raise BadInput(f"features {features} look at images, and {real.name} holds features already")
        return None
    if features == "identity":
        raise BadInput("features identity look at points; for images there is pixels")
    return extractors.load(features or (dataset.features if dataset else OFFLINE), options.weights, options.download)


def look_at(sources: Sequence[Source], looker: Looker) -> list[Side]:
    """Return all sets as clouds; where one has colour, grey ones are looked at as colour too."""
    clouds = [looker(source) for source in sources]
    if len({cloud.channels for cloud in clouds}) > 1:
        pairs = zip(clouds, sources, strict=True)
        clouds = [cloud if cloud.channels == 3 else looker(source, 3) for cloud, source in pairs]
    roles = ["real", *["fake"] * (len(sources) - 1)]
    return [Side(*each) for each in zip(sources, clouds, roles, strict=True)]


def row(comparison: Comparison, fake: Side, asked: Sequence[str] | None, with_intervals: bool) -> Row:
    """Return the scores of one set."""
    names = comparison.choose(asked, fake)
    if not names:
        raise RequestError(f"no metric can be used on {fake.source.name}")
    scores = comparison.scores(fake, names)
    intervals: list[Interval] = [None] * len(scores)
    if with_intervals:
        known = [(METRICS[each.metric], each.values[0]) for each in scores]
        intervals = [None if value is None else comparison.interval(each, fake, value) for each, value in known]
    return Row(fake.source.name, False, fake, scores, tuple(intervals))


def case(comparison: Comparison, row: Row, looker: Looker) -> Case:
    """Return a row as the linter sees it."""
    real, key = comparison.real, looker.identity(comparison.real.source)
    others = looker.cache.others(real.source.digest(), {**key, "channels": "0"}) if looker.cache else []
    fake_key = looker.identity(row.side.source)
    given = [fake_key] if fake_key != key else []
    relevant = [{k: v for k, v in each.items() if k != "channels"} for each in others]
    return Case(
        Sample(row.name, row.side.cloud, row.side.features),
        Sample(real.source.name, real.cloud, real.features),
        tuple(each.metric for each in row.scores),
        key,
        tuple(each for each in [*given, *relevant] if each != key),
    )


def controls(comparison: Comparison, first: Row, looker: Looker, asked: Sequence[str] | None) -> list[Row]:
    """Return the floor and the ceilings, as many samples as the first row has where the reference has them."""
    half, other = halves(comparison.real)
    names = [each.metric for each in first.scores]
    usable = [name for name in names if not comparison.unmet(METRICS[name], half)]
    floor = replace(comparison, real=half).scores(other, usable)
    rows = [Row(f"{PREFIX}{FLOOR}", True, other, aligned(floor, first), (None,) * len(names))]
    n = min(len(first.side.cloud), len(comparison.real.cloud))
    for source in bad_samples(comparison.real, n):
        side = Side(source, looker(source, 3 if comparison.real.cloud.channels == 3 else 0), "fake")
        usable = [name for name in names if not comparison.unmet(METRICS[name], side)]
        rows.append(Row(source.name, True, side, aligned(comparison.scores(side, usable), first), (None,) * len(names)))
    return rows


def aligned(scores: Sequence[Scores], first: Row) -> tuple[Scores, ...]:
    """Return scores in the order of a first row; those that a control has none of are None, with the reason."""
    found = {each.metric: each for each in scores}
    reason = ("a control has no labels",)
    return tuple(found.get(each.metric) or replace(each, values=(None,), reasons=reason) for each in first.scores)
