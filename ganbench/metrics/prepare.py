"""One pass over the distances for all the metrics that are going to need them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from ganbench.errors import BadInput
from ganbench.metrics._engine.pairs import Reductions, Requirement, pair_of, union
from ganbench.metrics.spec import Metric


def prepare(real: Any, fake: Any, metrics: Iterable[Metric[Any]]) -> None:
    """Derive together what the metrics, with default options, require of the distances between rows.

    ``real`` and ``fake`` must be Features, which keep the results. What cannot be computed for these samples is passed
    over here; its metric says why when it is called.
    """
    pair = pair_of(real, fake)
    if min(len(pair.real), len(pair.fake)) < 2:
        return
    possible: dict[Requirement, Reductions] = {}
    for each in dict.fromkeys(each for metric in metrics for each in metric.spec.requires):
        with suppress(BadInput):
            possible[each] = each.reductions(pair)
    together = Reductions()
    for each in union(possible):
        together |= possible[each] if each in possible else each.reductions(pair)
    together.run(pair)
