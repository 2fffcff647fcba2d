"""Rules about files and pictures: each says what is wrong, why it matters and what to do, or nothing."""

from __future__ import annotations

from ganbench.cloud import Cloud
from ganbench.fairness.cases import Case

FLAT = 1.0  # grey levels of spread below which a picture is nearly constant
LOSSY = ("JPEG", "WEBP")
CLIPPED = "values outside the range clipped"


def flat(case: Case) -> str:
    """W109."""
    count = int((case.fake.cloud.facts.spread < FLAT).sum())
    if not count or not case.fake.cloud.channels:
        return ""
    return f"{count} pictures are constant or nearly so (spread below {FLAT:g} grey level); look for failed writes"


def recompressed(case: Case) -> str:
    """W110."""
    shares = [lossy_share(each.cloud) for each in (case.fake, case.real)]
    if not are_pictures(case) or abs(shares[0] - shares[1]) <= 0.5:
        return ""
    lossy, other = ("samples", "reference") if shares[0] > shares[1] else ("reference", "samples")
    return f"the {lossy} were compressed with loss and the {other} were not, which networks notice: save both alike"


def are_pictures(case: Case) -> bool:
    return bool(case.fake.cloud.channels and case.real.cloud.channels)


def lossy_share(cloud: Cloud) -> float:
    return sum(cloud.stored.get(kind, 0) for kind in LOSSY) / max(1, len(cloud))


def resized(case: Case) -> str:
    """W111."""
    if not are_pictures(case):
        return ""
    fake, real = (each.cloud.sizes.most_common(1)[0][0] for each in (case.fake, case.real))
    if fake == real:
        return ""
    return (
        f"samples are {fake[1]} by {fake[0]} and the reference {real[1]} by {real[0]} pixels; what is enlarged is "
        "blurred, which counts as a fault: bring both to one size, and say how"
    )


def clipped(case: Case) -> str:
    """W112."""
    count = case.fake.cloud.conversions.get(CLIPPED, 0)
    if not count:
        return ""
    return (
        f"{count} samples had values outside the range, which were clipped; check --span and the generator's last layer"
    )


def left_out(case: Case) -> str:
    """W115."""
    dropped = case.fake.cloud.left_out
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
