"""What makes a comparison unfair, as warnings: each says what is wrong, why it matters and what to do.

To add one, write a function of a Comparison that returns the text or nothing, and put ``@rule(code, title)`` on it, or
a function of one set with ``@rule_of_sets``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import torch
from scipy.stats import binom, chi2
from torch import Tensor

from ganbench.features.feature_set import FeatureSet
from ganbench.io.decode import LOSSY
from ganbench.io.grey_levels import CLIPPED
from ganbench.metrics._engine.pairs import pair_of
from ganbench.metrics.feature_vectors import Features
from ganbench.metrics.spec import Metric
from ganbench.scoring.inputs import FileInputs

CLOSE, CLOSE_SHARE, CHANCE = 0.01, 0.05, 1e-6
RUNS = 0.5  # of the changes of class that a shuffled order shows
USES_ORDER = "inception_score_splits"
MAKERS = (
    "files of pytorch-fid are of inception_pytorch_fid, those of clean-fid of inception_clean, those of the original "
    "code and of guided-diffusion of inception"
)
COVARIANCE = ("fid", "fid_infinity", "hotelling_t2")
FLAT = 1.0  # grey levels of spread below which an image is nearly constant


@dataclass(frozen=True)
class Warned:
    """One warning: ``about`` which samples, a ``text`` of what is wrong, why it matters and what to do."""

    code: str
    title: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.title}: {self.about}: {self.text}"


@dataclass(frozen=True)
class Comparison:
    """One set of samples against the reference, with the metrics that were used.

    ``identity`` says how features were taken, ``other_identities`` how they were taken elsewhere: of the reference in
    the cache, or of the samples by the file that holds them. ``train`` are training examples, if there are any,
    ``doubts`` what was guessed of ranges, ``values`` those of the metrics.
    """

    fake: FileInputs
    real: FileInputs
    metrics: tuple[Metric[Any], ...]
    identity: dict[str, str]
    other_identities: tuple[dict[str, str], ...] = ()
    train: FileInputs | None = None
    doubts: tuple[str, ...] = ()
    values: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def sets(self) -> list[FileInputs]:
        """All sets that were read."""
        return [self.fake, self.real, *([self.train] if self.train else [])]

    @property
    def sizes(self) -> list[int]:
        """The numbers of samples, of the sets that say it."""
        return [each.n for each in (self.fake, self.real) if each.n is not None]

    @property
    def names(self) -> set[str]:
        """The metrics that were used."""
        return {each.spec.name for each in self.metrics}

    @property
    def are_images(self) -> bool:
        return self.fake.is_image and self.real.is_image


About = Iterable[tuple[str, str]]  # the name of a set, and what is to be said of it


@dataclass(frozen=True)
class Rule:
    """A rule with its title."""

    title: str
    rule: Callable[[Comparison], About]


RULES: dict[str, Rule] = {}


def rule(
    code: str, title: str, *, of_reference: bool = False
) -> Callable[[Callable[[Comparison], str]], Callable[[Comparison], str]]:
    """Register a rule of a comparison; ``of_reference``: it is about the reference, not about the samples."""

    def register(function: Callable[[Comparison], str]) -> Callable[[Comparison], str]:
        def about(comparison: Comparison) -> About:
            yield (comparison.real if of_reference else comparison.fake).name, function(comparison)

        RULES[code] = Rule(title, about)
        return function

    return register


def rule_of_sets(code: str, title: str) -> Callable[[Callable[[FileInputs], str]], Callable[[FileInputs], str]]:
    """Register a rule of one set, which samples, reference and training examples are tried by alike."""

    def register(function: Callable[[FileInputs], str]) -> Callable[[FileInputs], str]:
        RULES[code] = Rule(title, lambda comparison: ((each.name, function(each)) for each in comparison.sets))
        return function

    return register


def warnings_of(comparisons: Sequence[Comparison]) -> list[Warned]:
    """Return the warnings of all rows, by code; what holds for several rows is said once."""
    about: dict[tuple[str, str], list[str]] = {}
    for code, (_, across) in ACROSS.items():
        about |= {(code, text): ["the rows"] for text in across(comparisons)}
    for code, entry in RULES.items():
        for name, text in (said for each in comparisons for said in entry.rule(each)):
            names = about.setdefault((code, text), []) if text else []
            names += [name] * (name not in names)
    return [Warned(code, TITLES[code], ", ".join(names), text) for (code, text), names in sorted(about.items())]


def unequal(comparisons: Sequence[Comparison]) -> list[str]:
    """Sets of different sizes are compared with each other."""
    sizes = sorted({len(each.fake.feature_set) for each in comparisons})
    if len(sizes) < 2:
        return []
    listed = ", ".join(f"{each.fake.name} {len(each.fake.feature_set)}" for each in comparisons)
    return [f"{listed} samples; distances shrink with the number: compare equal numbers, {sizes[0]} of each"]


def read_otherwise(comparisons: Sequence[Comparison]) -> list[str]:
    """Sets are compared with the reference in another reading of it: as grey or as colour, in one range or another."""
    readings = [reading(each.real.feature_set) for each in comparisons]
    if len(set(readings)) < 2:
        return []
    listed = "; ".join(f"{each.fake.name} {text}" for each, text in zip(comparisons, readings, strict=True))
    return [f"the reference was read for each in its way ({listed}); their values are not comparable: bring all to one"]


def reading(features: FeatureSet) -> str:
    """Say how images were read for a comparison."""
    return " from ".join(["in colour" if features.channels == 3 else "in grey", *features.scaled])


ACROSS = {  # rules that compare several sets of samples
    "W101": ("unequal n", unequal),
    "W118": ("rows read in different ways", read_otherwise),
}


@rule("W102", "n below what a metric needs")
def few(comparison: Comparison) -> str:
    n = min(comparison.sizes)
    below = [f"{each.spec.name} ({each.spec.minimum})" for each in comparison.metrics if each.spec.minimum > n]
    if not below:
        return ""
    return (
        f"{n} samples in one of the sets, fewer than these metrics need: {', '.join(below)}; take more, or read them "
        "as rough"
    )


@rule("W103", "n of samples and reference far apart")
def uneven(comparison: Comparison) -> str:
    n, m = comparison.fake.n, comparison.real.n
    if n is None or m is None or max(n, m) <= 2 * min(n, m):
        return ""
    return f"{n} samples against {m} of reference; the bias of distances depends on both: say both numbers, or cut one"


@rule("W104", "reference is the training split", of_reference=True)
def trained_on(comparison: Comparison) -> str:
    words = comparison.real.name.lower().replace(":", "/")
    if "train" not in PurePath(words).parts:
        return ""
    return "the reference is what generators train on, so that copying it scores best; use the test split"


@rule_of_sets("W105", "duplicates within a set")
def duplicates(inputs: FileInputs) -> str:
    digests = inputs.feature_set.facts.digest
    count = len(digests) - len(digests.unique(dim=0))
    if not count:
        return ""
    where = "a fixed seed or noise" if inputs.role == "fake" else "files that are there twice"
    return f"{count} samples repeat others exactly; they count as independent and are not: look for {where}"


@rule("W106", "copies of the reference")
def copied(comparison: Comparison) -> str:
    fake, real = comparison.fake.feature_set.facts, comparison.real.feature_set.facts
    count = int(same_rows(fake.digest, real.digest).sum())
    if not count:
        return ""
    return f"{count} samples are in the reference, value for value; they are no samples: take them out"


@rule("W107", "near copies of the reference")
def nearly_copied(comparison: Comparison) -> str:
    if comparison.real.n is None or min(comparison.sizes) < 2:
        return ""
    close = near_copies(comparison)
    count, n = int(close.sum()), len(close)
    if count <= CLOSE_SHARE * n or count <= binom.ppf(1 - CHANCE, n, CLOSE):
        return ""
    return (
        f"{count} samples are nearer to one of the reference than {1 - CLOSE:.0%} of the reference are to each other; "
        "look at them (--figures) and score against data that the generator has not seen"
    )


def near_copies(comparison: Comparison) -> Tensor:
    """Whether each sample is within the lowest percent of nearest-neighbour distances in the reference, (n,)."""
    real = comparison.real.features
    limit = real.radii(1).quantile(CLOSE, interpolation="lower")
    return pair_of(real, comparison.fake.features).nearest_real().squares[:, 0] <= limit


@rule("W108", "samples sorted by class")
def ordered(comparison: Comparison) -> str:
    posteriors = comparison.fake.feature_set.posteriors
    if USES_ORDER not in comparison.names or posteriors is None:
        return ""
    label = posteriors.argmax(1)
    shares = label.bincount().double() / len(label)
    expected = (len(label) - 1) * (1 - float(shares.square().sum()))
    if expected < 1 or int((label[1:] != label[:-1]).sum()) > RUNS * expected:
        return ""
    return (
        f"the samples come sorted by class, and {USES_ORDER} takes them in order: shuffle them, or use inception_score"
    )


@rule_of_sets("W109", "constant pictures")
def flat(inputs: FileInputs) -> str:
    count = int((inputs.feature_set.facts.spread < FLAT).sum())
    if not count or not inputs.is_image:
        return ""
    return f"{count} pictures are constant or nearly so (spread below {FLAT:g} grey level); look for failed writes"


@rule("W110", "compression differs")
def recompressed(comparison: Comparison) -> str:
    shares = [lossy_share(each.feature_set) for each in (comparison.fake, comparison.real)]
    if not comparison.are_images or abs(shares[0] - shares[1]) <= 0.5:
        return ""
    lossy, other = ("samples", "reference") if shares[0] > shares[1] else ("reference", "samples")
    return f"the {lossy} were compressed with loss and the {other} were not, which networks notice: save both alike"


def lossy_share(features: FeatureSet) -> float:
    return sum(features.stored.get(kind, 0) for kind in LOSSY) / max(1, len(features))


@rule("W111", "sizes differ")
def resized(comparison: Comparison) -> str:
    if not comparison.are_images:
        return ""
    sets = (comparison.fake, comparison.real)
    fake, real = (each.feature_set.sizes.most_common(1)[0][0] for each in sets)
    if fake == real:
        return ""
    return (
        f"samples are {fake[1]} by {fake[0]} and the reference {real[1]} by {real[0]} pixels; what is enlarged is "
        "blurred, which counts as a fault: bring both to one size, and say how"
    )


@rule_of_sets("W112", "values out of range")
def clipped(inputs: FileInputs) -> str:
    count = inputs.feature_set.conversions.get(CLIPPED, 0)
    if not count:
        return ""
    check = "--span and the generator's last layer" if inputs.role == "fake" else "--span and --reference-span"
    return f"{count} samples had values outside the range, which were clipped; check {check}"


@rule("W113", "fewer samples than features")
def singular(comparison: Comparison) -> str:
    n, d = min(comparison.sizes), comparison.fake.features.dim
    if n > d or not comparison.names & set(COVARIANCE):
        return ""
    return f"{n} samples for {d} features: a covariance needs more samples than features; take more, or fewer features"


@rule("W114", "features taken under another preprocessing", of_reference=True)
def extracted_otherwise(comparison: Comparison) -> str:
    if not comparison.other_identities:
        return ""
    here, other = comparison.identity, comparison.other_identities[0]
    fields = sorted(name for name in other.keys() | here.keys() if other.get(name) != here.get(name))
    what = "; ".join(f"{name}: {other.get(name, 'none')!r}, now {here.get(name, 'none')!r}" for name in fields)
    return f"features were taken otherwise elsewhere ({what}); scores of the two are not comparable: repeat one of them"


@rule_of_sets("W115", "files left out")
def left_out(inputs: FileInputs) -> str:
    dropped = inputs.feature_set.left_out
    if not dropped:
        return ""
    counts: dict[str, int] = {}
    for each in dropped:
        reason = "broken" if each.broken else each.reason
        counts[reason] = counts.get(reason, 0) + 1
    listed = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    return (
        f"{len(dropped)} files were not read ({listed}; first: {dropped[0].name}); n is smaller than the folder looks"
    )


@rule("W116", "n of the reference unknown", of_reference=True)
def unknown_number(comparison: Comparison) -> str:
    if comparison.real.n is not None:
        return ""
    seen = comparison.identity.get("preprocessing", "as they were given")
    return (
        "the reference is a mean and a covariance of an unknown number of samples, whose bias is in the distance, by a "
        "network that is not named: compare with scores against the same file only. The samples' features are "
        f"{comparison.identity.get('name', 'none')} ({seen}); {MAKERS}"
    )


@rule("W117", "range guessed")
def guessed(comparison: Comparison) -> str:
    return "; ".join(comparison.doubts)


BETTER = "W119"
BOUGHT = (
    "they were fitted to the distance or are no independent draws. A Frechet distance sees two moments and can be "
    "bought: read mind, recall, authenticity and a second encoder"
)


@rule(BETTER, "better than real data")
def better_than_real(comparison: Comparison) -> str:
    value = comparison.values.get("fid")
    if value is None or comparison.fake.n is None:
        return ""
    least = least_distance(comparison.real.features, comparison.real.n, comparison.fake.n)
    if value >= least:
        return ""
    return (
        f"the Frechet distance {value:.3g} lies below {least:.3g}, which independent samples of the reference's own "
        f"distribution, as many as these, reach once in a million times for the scatter of their mean alone; {BOUGHT}"
    )


def least_distance(real: Features, n: int | None, m: int) -> float:
    """Return what the Frechet distance of m independent samples against n reals falls below with probability 1e-6.

    It is at least the squared distance of the means, a sum of squares with the covariance's eigenvalues times 1/n + 1/m
    as weights; its quantile is that of the chi-square distribution with the same mean and variance (Satterthwaite).
    """
    covariance = real.covariance
    total, squares = float(covariance.trace()), float(covariance.square().sum())
    if not squares > 0:
        return 0.0
    freedom = total**2 / squares
    return float((1 / m + (1 / n if n else 0)) * total / freedom * chi2.ppf(CHANCE, freedom))


def same_rows(a: Tensor, b: Tensor) -> Tensor:
    """Whether each row of ``a`` (n, 2) is among those of ``b``, (n,)."""
    both, place = torch.cat([a, b]).unique(dim=0, return_inverse=True)
    known = torch.zeros(len(both), dtype=torch.bool)
    known[place[len(a) :]] = True
    return known[place[: len(a)]]


TITLES = {code: title for code, (title, _) in ACROSS.items()} | {code: entry.title for code, entry in RULES.items()}
