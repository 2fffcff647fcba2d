"""Rows that give a score its scale: the floor that real data reach, and what bad samples score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.memory import from_array
from ganbench.io.source import Bytes, Picture, Reading, Source
from ganbench.metrics.atoms import moment_atoms
from ganbench.metrics.frechet_matching import frechet_matching
from ganbench.metrics.spec import Metric
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.intervals import interval
from ganbench.scoring.pairing import Pair
from ganbench.scoring.report import Row
from ganbench.scoring.scorer import Scorer
from ganbench.scoring.warnings import BETTER, BOUGHT, TITLES, Warned

BLUR = 1 / 16  # of the shorter side: the radius
PREFIX = "control: "


def controls(
    scorers: Sequence[Scorer], pairs: Sequence[Pair], extraction: Extraction, metrics: Sequence[Metric[Any]]
) -> list[Row]:
    """Return the floor at the numbers of samples of the sets, and the ceilings, which bad samples score."""
    rows = floors(scorers, pairs, metrics)
    scorer, real, none = scorers[0], pairs[0].real, (None,) * len(metrics)
    most = max(len(pair.fake.feature_set) for pair in pairs)
    for bought in (atoms_of(real, most), matched(real, most)):
        rows.append(Row(bought.name, True, bought, tuple(scorer(metrics, bought)), none))
    for source in bad_samples(real, min(most, len(real.feature_set))):
        features = extraction(source, 3 if real.feature_set.channels == 3 else 0)
        inputs = FileInputs(source, features, "fake", real.features_name)
        rows.append(Row(source.name, True, inputs, tuple(scorer(metrics, inputs)), none))
    return rows


def floors(scorers: Sequence[Scorer], pairs: Sequence[Pair], metrics: Sequence[Metric[Any]]) -> list[Row]:
    """Return what as many of the reference score against the rest of it as there are samples.

    A distance shrinks with the number of samples, so that a floor says nothing beside a score at another number. Where
    the reference is too small for it, half of it is the floor, and beside it stand as many of the samples, scored
    against the same other half.
    """
    rows: list[Row] = []
    done: set[tuple[FileInputs, int]] = set()
    several = len({id(pair.real) for pair in pairs}) > 1
    none = (None,) * len(metrics)
    for scorer, pair in zip(scorers, pairs, strict=True):
        n, whole = len(pair.fake.feature_set), len(pair.real.feature_set)
        size = min(n, whole // 2)
        part, rest = divided(pair.real, size)
        against, suffix = scorer.against(rest), f" ({pair.identity['channels']})" if several else ""
        shown = [(f"{size} of the reference against the other {whole - size}{suffix}", part)]
        shown = shown if (pair.real, size) not in done else []
        if size < n:
            shown.append((f"{size} of {pair.fake.name} against the same {whole - size}", some(pair.fake, size)))
        rows += [Row(PREFIX + name, True, each, tuple(against(metrics, each)), none, rest) for name, each in shown]
        done.add((pair.real, size))
    return rows


def better_than_real(
    scorers: Sequence[Scorer], pairs: Sequence[Pair], rows: Sequence[Row], metrics: Sequence[Metric[Any]]
) -> list[Warned]:
    """Return a warning for each set that is nearer to half of a reference than as many held-out reals are, by chance.

    ``rows`` are those of the floors. Of every distance the value must lie below the floor's 95 % interval.
    """
    distances = [
        each for each in metrics if each.spec.better == "lower" and each.spec.ideal == 0 and not each.spec.slow
    ]
    warned = []
    for scorer, pair in zip(scorers, pairs, strict=True):
        n = len(pair.fake.feature_set)
        size = min(n, len(pair.real.feature_set) // 2)
        floor = next(row for row in rows if row.inputs.n == size and is_part(row.inputs, pair.real))
        held_out, rest = floor.inputs, floor.reference
        if rest is None:
            continue
        against, same = scorer.against(rest), pair.fake if size == n else some(pair.fake, size)
        below = [text for each in distances if (text := nearer(against, each, same, held_out))]
        if below:
            text = f"{'; '.join(below)} of as many held-out reals, against the same {rest.n} of the reference: {BOUGHT}"
            warned.append(Warned(BETTER, TITLES[BETTER], pair.fake.name, text))
    return warned


def is_part(inputs: FileInputs, whole: FileInputs) -> bool:
    return inputs.part_of is not None and inputs.part_of[0] is whole


def nearer(scorer: Scorer, metric: Metric[Any], fake: FileInputs, held_out: FileInputs) -> str:
    """Say by how much samples are nearer than held-out reals, where that is beyond the interval of these."""
    value, floor = (scorer.value(metric, each)[0] for each in (fake, held_out))
    if value is None or floor is None or value >= floor:
        return ""
    span = interval(scorer, metric, held_out, floor)
    if span is None or value >= span[0]:
        return ""
    return f"{metric.spec.name} is {value:.3g}, below the {floor:.3g} [{span[0]:.3g}, {span[1]:.3g}]"


def atoms_of(real: FileInputs, n: int) -> FileInputs:
    """Return samples that have the mean and the covariance of the reference's features and nothing else of them.

    Of features alone: no picture has these. Each of the 2 d atoms is there once at least.
    """
    return of_values(real, "moment atoms", moment_atoms(real.features.mean, real.features.covariance, n))


def matched(real: FileInputs, n: int) -> FileInputs:
    """Return samples of a generator that is trained on the Frechet distance to the reference's features.

    Of features alone, as atoms are; all lie on one curve.
    """
    random = stream(0, "controls", "frechet matching")
    z = torch.rand(n, generator=random, dtype=torch.float64)
    generator = frechet_matching(real.features.mean.cpu(), real.features.covariance.cpu(), random, z)
    return of_values(real, "frechet matching", generator(z))


def of_values(real: FileInputs, name: str, made: Tensor) -> FileInputs:
    """Return made features as samples."""
    values = made.to(real.feature_set.values.dtype)
    source = from_array(f"{PREFIX}{name}", values.numpy(), Reading(), None)
    names = tuple(map(str, range(len(values))))
    known = len(values)
    facts = Facts(
        torch.zeros(known, 2, dtype=torch.int64), torch.zeros(known), torch.zeros(known, 2, dtype=torch.int32)
    )
    return FileInputs(source, FeatureSet(values, None, None, (), names, facts, 0), "fake", real.features_name)


def divided(real: FileInputs, size: int) -> tuple[FileInputs, FileInputs]:
    """Return ``size`` of the reference and the rest of it, chosen by a fixed stream."""
    order = torch.randperm(len(real.feature_set), generator=stream(0, "controls", "halves"))
    return real.part(order[:size].sort().values), real.part(order[size:].sort().values)


def some(fake: FileInputs, size: int) -> FileInputs:
    """Return ``size`` samples, chosen by a fixed stream."""
    order = torch.randperm(len(fake.feature_set), generator=stream(0, "controls", "samples"))
    return fake.part(order[:size].sort().values)


def bad_samples(real: FileInputs, n: int) -> list[Source]:
    """Return sources of ``n`` bad samples each: noise, blurred reference, one repeated; of features no blur."""
    if not real.is_image:
        return bad_features(real, n)
    made: dict[str, Callable[[], Iterator[Bytes]]] = {
        "noise": lambda: noise(real, n),
        "blurred reference": lambda: map(blurred, islice(pixels(real), n)),
        "one picture repeated": lambda: (each for first in islice(pixels(real), 1) for each in [first] * n),
    }
    return [Source(f"{PREFIX}{name}", "images", partial(str, name), scan(make), count=n) for name, make in made.items()]


def scan(make: Callable[[], Iterator[Bytes]]) -> Callable[[], Iterator[Picture]]:
    """Return a pass over pictures that are made."""
    return lambda: (Picture(str(i), each, "array") for i, each in enumerate(make()))


def pixels(real: FileInputs) -> Iterator[Bytes]:
    return (each.pixels for each in real.source.scan() if isinstance(each, Picture))


def noise(real: FileInputs, n: int) -> Iterator[Bytes]:
    """Yield independent uniform bytes, of the reference's commonest size."""
    (height, width), _ = real.feature_set.sizes.most_common(1)[0]
    draws = np.random.Generator(np.random.PCG64(0))
    for _ in range(n):
        yield draws.integers(0, 256, (height, width, real.feature_set.channels), np.uint8)


def blurred(picture: Bytes) -> Bytes:
    """Return a picture behind a Gaussian of a sixteenth of its shorter side, at least one pixel."""
    image = Image.fromarray(picture if picture.shape[2] == 3 else picture[..., 0])
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(max(1.0, BLUR * min(picture.shape[:2])))))
    return soft if soft.ndim == 3 else soft[..., None]


def bad_features(real: FileInputs, n: int) -> list[Source]:
    """Return noise with each feature's own mean and spread, and one row repeated."""
    values = real.feature_set.values
    random = torch.randn(n, values.shape[1], generator=stream(0, "controls", "noise"), dtype=values.dtype)
    made = {
        "independent Gaussians": values.mean(0) + values.std(0) * random,
        "one row repeated": values[:1].repeat(n, 1),
    }
    return [from_array(f"{PREFIX}{name}", each.numpy(), Reading(), None) for name, each in made.items()]
