"""``score``: anybody's samples against anybody's reference: opened, extracted, compared, with warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ganbench import features as extractors
from ganbench.dataset import Dataset
from ganbench.errors import BadInput
from ganbench.features.base import Extractor
from ganbench.features.extraction import Elsewhere, Extraction, Known, Progress, silent
from ganbench.features.feature_set import FeatureSet
from ganbench.features.store import Cache
from ganbench.features.user import from_callable
from ganbench.io import Reading, Source
from ganbench.io.fingerprint import remembering
from ganbench.io.memory import is_one_set
from ganbench.io.source import Kind
from ganbench.metrics import METRICS
from ganbench.metrics.spec import Metric
from ganbench.scoring.asked_metrics import wanted
from ganbench.scoring.controls import better_than_real, controls
from ganbench.scoring.costs import CostPlan, planned
from ganbench.scoring.intervals import interval
from ganbench.scoring.named import opened, opened_samples
from ganbench.scoring.pairing import Key, Pair, Pairing
from ganbench.scoring.report import Report, Row
from ganbench.scoring.scorer import MetricProgress, Scorer, unreported
from ganbench.scoring.warnings import MAKERS, Comparison, warnings_of

__all__ = ["Options", "Report", "score"]

OFFLINE = "random_conv"  # takes any image, and is on every machine
OF_PAIRS = ("channels", "span")  # in the keys of the cache: decided for each pair
Features = str | Callable[[Any], Any] | None


@dataclass(frozen=True)
class Options:
    """How samples are read and their features taken; what is added to the comparison.

    Parameters
    ----------
    train : path, name, array or Dataset, optional
        Examples that the generator was trained on, for metrics of copying.
    reading, reference_reading, train_reading : Reading
        How samples, the reference and training examples are read, where they do not say it themselves: the layout
        ("NHWC" or "NCHW"), the values of black and white, the key of the array in a file of several. Without a range of
        their own, the others take that of the samples; without any, one is guessed for both sides.
    weights : path or mapping, optional
        The file of the extractor's published weights; of a protocol with several networks, a file for each by name.
    trust_weights : bool
        Whether any other file of ``weights`` is taken too: a copy in another format, a network that was trained on. Its
        digest is part of the scores' identity, and they lose the published names.
    download : bool
        Whether the weights may be fetched.
    data : Path, optional
        Folder of data sets that come as files; ``data`` by default.
    skip_broken : bool
        Whether to go on without files that cannot be decoded.
    controls : bool
        Whether to add the floor that real data reach and the ceilings of bad samples.
    intervals : bool
        Whether to add 95 % intervals over the samples; ten times the work.
    cache : Cache, optional
        Where features are kept for the next call; None keeps nothing.
    pixels : {"uint8", "[-1, 1]"}
        What a callable given as ``features`` takes.
    slow : bool
        Whether ``"all"`` holds the metrics too that take many times as long as the others.
    progress : callable
        Is told the name of a source, how many samples are done, and of how many.
    metric_progress : callable
        Is told the ``ganbench.scoring.scorer.Step`` that begins, and again when it has ended, with its seconds.
    costs : callable, optional
        Is told the ``ganbench.scoring.costs.Plan`` of each set of samples, what each metric will cost, before the first
        metric begins.
    elsewhere : callable, optional
        Takes the features of images in other processes, to the same bits: ``ganbench.scoring.ray_shards.RayShards``.
    """

    train: Any = None
    reading: Reading = field(default_factory=Reading)
    reference_reading: Reading = field(default_factory=Reading)
    train_reading: Reading = field(default_factory=Reading)
    weights: str | Path | Mapping[str, str | Path] | None = None
    trust_weights: bool = False
    download: bool = False
    data: Path | None = None
    skip_broken: bool = False
    controls: bool = False
    intervals: bool = False
    cache: Cache | None = None
    pixels: Literal["uint8", "[-1, 1]"] = "uint8"
    slow: bool = False
    progress: Progress = silent
    metric_progress: MetricProgress = unreported
    costs: Callable[[CostPlan], None] | None = None
    elsewhere: Elsewhere | None = None


def score(
    samples: Any,
    reference: Any,
    *,
    metrics: Sequence[str] | str | None = None,
    features: Features = None,
    protocol: str | None = None,
    options: Options | None = None,
) -> Report:
    """Compare samples, or each of a list of them, with a reference.

    Parameters
    ----------
    samples : path, name, array, Tensor, Dataset, or a list of these
        A folder, an archive or an array file of images, with another name in reports as ``NAME=PATH``; a name
        (``mnist:held_out``, ``results/quick:wgan_gp:ring8``);
        an array or a tensor of images (n, c, h, w) or (n, h, w, c), or of features (n, d); a torch Dataset; a list of
        images, as arrays (h, w, c) or (c, h, w) or of Pillow's, which is one set.
    reference : as samples
        What to compare with; also an npz of ``mu`` (d,) and ``sigma`` (d, d).
    metrics : str or sequence of str, optional
        Names, in a list or with commas between, ``"all"``, files of your own (``./mine.py``), or None for fid, kid,
        precision, recall, density and coverage.
    features : str or callable, optional
        The extractor: a name, ``FILE.py:FUNCTION``, a TorchScript file, or a callable from images (n, c, h, w) to
        features (n, d). By default the data set's own where the reference is one, else ``random_conv``. A callable is
        known by its qualified name and the digest of its source; it does not use the cache.
    protocol : str, optional
        Give the numbers of another tool under its names: ``"adm"``, ``"clean-fid"``, ``"edm2"`` and others
        (``ganbench.scoring.protocols.PROTOCOLS``). ``metrics`` then are those names; features are the protocol's.
    options : Options, optional
        How samples are read, and what is added.

    Returns
    -------
    Report
        One row for each set of samples, with values, warnings and everything that the values depend on.

    Raises
    ------
    RequestError
        In one line, for whatever cannot be done as asked.

    Examples
    --------
    >>> import numpy as np
    >>> real, fake = (np.random.default_rng(seed).normal(size=(100, 2)) for seed in (0, 1))
    >>> report = score(fake, real, metrics="fid,precision")
    >>> [row.name for row in report.rows]
    ['an array in memory']
    >>> 0 < report.rows[0].value("fid") < 0.2
    True
    """
    options = options or Options()
    if protocol is not None:
        from ganbench.scoring.by_protocol import score_by  # noqa: PLC0415 (it stands on this module)

        return score_by(protocol, samples, reference, metrics, features, options)
    sets = sets_of(samples)
    wanted(metrics, options.slow)  # what is none is said before anything is read
    real, dataset = opened(reference, beside(options, options.reference_reading, "--reference-key"), options.data)
    fakes = numbered([opened_samples(each, options.reading, options.data) for each in sets])
    return compare(fakes, real, dataset, metrics, features, options)


def compare(
    fakes: Sequence[Source],
    real: Source,
    dataset: Dataset | None,
    metrics: Sequence[str] | str | None,
    features: Features,
    options: Options,
    known: dict[Key, FeatureSet] | None = None,
) -> Report:
    """Compare sets with a reference, all of them opened; ``known`` are features that were taken before."""
    asked = wanted(metrics, options.slow)
    train_reading = beside(options, options.train_reading, "--train-key")
    train = None if options.train is None else opened(options.train, train_reading, options.data)[0]
    real = of_kind(real, fakes[0].kind)
    digests = options.cache.digests if options.cache else None
    sources = [remembering(each, digests) for each in [real, *fakes, *([train] if train else [])]]
    real, fakes, train = sources[0], sources[1 : 1 + len(fakes)], sources[-1] if train else None
    refuse_mixture(sources)
    refuse_same(real, fakes)
    if real.kind == "moments" and options.controls:
        raise BadInput(f"{real.name} holds a mean and a covariance; controls are made of a reference of samples")
    extractor = extractor_for(real, fakes[0], dataset, features, options)
    cache = None if callable(features) else options.cache
    extraction = Extraction(extractor, cache, options.skip_broken, options.progress, options.elsewhere)
    pairing = Pairing(real, train, extraction, {} if known is None else known)
    pairs = [pairing(each) for each in fakes]
    modes = dataset.modes if dataset else None
    scorers = [Scorer(each.real, each.train, modes, each.identity, f"the modes of {real.name}") for each in pairs]
    selected = scorers[0].select(asked.metrics, asked.required, [each.fake for each in pairs])
    left_out = tuple(name for name in asked.left_out if not scorers[0].missing(METRICS[name], pairs[0].fake))
    slow = [METRICS[name] for name in left_out]
    rows = []
    for scorer, pair in zip(scorers, pairs, strict=True):
        if options.costs:
            options.costs(planned(scorer, selected, slow, pair.fake))
        rows.append(row(scorer, pair, selected, options))
    compared = [
        replace(
            comparison(scorer, pair, selected, extraction),
            values={each.metric: each.values[0] for each in scored.scores},
        )
        for scorer, pair, scored in zip(scorers, pairs, rows, strict=True)
    ]
    warnings = warnings_of(compared)
    if options.controls:
        added = controls(scorers, pairs, replace(extraction, cache=None), selected)
        warnings += [
            each
            for each in better_than_real(scorers, pairs, added, selected)
            if (each.code, each.about) not in {(known.code, known.about) for known in warnings}
        ]
        rows += added
    return Report(pairs[0].real, pairing.identity(fakes[0]), tuple(rows), tuple(warnings), left_out)


def beside(options: Options, reading: Reading, key_option: str) -> Reading:
    """Return how what stands beside the samples is read: in their range, where it has none of its own."""
    return replace(reading, span=reading.span or options.reading.span, key_option=key_option)


def of_kind(real: Source, kind: Kind) -> Source:
    """Return the moments that lie beside a reference's images where samples are features; else the reference."""
    is_beside = real.kind == "images" and kind == "features" and real.moments is not None
    return replace(real, kind="moments") if is_beside else real


def sets_of(samples: Any) -> list[Any]:
    """Return the sets that samples stand for: a list of images or of vectors is one of them."""
    if not isinstance(samples, list | tuple):
        return [samples]
    if not samples:
        raise BadInput("expected one or more sets of samples, got none")
    return [samples] if is_one_set(samples) else list(samples)


def numbered(sources: Sequence[Source]) -> list[Source]:
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
    real: Source, fake: Source, dataset: Dataset | None, features: Features, options: Options
) -> Extractor | None:
    """Return the extractor, or None for features that were given; raises RequestError where it cannot be had."""
    if fake.kind == "features":
        if features not in (None, "identity"):
            name = features if isinstance(features, str) else getattr(features, "__qualname__", repr(features))
            raise BadInput(f"features {name} are taken of images, and {fake.name} holds features already")
        return None
    if features == "identity":
        raise BadInput("features identity are for points; for images there is pixels")
    made = next((dict(each.made) for each in (fake, real) if each.made), None)
    if made and all(each.taken or each.made for each in (real, fake)):
        if features not in (None, made["name"]):
            raise BadInput(f"{fake.name} holds features {made['name']}, and {features} were asked for")
        if real.made != fake.made:
            raise BadInput(f"{real.name} and {fake.name} hold features of different networks or settings")
        return Known(made)
    if real.kind == "moments" and features is None and not made:
        raise BadInput(f"{real.name} holds a mean and a covariance of features; say of which with --features; {MAKERS}")
    if features is not None and not isinstance(features, str):
        return from_callable(features, options.pixels)
    name = features or (made["name"] if made else dataset.features if dataset else OFFLINE)
    if isinstance(options.weights, Mapping):
        raise BadInput("weights of several networks by name are for a protocol; expected one file")
    return extractors.load(name, options.weights, options.download, options.trust_weights)


def row(scorer: Scorer, pair: Pair, metrics: Sequence[Metric[Any]], options: Options) -> Row:
    """Return the scores of one set."""
    fake = pair.fake
    scores = scorer(metrics, fake, options.metric_progress)
    values = [(metric, each.values[0]) for metric, each in zip(metrics, scores, strict=True)]
    intervals = [
        interval(scorer, metric, fake, value) if options.intervals and value is not None else None
        for metric, value in values
    ]
    return Row(fake.name, False, fake, tuple(scores), tuple(intervals), pair.real, pair.train)


def comparison(scorer: Scorer, pair: Pair, metrics: Sequence[Metric[Any]], extraction: Extraction) -> Comparison:
    """Return a pair as the rules of a fair comparison see it."""
    real, fake = pair.real, pair.fake
    key = extraction.identity(real.source)
    others = extraction.cache.others(real.source.digest(), {**key, "channels": "0"}) if extraction.cache else []
    fake_key = extraction.identity(fake.source)
    given = [fake_key] if fake_key != key and real.n is not None else []
    relevant = [{k: v for k, v in each.items() if k not in OF_PAIRS} for each in others]
    usable = tuple(each for each in metrics if not scorer.missing(each, fake))
    different = tuple(each for each in [*given, *relevant] if each != key)
    return Comparison(fake, real, usable, key, different, pair.train, pair.doubts)
