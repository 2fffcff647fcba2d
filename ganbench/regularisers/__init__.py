"""Regularisers, by name: each goes around the losses of any baseline that has a discriminator, ``ns_gan+diffaug``.

``REGULARISERS`` is in the order in which they go around a loss, whatever order they are named in: what transforms the
discriminator's images comes last, so that a penalty is on the gradient through the transformation. Optimisers are named
in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganbench._util.names import check_names
from ganbench.baseline import Baseline
from ganbench.regularisers.adaptive_augmentation import ADA
from ganbench.regularisers.augmentation import DiffAugment
from ganbench.regularisers.consistency import BCR, CR
from ganbench.regularisers.gradient_penalty import LazyR1Penalty, LazyR2Penalty, R1Penalty, R2Penalty
from ganbench.regularisers.lecam import LeCam
from ganbench.regularisers.optimisation import Extragradient, Lookahead, Optimistic
from ganbench.regularisers.regularised import Regularised, check_order, regularised
from ganbench.regularisers.regulariser import Regulariser
from ganbench.regularisers.top_k import TopK

__all__ = ["REGULARISERS", "Regularised", "Regulariser", "around", "in_order"]

EVERY = (
    R1Penalty,
    R2Penalty,
    LazyR1Penalty,
    LazyR2Penalty,
    LeCam,
    CR,
    BCR,
    TopK,
    ADA,
    DiffAugment,
    Optimistic,
    Lookahead,
    Extragradient,
)
REGULARISERS: dict[str, type[Regulariser]] = {cls.name: cls for cls in EVERY}


def in_order(names: Sequence[str]) -> list[str]:
    """Return names of regularisers in the order in which they go around a loss.

    Raises UnknownName with the nearest names for one that there is not, BadInput for one that is named twice.
    """
    check_names("regulariser", names, REGULARISERS)
    check_order(names)
    return [name for name in REGULARISERS if name in names]


def around(base: type[Baseline], names: Sequence[str]) -> type[Baseline]:
    """Return a baseline with these regularisers around its losses; raises as ``in_order``."""
    plain: Any = base
    return regularised(plain, tuple(REGULARISERS[name] for name in in_order(names)))
