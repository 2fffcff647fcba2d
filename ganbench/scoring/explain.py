"""Why two numbers differ: from one configuration to another, one field at a time, on the same samples.

Each step's change carries an interval over the samples: a jackknife over ten groups of the difference between both
values, so that what the groups have in common does not count.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.stats import t as student
from torch import Tensor

from ganbench import features as extractors
from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.features.base import Extractor
from ganbench.features.extraction import Extraction
from ganbench.features.image_network import ImageNetwork
from ganbench.io.decode import quietly
from ganbench.io.source import Bytes, LeftOut, Picture, Source
from ganbench.metrics.conventions import frechet_population
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.frechet import fid
from ganbench.metrics.kernels import cmmd
from ganbench.scoring import api
from ganbench.scoring.configuration import (
    MEANING,
    OF_FEATURES,
    Configuration,
    configuration_of,
    path_between,
    shown_by,
    worded,
)
from ganbench.scoring.named import opened
from ganbench.scoring.reference import rows_of_moments

GROUPS, LEVEL = 10, 0.95
USUAL_N = 5000
IN_MEMORY = 1 << 30  # bytes of pixels that are kept between steps; more are read again
BAR = 30  # characters


@dataclass(frozen=True)
class Step:
    """One field's change and what it does.

    Attributes
    ----------
    field, before, after : str
        What is changed, from what to what.
    value : float
        The number after the change.
    change : float
        By how much it differs from the number before.
    interval : (float, float) or None
        95 % of the change over the samples, the reference fixed; None for fewer than 100 samples.
    takes_features : bool
        Whether features had to be taken anew.
    """

    field: str
    before: str
    after: str
    value: float
    change: float
    interval: tuple[float, float] | None
    takes_features: bool


@dataclass(frozen=True)
class Explanation:
    """A number under one configuration, the steps to another, and the number under that.

    Attributes
    ----------
    samples, reference : str
        What was compared, by name.
    n, n_reference : int or None
        Of how many samples and of reference, None where the reference is statistics.
    start, end : str
        Both configurations as they were asked for.
    value : float
        The number at the start.
    steps : tuple of Step
        In the order in which the fields are applied; another order would split the difference otherwise.
    notes : tuple of str
        What is to be known beside it.
    """

    samples: str
    reference: str
    n: int
    n_reference: int | None
    start: str
    end: str
    value: float
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def final(self) -> float:
        """The number at the end."""
        return self.steps[-1].value if self.steps else self.value

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {**asdict(self), "final": self.final}


@dataclass
class Work:
    """Sources, networks and features of one explanation; nothing is computed twice."""

    samples: Source
    reference: Source
    n: int
    options: api.Options
    networks: dict[str, Extractor] = field(default_factory=dict)
    rows: dict[tuple[Any, ...], Features] = field(default_factory=dict)
    references: dict[str, Source] = field(default_factory=dict)

    def value(self, configuration: Configuration, keep: Tensor | None = None) -> float:
        """Return the number of all samples, or of those at some places."""
        real, fake = self.real(configuration), self.fake(configuration)
        if keep is not None:
            fake = Features(fake.values[keep], "fake")
        if configuration.estimate == "cmmd":
            return cmmd(real, fake)
        of_statistics = self.source(configuration).kind == "moments"
        return fid(real, fake) if configuration.ddof else frechet_population(real, fake, of_statistics=of_statistics)

    def fake(self, configuration: Configuration) -> Features:
        """Return the samples' features."""
        change = partial(changed, grey=configuration.grey, jpeg=configuration.jpeg)
        whole = self.features("fake", self.samples, configuration, change, f"{configuration.grey} {configuration.jpeg}")
        if not configuration.n or configuration.n >= len(whole):
            return whole
        key = ("cut", id(whole), configuration.n)
        if key not in self.rows:
            self.rows[key] = Features(whole.values[: configuration.n], "fake")  # they come in random order
        return self.rows[key]

    def real(self, configuration: Configuration) -> Features:
        """Return the reference's features, or rows that have its mean and covariance."""
        source = self.source(configuration)
        if source.kind == "moments":
            key = ("moments", configuration.reference)
            if key not in self.rows:
                self.rows[key] = Features(rows_of_moments(source).values, "real")
            return self.rows[key]
        return self.features("real", source, configuration, None, configuration.reference)

    def source(self, configuration: Configuration) -> Source:
        """Return the reference that a configuration names."""
        name = configuration.reference
        if not name:
            return self.reference
        if name not in self.references:
            other = opened(name, self.options.reference_reading, self.options.data)[0]
            self.references[name] = some_of(other, self.n) if other.kind == "images" else other
        return self.references[name]

    def features(
        self,
        role: str,
        source: Source,
        configuration: Configuration,
        change: Callable[[Bytes], Bytes] | None,
        more: str,
    ) -> Features:
        """Return features of images behind a configuration's view."""
        shown = (configuration.resize, configuration.rounded, configuration.scale, configuration.network)
        key = (role, more, *shown)
        if key not in self.rows:
            extractor = shown_by(configuration, self.network(configuration.network))
            altered = source if change is None else with_pixels(source, change)
            taken = Extraction(extractor, None, self.options.skip_broken, self.options.progress)(altered, 3)
            self.rows[key] = Features(taken.values, role)
        return self.rows[key]

    def network(self, name: str) -> Extractor:
        """Return a network by the name of its extractor."""
        if name not in self.networks:
            weights = self.options.weights
            given = weights.get(name) if isinstance(weights, Mapping) else weights
            takes = name in extractors.EXTRACTORS and extractors.EXTRACTORS[name].published
            file = given if takes or name.startswith(extractors.PACKAGES) else None
            trust = self.options.trust_weights and file is not None
            self.networks[name] = extractors.load(name, file, self.options.download, trust)
        return self.networks[name]


def explain(
    samples: Any,
    reference: Any,
    start: str,
    end: str,
    *,
    features: str | None = None,
    n: int = USUAL_N,
    options: api.Options | None = None,
    progress: Callable[[str], None] | None = None,
) -> Explanation:
    """Split the difference between two configurations' numbers of the same samples into steps.

    Parameters
    ----------
    samples, reference : path, name or array
        Images; the reference may also be a mean and a covariance, of which only the samples' side can be changed.
    start, end : str
        Protocols, with other values for some of their fields: ``"clean-fid"``, ``"clean-fid(jpeg=90,n=1000)"``. Fields
        are those of ``ganbench.scoring.configuration.Configuration``.
    features : str, optional
        A network that stands in for those of both protocols: ``random_conv`` needs no weights.
    n : int
        At most so many samples, and so many of the reference, by a fixed draw.
    options : Options, optional
        As for ``ganbench.score``: weights and how files are read.
    progress : callable, optional
        Called with what it will cost, before it starts.

    Returns
    -------
    Explanation
        The steps in the order of ``Configuration``'s fields.

    Raises
    ------
    RequestError
        In one line, for whatever cannot be done as asked.
    """
    options = options or api.Options()
    if n < 2:
        raise BadInput(f"n: expected at least 2 samples, got {n}")
    first, last = configuration_of(start, features), configuration_of(end, features)
    fake = opened(samples, options.reading, options.data)[0]
    real = opened(reference, api.beside(options, options.reference_reading, "--reference-key"), options.data)[0]
    if fake.kind != "images" or real.kind == "features":
        raise BadInput("explain takes images, and a reference of images or of a mean and a covariance")
    api.refuse_same(real, [fake])
    kept = some_of(fake, n), some_of(real, n) if real.kind == "images" else real
    work = Work(*kept, n, options)
    if features is not None and has_own_colours(work.network(features)):
        first, last = (replace(each, scale="") for each in (first, last))
    steps = path_between(first, last)
    for network in dict.fromkeys(each.network for each in (first, *(after for _, after in steps))):
        shown_by(first, work.network(network))  # what cannot be had is said before anything is computed
    if progress:
        progress(cost(steps, work))
    return taken(work, first, steps, (start, end), notes_of(work, steps))


def has_own_colours(network: Extractor) -> bool:
    """Whether a network scales each channel by its own numbers, which no protocol's scale replaces."""
    return isinstance(network, ImageNetwork) and len(network.view.mean) > 1


def cost(steps: Sequence[tuple[str, Configuration]], work: Work) -> str:
    """Say what an explanation will cost."""
    fresh = 1 + sum(name in OF_FEATURES for name, _ in steps)
    sides = "samples and reference" if work.reference.kind == "images" else "samples"
    return (
        f"{len(steps)} steps; features of at most {work.n} {sides} are taken {fresh} times, each time as long as one "
        "score takes and at most 1.2 times with its intervals; --n takes fewer"
    )


def notes_of(work: Work, steps: Sequence[tuple[str, Configuration]]) -> tuple[str, ...]:
    """Return what is to be known of an explanation."""
    notes = ["steps are taken in this order; in another one the same difference would be split otherwise"]
    if work.reference.kind == "moments":
        notes.append("the reference is a mean and a covariance: steps change the samples' side alone")
    if any(name in ("network", "estimate") for name, _ in steps):
        notes.append("numbers of two networks or estimates have no common scale: that step only closes the sum")
    return tuple(notes)


def taken(
    work: Work,
    first: Configuration,
    steps: Sequence[tuple[str, Configuration]],
    names: tuple[str, str],
    notes: tuple[str, ...],
) -> Explanation:
    """Take the steps one after the other."""
    here, value = first, work.value(first)
    done = []
    parts = without_groups(work, first)
    for name, after in steps:
        further, others = work.value(after), without_groups(work, after)
        change = further - value
        done.append(
            Step(
                MEANING[name],
                worded(name, getattr(here, name)),
                worded(name, getattr(after, name)),
                further,
                change,
                interval(change, parts, others),
                name in OF_FEATURES,
            )
        )
        here, value, parts = after, further, others
    n_reference = None if work.reference.kind == "moments" else len(work.real(first))
    n = len(work.fake(first))
    return Explanation(
        work.samples.name, work.reference.name, n, n_reference, *names, work.value(first), tuple(done), notes
    )


def without_groups(work: Work, configuration: Configuration) -> list[float] | None:
    """Return the number without each tenth of the samples, None for too few of them."""
    n = len(work.fake(configuration))
    if n < GROUPS * GROUPS:
        return None
    group = torch.arange(n) % GROUPS
    return [work.value(configuration, (group != each).nonzero().flatten()) for each in range(GROUPS)]


def interval(change: float, before: list[float] | None, after: list[float] | None) -> tuple[float, float] | None:
    """Return the interval of a change by the jackknife of the differences of the groups."""
    if before is None or after is None:
        return None
    differences = np.array(after) - np.array(before)
    error = sqrt((GROUPS - 1) / GROUPS * float(np.square(differences - differences.mean()).sum()))
    half = float(student.ppf((1 + LEVEL) / 2, GROUPS - 1)) * error
    return change - half, change + half


def some_of(source: Source, n: int) -> Source:
    """Return at most ``n`` images of a source, chosen and ordered by a fixed stream, read once where memory allows."""
    with quietly():
        pictures: list[Picture] = []
        size, left_out = 0, []
        for each in source.scan():
            if isinstance(each, LeftOut):
                left_out.append(each)
                continue
            pictures.append(each)
            size += each.pixels.size
            if size > IN_MEMORY:
                raise BadInput(f"{source.name}: more than {IN_MEMORY} bytes of pixels; name a part of it")
    order = torch.randperm(len(pictures), generator=stream(0, "explain"))[:n].tolist()
    chosen = [replace(pictures[place], name=str(i)) for i, place in enumerate(order)]
    broken = [each for each in left_out if each.broken]
    return replace(source, scan=lambda: iter([*broken, *chosen]), count=len(chosen), labels=None, stamp=None)


def with_pixels(source: Source, change: Callable[[Bytes], Bytes]) -> Source:
    """Return a source whose pixels are changed as they are read."""

    def scan() -> Iterator[Picture | LeftOut]:
        for each in source.scan():
            yield replace(each, pixels=change(each.pixels)) if isinstance(each, Picture) else each

    return replace(source, scan=scan)


def changed(pixels: Bytes, *, grey: bool, jpeg: int) -> Bytes:
    """Return a picture made grey, or compressed and decompressed."""
    if not grey and not jpeg:
        return pixels
    image = Image.fromarray(pixels if pixels.shape[2] == 3 else pixels[..., 0])
    image = image.convert("L") if grey else image
    if jpeg:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=jpeg)
        image = Image.open(io.BytesIO(packed.getvalue()))
    result = np.asarray(image)
    return result if result.ndim == 3 else result[..., None]


def as_text(explanation: Explanation) -> str:
    """Return a waterfall of text: a line for each step with its change, interval and bar."""
    known = f"{explanation.n_reference} of" if explanation.n_reference else "the statistics in"
    lines = [
        f"{explanation.n} of {explanation.samples} against {known} {explanation.reference}",
        f"from {explanation.start} to {explanation.end}",
        "",
    ]
    values = [explanation.value, *(each.value for each in explanation.steps)]
    low, high = min(values), max(values)
    width = max([24, *(len(label(each)) for each in explanation.steps)])
    lines.append(f"{explanation.start:<{width}} {explanation.value:>12.5g}")
    before = explanation.value
    for each in explanation.steps:
        ends = f"[{each.interval[0]:+.3g}, {each.interval[1]:+.3g}]" if each.interval else "no interval"
        bar = waterfall_bar(before, each.value, low, high)
        lines.append(f"{label(each):<{width}} {each.change:>+12.5g} {ends:<24} {bar}".rstrip())
        before = each.value
    lines.append(f"{explanation.end:<{width}} {explanation.final:>12.5g}")
    lines += ["", f"[low, high]: 95 % over the samples, the reference fixed (jackknife over {GROUPS} groups)"]
    return "\n".join([*lines, *explanation.notes]) + "\n"


def label(step: Step) -> str:
    """Return a step on one line."""
    return f"  {step.field}: {step.before} -> {step.after}"


def waterfall_bar(before: float, after: float, low: float, high: float) -> str:
    """Return a bar from one value to the next on a common scale."""
    scale = BAR / ((high - low) or 1.0)
    ends = sorted(round((value - low) * scale) for value in (before, after))
    sign = "+" if after > before else "-"
    return f"|{' ' * ends[0]}{sign * max(ends[1] - ends[0], 1)}"
