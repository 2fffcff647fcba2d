"""Anybody's samples against anybody's reference: opened, looked at, compared, and checked for fairness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganbench import features as extractors
from ganbench.cache import Cache
from ganbench.dataset import Dataset
from ganbench.errors import BadInput
from ganbench.external.choice import wanted
from ganbench.external.compare import Comparison
from ganbench.external.controls import controls
from ganbench.external.digests import remembering
from ganbench.external.intervals import interval
from ganbench.external.look import Looker, silent
from ganbench.external.named import opened
from ganbench.external.passes import Tell
from ganbench.external.reports import Report, Row
from ganbench.external.sides import Side
from ganbench.fairness import Case, Sample, lint
from ganbench.features.base import Extractor
from ganbench.metrics.base import Metric
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
    tensors of images or of features (n, d), or torch Datasets; the reference may be an npz of ``mu`` and ``sigma``.
    ``metrics`` are names, ``"all"``, files of your own (``./mine.py``), or None for the usual ones. ``features`` names
    the extractor: by default the data set's own where the reference is one, else ``random_conv``.
    Raises RequestError, in one line, for whatever cannot be done as asked.
    """
    options = options or Options()
    sets = list(samples) if isinstance(samples, list | tuple) else [samples]
    if not sets:
        raise BadInput("expected one or more sets of samples, got none")
    asked = wanted(metrics)
    real, dataset = opened(reference, options.reference_reading, options.data)
    fakes = told_apart([opened(each, options.reading, options.data)[0] for each in sets])
    train = None if options.train is None else opened(options.train, Reading(), options.data)[0]
    kept = options.cache.folder if options.cache else None
    everything = [remembering(each, kept) for each in [real, *fakes, *([train] if train else [])]]
    real, fakes = everything[0], everything[1 : 1 + len(fakes)]
    refuse_mixture(everything)
    refuse_same(real, fakes)
    if real.kind == "moments" and options.controls:
        raise BadInput(f"{real.name} holds a mean and a covariance; controls are made of a reference of samples")
    looker = Looker(
        extractor_for(real, fakes[0], dataset, features, options), options.cache, options.skip_broken, options.tell
    )
    sides = look_at(everything, looker)
    modes = dataset.modes if dataset else None
    comparison = Comparison(sides[0], sides[-1] if train else None, modes, identity(looker, real, fakes[0]))
    chosen = comparison.choose(asked, sides[1 : 1 + len(fakes)])
    rows = [row(comparison, fake, chosen, options.intervals) for fake in sides[1 : 1 + len(fakes)]]
    warnings = lint([case(comparison, each, chosen, looker) for each in rows])
    if options.controls:
        rows += controls(comparison, len(rows[0].side.cloud), replace(looker, cache=None), chosen)
    return Report(comparison, tuple(rows), tuple(warnings))


def told_apart(sources: Sequence[Source]) -> list[Source]:
    """Return sources of different names: several arrays in memory are numbered."""
    names = [source.name for source in sources]
    return [
        replace(source, name=f"{source.name} {i + 1}" if names.count(source.name) > 1 else source.name)
        for i, source in enumerate(sources)
    ]


def refuse_mixture(sources: Sequence[Source]) -> None:
    """Raise BadInput where some are images and others features; the first, a reference, may be moments of either."""
    known = [source for source in sources if source.kind != "moments"]
    for other in sources[1:]:
        if other.kind == "moments":
            raise BadInput(
                f"{other.name} holds a mean and a covariance, which only a reference can be; expected samples"
            )
        if other.kind != known[0].kind:
            raise BadInput(
                f"{other.name} holds {other.kind} and {known[0].name} holds {known[0].kind}; expected the same of both"
            )


def refuse_same(real: Source, fakes: Sequence[Source]) -> None:
    """Raise BadInput where samples are the reference itself."""
    for fake in fakes:
        if fake.digest() == real.digest():
            raise BadInput(f"{fake.name} and the reference {real.name} are the same: such a score says nothing")


def extractor_for(
    real: Source, fake: Source, dataset: Dataset | None, features: str | None, options: Options
) -> Extractor | None:
    """Return the extractor, or None for features that were given; raises RequestError where it cannot be had."""
    if fake.kind == "features":
        if features not in (None, "identity"):
            raise BadInput(f"features {features} look at images, and {fake.name} holds features already")
        return None
    if features == "identity":
        raise BadInput("features identity look at points; for images there is pixels")
    if real.kind == "moments" and features is None:
        raise BadInput(f"{real.name} holds a mean and a covariance of features; say of which with --features")
    return extractors.load(features or (dataset.features if dataset else OFFLINE), options.weights, options.download)


def identity(looker: Looker, real: Source, fake: Source) -> dict[str, str]:
    """Return what the numbers depend on beside the samples: the extractor, and what the reference is known by."""
    known = looker.identity(fake if real.kind == "moments" else real)
    moments = {"reference": "a mean and a covariance, of how many samples and of which network the file does not say"}
    return {**known, **(moments if real.kind == "moments" else {})}


def look_at(sources: Sequence[Source], looker: Looker) -> list[Side]:
    """Return all sets as clouds; where one has colour, grey ones are looked at as colour too."""
    clouds = [looker(source) for source in sources]
    if len({cloud.channels for cloud in clouds} - {0}) > 1:
        pairs = zip(clouds, sources, strict=True)
        clouds = [looker(source, 3) if cloud.channels == 1 else cloud for cloud, source in pairs]
    roles = ["real", *["fake"] * (len(sources) - 1)]
    return [Side(*each) for each in zip(sources, clouds, roles, strict=True)]


def row(comparison: Comparison, fake: Side, metrics: Sequence[Metric[Any]], with_intervals: bool) -> Row:
    """Return the scores of one set."""
    scores = comparison.scores(fake, metrics)
    found = [(metric, each.values[0]) for metric, each in zip(metrics, scores, strict=True)]
    intervals = [
        interval(comparison, metric, fake, value) if with_intervals and value is not None else None
        for metric, value in found
    ]
    return Row(fake.source.name, False, fake, scores, tuple(intervals))


def case(comparison: Comparison, row: Row, metrics: Sequence[Metric[Any]], looker: Looker) -> Case:
    """Return a row as the linter sees it."""
    real, key = comparison.real, looker.identity(comparison.real.source)
    others = looker.cache.others(real.source.digest(), {**key, "channels": "0"}) if looker.cache else []
    fake_key = looker.identity(row.side.source)
    given = [fake_key] if fake_key != key and real.n is not None else []
    relevant = [{k: v for k, v in each.items() if k != "channels"} for each in others]
    usable = [each for each in metrics if not comparison.unmet(each, row.side)]
    return Case(
        Sample(row.name, row.side.cloud, row.side.features, row.side.n),
        Sample(real.source.name, real.cloud, real.features, real.n),
        tuple(usable),
        key,
        tuple(each for each in [*given, *relevant] if each != key),
    )
