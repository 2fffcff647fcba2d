"""Budgets: what records do not say has no table, and each league is compared by itself."""

from __future__ import annotations

from dataclasses import replace

from ganbench.tables import compare, summarise
from ganbench.tables.budget import KINDS, at_equal, operations, seconds, training_seconds
from tests.tables.test_budget import trained


def test_seconds_that_records_do_not_say_are_none() -> None:
    (record, *_) = trained("gan", 2, 1)
    assert (seconds(record), training_seconds(record), operations(record)) == (60.0, 10.0, 1000.0)
    silent = replace(record, provenance={"group": [0, 1, 2]}, cost={})
    assert (seconds(silent), training_seconds(silent), operations(silent)) == (0.0, 0.0, 0.0)
    assert [kind.of(silent) for kind in KINDS] == [500.0, 0.0, 0.0]
    assert KINDS[0].of(replace(record, plan={})) == 0.0


def test_a_row_that_does_not_say_its_seconds_is_not_in_their_table() -> None:
    silent = [replace(each, provenance={"group": [0, 1, 2]}) for each in trained("gan", 2, 1)]
    assert [table.dataset for table in compare([*silent, *trained("wgan", 2, 1)])] == ["digits"]


def test_how_budgets_are_written() -> None:
    steps, flops, clock = KINDS
    assert (steps.written(500.4), flops.written(12_345.0), clock.written(12.345)) == ("500", "12.3k", "12.3")
    assert [kind.name for kind in KINDS] == ["steps", "flops", "seconds"]


def test_each_league_has_its_own_best_within_a_budget() -> None:
    rows = {
        "gan": trained("gan", 5, 5, 5.05),
        "lsgan": trained("lsgan", 5, 5, 5),
        "vae:gaussian": trained("vae:gaussian", 50, 50, 50),
        "vae:laplace": trained("vae:laplace", 50, 50, 50.05, flops=1500.0),
    }
    (summary,) = summarise([record for row in rows.values() for record in row])
    result = at_equal(summary, KINDS[1])
    assert result
    assert {point.row.label: point.in_tier for point in result.points} == dict.fromkeys(rows, True)
