"""The rules of a fair comparison: each says what is wrong, why it matters and what to do, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath

import torch
from scipy.stats import binom
from torch import Tensor

from ganbench.fairness.cases import Case
from ganbench.fairness.pictures import clipped, flat, left_out, recompressed, resized
from ganbench.metrics.pairs import pair_of

CLOSE, CLOSE_SHARE, CHANCE = 0.01, 0.05, 1e-6
RUNS = 0.5  # of the changes of class that a shuffled order shows
USES_ORDER = "inception_score_splits"
COVARIANCE = ("fid", "fid_infinity", "hotelling_t2")


Rule = Callable[[Case], str]


def unequal(cases: Sequence[Case]) -> list[str]:
    """W101."""
    sizes = sorted({len(case.fake.cloud) for case in cases})
    if len(sizes) < 2:
        return []
    listed = ", ".join(f"{case.fake.name} {len(case.fake.cloud)}" for case in cases)
    return [f"{listed} samples; distances shrink with the number: compare equal numbers, {sizes[0]} of each"]


def few(case: Case) -> str:
    """W102."""
    n = min(case.sizes)
    below = [f"{each.name} ({each.minimum})" for each in case.metrics if each.minimum > n]
    if not below:
        return ""
    return (
        f"{n} samples on one side, fewer than these metrics need: {', '.join(below)}; take more, or read them as rough"
    )


def uneven(case: Case) -> str:
    """W103."""
    n, m = case.fake.n, case.real.n
    if n is None or m is None or max(n, m) <= 2 * min(n, m):
        return ""
    return f"{n} samples against {m} of reference; the bias of distances depends on both: say both numbers, or cut one"


def trained_on(case: Case) -> str:
    """W104."""
    words = case.real.name.lower().replace(":", "/")
    if "train" not in PurePath(words).parts:
        return ""
    return "the reference is what generators train on, so that copying it scores best; use the test split"


def duplicates(case: Case) -> str:
    """W105."""
    count = len(case.fake.cloud) - len(case.fake.cloud.facts.digest.unique(dim=0))
    if not count:
        return ""
    return (
        f"{count} samples repeat others exactly; they count as independent and are not: look for a fixed seed or noise"
    )


def copied(case: Case) -> str:
    """W106."""
    count = int(same_rows(case.fake.cloud.facts.digest, case.real.cloud.facts.digest).sum())
    if not count:
        return ""
    return f"{count} samples are in the reference, value for value; they are no samples: take them out"


def nearly_copied(case: Case) -> str:
    """W107."""
    if case.real.n is None or min(case.sizes) < 2:
        return ""
    close = near_copies(case)
    count, n = int(close.sum()), len(close)
    if count <= CLOSE_SHARE * n or count <= binom.ppf(1 - CHANCE, n, CLOSE):
        return ""
    return (
        f"{count} samples are nearer to one of the reference than {1 - CLOSE:.0%} of the reference are to each other; "
        "look at them (--figures) and score against data that the generator has not seen"
    )


def near_copies(case: Case) -> Tensor:
    """Whether each sample is within the lowest percent of nearest-neighbour distances in the reference, (n,)."""
    limit = case.real.features.radii(1).quantile(CLOSE, interpolation="lower")
    return pair_of(case.real.features, case.fake.features).nearest_real().squares[:, 0] <= limit


def ordered(case: Case) -> str:
    """W108."""
    if USES_ORDER not in case.names or case.fake.cloud.posteriors is None:
        return ""
    label = case.fake.cloud.posteriors.argmax(1)
    shares = label.bincount().double() / len(label)
    expected = (len(label) - 1) * (1 - float(shares.square().sum()))
    if expected < 1 or int((label[1:] != label[:-1]).sum()) > RUNS * expected:
        return ""
    return (
        f"the samples come sorted by class, and {USES_ORDER} takes them in order: shuffle them, or use inception_score"
    )


def singular(case: Case) -> str:
    """W113."""
    n, d = min(case.sizes), case.fake.features.dim
    if n > d or not case.names & set(COVARIANCE):
        return ""
    return f"{n} samples for {d} features: a covariance needs more samples than features; take more, or fewer features"


def looked_otherwise(case: Case) -> str:
    """W114."""
    if not case.other_identities:
        return ""
    other = case.other_identities[0]
    fields = sorted(name for name in other.keys() | case.identity.keys() if other.get(name) != case.identity.get(name))
    what = "; ".join(f"{name}: {other.get(name, 'none')!r}, now {case.identity.get(name, 'none')!r}" for name in fields)
    return f"looked at otherwise elsewhere ({what}); scores of the two are not comparable: repeat one of them"


def unknown_number(case: Case) -> str:
    """W116."""
    if case.real.n is not None:
        return ""
    return (
        "the reference is a mean and a covariance of an unknown number of samples, whose bias is in the distance, by a "
        "network that is not named: compare with scores against the same file only"
    )


def same_rows(a: Tensor, b: Tensor) -> Tensor:
    """Whether each row of ``a`` (n, 2) is among those of ``b``, (n,)."""
    both, place = torch.cat([a, b]).unique(dim=0, return_inverse=True)
    known = torch.zeros(len(both), dtype=torch.bool)
    known[place[len(a) :]] = True
    return known[place[: len(a)]]


RULES: dict[str, Rule] = {
    "W102": few,
    "W103": uneven,
    "W104": trained_on,
    "W105": duplicates,
    "W106": copied,
    "W107": nearly_copied,
    "W108": ordered,
    "W109": flat,
    "W110": recompressed,
    "W111": resized,
    "W112": clipped,
    "W113": singular,
    "W114": looked_otherwise,
    "W115": left_out,
    "W116": unknown_number,
}
