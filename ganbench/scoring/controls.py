"""Rows that give a score its scale: the floor that real data reach, and what bad samples score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter

from ganbench._util.streams import stream
from ganbench.features.extraction import Extraction
from ganbench.io.memory import from_array
from ganbench.io.source import Bytes, Picture, Reading, Source
from ganbench.metrics.spec import Metric
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.pairing import Pair
from ganbench.scoring.report import Row
from ganbench.scoring.scorer import Scorer

BLUR = 1 / 16  # of the shorter side: the radius
PREFIX = "control: "


def controls(
    scorers: Sequence[Scorer], pairs: Sequence[Pair], extraction: Extraction, metrics: Sequence[Metric[Any]]
) -> list[Row]:
    """Return the floor at the numbers of samples of the sets, and the ceilings, which bad samples score."""
    rows = floors(scorers, pairs, metrics)
    scorer, real, none = scorers[0], pairs[0].real, (None,) * len(metrics)
    most = max(len(pair.fake.feature_set) for pair in pairs)
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
