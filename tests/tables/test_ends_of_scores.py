"""Between which ends a score is normalised: the worse floor and held-out data, where their intervals are apart."""

from __future__ import annotations

import numpy as np
import pytest

from ganbench.records.record import Record
from ganbench.tables import summarise
from ganbench.tables.overall import ends_of
from tests.tables.made import scores, seeds_of


def ends(metric: str, better: str, **controls: tuple[float, float, float]) -> tuple[float, float]:
    made: list[Record] = []
    for name, values in controls.items():
        made += seeds_of(name, scores(metric, *values, better=better))
    (summary,) = summarise(made)
    return ends_of(summary, summary.columns[0])


def odds(*shares: float) -> float:
    return float(np.mean([np.log(x / (1 - x)) for x in shares]))


def test_where_higher_is_better_the_lower_floor_is_zero() -> None:
    given = {"noise": (0.1, 0.11, 0.12), "gaussian": (0.3, 0.31, 0.32), "held_out": (0.8, 0.81, 0.82)}
    expected = -odds(*given["noise"]), -odds(*given["held_out"])
    assert ends("recall", "higher", **given) == pytest.approx(expected)
    turned = given | {"noise": given["gaussian"], "gaussian": given["noise"]}
    assert ends("recall", "higher", **turned) == pytest.approx(expected)


def test_where_intervals_overlap_or_held_out_data_are_worse_there_is_no_scale() -> None:
    floors = {"noise": (390.0, 400.0, 410.0), "gaussian": (60.0, 61.0, 62.0)}
    assert np.isnan(ends("fid", "lower", **floors, held_out=(20.0, 200.0, 900.0))).all()
    assert np.isnan(ends("fid", "lower", **floors, held_out=(500.0, 510.0, 520.0))).all()
    good = np.log([400.0 * 390 * 410, 2.0**3]) / 3
    assert ends("fid", "lower", **floors, held_out=(2.0, 2.0, 2.0)) == pytest.approx(tuple(good))
    shares = {"noise": (0.2, 0.3, 0.4), "gaussian": (0.6, 0.61, 0.62)}
    assert np.isnan(ends("recall", "higher", **shares, held_out=(0.1, 0.5, 0.8))).all()
