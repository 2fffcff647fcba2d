"""One pass over the distances for all the metrics that are going to need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from ganbench.errors import BadInput
from ganbench.metrics.balls import plan
from ganbench.metrics.features import at_least
from ganbench.metrics.forms import Distance
from ganbench.metrics.kernels import gaussian, kernel_plan, mixture
from ganbench.metrics.kid import subsets_plan, whole_plan
from ganbench.metrics.neighbours import realism_plan
from ganbench.metrics.pairs import NEAREST, Pair, Plan, pair_of


def _nearest(pair: Pair) -> Plan:
    return Plan({"nearest": pair.real.search(1)}, {"nearest": pair.fake.search(1)}, NEAREST)


def _met(pair: Pair) -> Plan:
    at_least(pair.real, 6)
    return Plan({"nearest": pair.real.search(5)}, {}, NEAREST)


def _energy(_pair: Pair) -> Plan:
    return kernel_plan(Distance())


def _gaussian(pair: Pair) -> Plan:
    return kernel_plan(gaussian(pair))


def _mixture(pair: Pair) -> Plan:
    return kernel_plan(mixture(pair))


PLANS: Mapping[str, Callable[[Pair], Plan]] = {
    **dict.fromkeys(("precision", "recall", "rarity"), partial(plan, k=3)),
    **dict.fromkeys(("density", "coverage"), partial(plan, k=5)),
    "realism": partial(realism_plan, k=3),
    "beta_recall": _met,
    **dict.fromkeys(("one_nn_accuracy", "one_nn_real", "one_nn_fake"), _nearest),
    "kid": whole_plan,
    "kid_subsets": subsets_plan,
    "mmd": _gaussian,
    "mmd_mixture": _mixture,
    "energy_distance": _energy,
}


def prepare(real: Any, fake: Any, names: Iterable[str]) -> None:
    """Derive together what the named metrics, with default options, share; others are left to themselves.

    ``real`` and ``fake`` must be Features, which keep the findings. A metric that cannot be computed for these
    clouds is passed over here and says why when it is called.
    """
    pair = pair_of(real, fake)
    if min(len(pair.real), len(pair.fake)) < 2:
        return
    together = Plan({}, {}, {})
    for name in names:
        try:
            together |= PLANS[name](pair) if name in PLANS else Plan({}, {}, {})
        except BadInput:
            continue
    together.run(pair)
