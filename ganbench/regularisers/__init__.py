"""Regularisers, by name: each goes around the losses of any baseline that has a discriminator, ``ns_gan+diffaug``.

``REGULARISERS`` is in the order in which they go around a loss, whatever order they are named in: what transforms the
discriminator's images comes last, so that a penalty is on the gradient through the transformation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganbench._util.names import check_names
from ganbench.baseline import Baseline
from ganbench.regularisers.augmentation import DiffAugment
from ganbench.regularisers.gradient_penalty import R1, R2
from ganbench.regularisers.lecam import LeCam
from ganbench.regularisers.regularised import Regularised, check_order, regularised
from ganbench.regularisers.regulariser import Regulariser

__all__ = ["REGULARISERS", "Regularised", "Regulariser", "around", "in_order"]

REGULARISERS: dict[str, type[Regulariser]] = {cls.name: cls for cls in (R1, R2, LeCam, DiffAugment)}


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
