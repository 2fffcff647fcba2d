"""One set of samples and the reference, brought to one range of values and one number of channels.

Both are decided for each pair by itself, so that a set scores the same alone and beside any others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ganbench.errors import BadInput
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import FeatureSet
from ganbench.io.grey_levels import FULL, guess, is_filled, white_for, worded
from ganbench.io.source import Source
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.reference import rows_of_moments

OF_MOMENTS = {"reference": "a mean and a covariance, of how many samples and of which network the file does not say"}


Key = tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """One set of samples and the reference as they are compared.

    Attributes
    ----------
    real, fake : FileInputs
        Both, with the same channels.
    train : FileInputs or None
        Training examples, read in the same way where they can be.
    identity : dict of str
        What the numbers depend on beside the samples: the extractor, and what was made of both sets for it.
    doubts : tuple of str
        What was guessed and may be wrong.
    """

    real: FileInputs
    fake: FileInputs
    train: FileInputs | None
    identity: dict[str, str]
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Pairing:
    """Makes pairs with one reference; whatever several of them share is extracted once.

    Rows come in the order of their content, so that a set scores the same to the bit however it was divided or sorted;
    without ``by_content`` in the order of their names, which some tools take.
    """

    real: Source
    train: Source | None
    extraction: Extraction
    known: dict[Key, FeatureSet] = field(default_factory=dict)
    sides: dict[Key, FileInputs] = field(default_factory=dict)
    by_content: bool = True

    def __call__(self, samples: Source) -> Pair:
        """Return a set of samples and the reference as they are compared; raises BadInput where they cannot be."""
        (real, fake), doubts = in_one_range([self.real, samples])
        white, more = white_of([(each.name, self.features(each).depth) for each in (real, fake)])
        real, fake = self.as_deep(real, white), self.as_deep(fake, white)
        channels = max(self.features(each).channels for each in (real, fake))
        sides = self.side("real", real, channels), self.side("fake", fake, channels)
        train = None
        if self.train:
            train = self.side("train", self.as_deep(in_range_of(fake, self.train), white), channels)
        identity = {**self.identity(samples), **conversion(*(each.feature_set for each in sides))}
        return Pair(*sides, train, identity, (*doubts, *more))

    def side(self, role: str, source: Source, channels: int) -> FileInputs:
        """Return one side of a pair, the same object where another pair has the same: metrics keep statistics in it."""
        features = self.features(source, channels)
        key = (role, source.kind, source.name, source.digest(), str(source.span), str(features.channels))
        if key not in self.sides:
            name = self.extraction.extractor.name if self.extraction.extractor else "given"
            side = FileInputs(source, features, role, name)
            self.sides[key] = side.by_content() if self.by_content and side.n is not None else side
        return self.sides[key]

    def features(self, source: Source, channels: int = 0) -> FeatureSet:
        """Return the features of a source, of grey images as of colour where ``channels`` is 3."""
        plain = self.extracted(source, 0)
        return self.extracted(source, 3) if channels == 3 and plain.channels == 1 else plain

    def extracted(self, source: Source, channels: int) -> FeatureSet:
        """Return features, which are extracted once."""
        key = (source.kind, source.digest(), str(source.span), str(channels))
        if key not in self.known:
            of_moments = source.kind == "moments"
            self.known[key] = rows_of_moments(source) if of_moments else self.extraction(source, channels)
        return self.known[key]

    def as_deep(self, source: Source, white: int) -> Source:
        """Return a source whose 16 bits are read with that white, unless it has none or has brighter ones."""
        return source.spanned((0.0, float(white))) if 0 < self.features(source).depth <= white < FULL else source

    def identity(self, samples: Source) -> dict[str, str]:
        """Return what features depend on: the extractor, and what is known of the reference."""
        if self.real.kind == "moments":
            return {**self.extraction.identity(samples), **OF_MOMENTS}
        return self.extraction.identity(self.real)


def in_one_range(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Return sources whose floats are read with one black and white, and what is doubtful about it.

    Raises BadInput where no usual range holds the values of all.
    """
    spreads = [(each, each.extremes) for each in sources if each.extremes]
    if not spreads:
        return list(sources), []
    low, high = min(least for _, (least, _) in spreads), max(most for _, (_, most) in spreads)
    span = guess(low, high, is_float=True)
    if span is None:
        values = " and ".join(values_of(each) for each, _ in spreads)
        raise BadInput(f"{values}, which no usual range holds; name them with --span and --reference-span")
    doubts = [
        f"{values_of(each)}, which alone would be {worded(each.span)}, and is read as {worded(span)} like the other "
        "side; name the ranges with --span and --reference-span"
        for each, _ in spreads
        if each.span and each.span != span
    ]
    if not doubts and not is_filled(span, low, high):
        values = f"values from {low:g} to {high:g} are read as {worded(span)}"
        doubts = [f"{values}, which they do not fill; name the range with --span"]
    return [each.spanned(span) if each.extremes else each for each in sources], doubts


def values_of(source: Source) -> str:
    low, high = source.extremes or (0.0, 0.0)
    return f"{source.name} has values from {low:g} to {high:g}"


def in_range_of(fake: Source, train: Source) -> Source:
    """Return training examples read as samples are, where their values permit it."""
    span = fake.span if fake.extremes else None
    if span is None or train.extremes is None or not span[0] <= train.extremes[0] <= train.extremes[1] <= span[1]:
        return train
    return train.spanned(span)


def white_of(depths: Sequence[tuple[str, int]]) -> tuple[int, list[str]]:
    """Return white of 16 bits whose range nothing says, and what is doubtful about it.

    ``depths`` are the largest values of sets, 0 where a set has no such images.
    """
    deep = [(name, depth) for name, depth in depths if depth]
    whites = [white_for(depth) for _, depth in deep] or [FULL]
    white = max(whites)
    if min(whites) == FULL:
        return FULL, []
    values = " and ".join(f"{name} has 16-bit values up to {depth}" for name, depth in deep)
    return white, [f"{values}, read as {worded((0, white))}; name the range with --span"]


def conversion(real: FeatureSet, fake: FeatureSet) -> dict[str, str]:
    """Return what was made of the images of both sets before their features were taken."""
    if not fake.channels:
        return {}
    made = {"channels": "colour" if fake.channels == 3 else "grey"}
    scaled = [", ".join(each.scaled) or "0-255" for each in (fake, real)]
    if fake.scaled or real.scaled:
        made["range"] = scaled[0] if scaled[0] == scaled[1] else f"samples {scaled[0]}, reference {scaled[1]}"
    return made
