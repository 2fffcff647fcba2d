"""Rows at equal budgets: steps, operations, seconds of training."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganbench.records.record import Record
from ganbench.tables import compare, summarise, write
from ganbench.tables.budget import KINDS, at_equal
from tests.tables.made import scores, seeds_of

STEPS, FLOPS, SECONDS = KINDS
SEEDS = (0, 1, 2)


def trained(baseline: str, *curve: float, flops: float = 1000.0, seconds: float = 30.0, **changes: Any) -> list[Record]:
    """Records of three seeds of 500 steps, or ``steps``, with a point of the curve every 100; seeds 0.1 apart."""
    plan = {"steps": changes.pop("steps", 500), "batch": 64}
    made = {"training_seconds": seconds, "seconds": 2 * seconds, "group": list(SEEDS)}
    cost = {"samples_seen": 100.0, "gradients": 100.0, "flops": flops}
    last = scores("fid", *(curve[-1] + seed / 10 for seed in SEEDS))
    row = seeds_of(baseline, last, seeds=SEEDS, plan=plan, cost=cost, provenance=made, **changes)
    return [replace(each, curve=course(each.seed / 10, curve)) for each in row]


def course(offset: float, values: tuple[float, ...]) -> list[dict[str, Any]]:
    """A learning curve with a point every 100 steps."""
    return [{"step": 100 * (i + 1), "metric": "fid", "value": x + offset} for i, x in enumerate(values)]


def titles(*rows: list[Record]) -> list[str]:
    return [table.dataset for table in compare([record for row in rows for record in row])]


def test_a_dear_row_is_shown_where_the_thrifty_one_ends() -> None:
    thrifty, dear = trained("gan", 9, 8, 7, 6, 5), trained("wgan", 5, 4, 3, 2, 1, flops=2600)
    control = seeds_of("noise", scores("fid", 400.0, 401.0, 402.0))
    first, second = compare([*thrifty, *dear, *control])
    assert (first.dataset, second.dataset) == ("digits", "digits at equal flops")
    assert second.header == ("league", "fid ↓", "step", "flops")
    cells = {line.label: [cell.text for cell in line.cells] for line in second.lines}
    assert cells["gan"][2:] == ["500", "1.00k"]
    assert cells["wgan"][2:] == ["100", "520"]  # 200 steps would cost 1040
    assert cells["wgan"][1].startswith("5.10 ")
    assert set(cells) == {"gan", "wgan"}


def test_each_budget_that_tells_rows_apart_has_its_table() -> None:
    assert titles(trained("gan", 2, 1), trained("wgan", 3, 1)) == ["digits"]
    assert titles(trained("gan", 2, 1), trained("wgan", 3, 1, seconds=40.0)) == ["digits", "digits at equal seconds"]
    longer = trained("wgan", *range(10, 0, -1), steps=1000)
    assert titles(trained("gan", 5, 4, 3, 2, 1), longer) == ["digits", "digits at equal steps"]


def test_equal_steps_are_those_of_the_shortest_training() -> None:
    (summary,) = summarise([*trained("gan", 5, 4, 3, 2, 1), *trained("wgan", *range(10, 0, -1), steps=1000)])
    result = at_equal(summary, STEPS)
    assert result
    assert (result.limit, {point.row.label: point.step for point in result.points}) == (500, {"gan": 500, "wgan": 500})


def test_seconds_are_those_of_steps_shared_among_the_seeds_of_a_group() -> None:
    (summary,) = summarise([*trained("gan", 5, 4, 3, 2, 1), *trained("wgan", 5, 4, 3, 2, 1, seconds=75.0)])
    result = at_equal(summary, SECONDS)
    assert result
    assert result.limit == 10  # 30 seconds of three seeds
    assert {point.row.label: point.step for point in result.points} == {"gan": 500, "wgan": 200}


def test_the_best_within_the_budget_stand_first_and_have_the_mark() -> None:
    rows = [trained("gan", 9, 8, 7, 6, 5), trained("wgan", 90, 80, 70, 60, 50), trained("lsgan", 1, 1, 1, flops=9000)]
    (summary,) = summarise([record for row in rows for record in row])
    result = at_equal(summary, FLOPS)
    assert result
    assert [(point.row.label, point.in_tier) for point in result.points] == [("gan", True), ("wgan", False)]


def test_seeds_that_diverged_are_counted_out_and_take_the_row_out_of_the_tier() -> None:
    broken = trained("wgan", 1, 1, 1, 1, 1, flops=1500)
    for record in broken[:2]:
        record.curve[2]["value"] = None
    rows = [trained("gan", 9, 8, 7, 6, 5), trained("lsgan", 9, 8, 7, 6, 5.1), broken]
    (summary,) = summarise([record for row in rows for record in row])
    result = at_equal(summary, FLOPS)
    assert result
    cut = next(point for point in result.points if point.row.label == "wgan")
    assert (cut.step, cut.values, cut.in_tier) == (300, (1.2,), False)


def test_records_that_say_nothing_of_operations_have_no_table_of_them() -> None:
    silent = [replace(each, cost={"gradients": 5.0}) for each in trained("wgan", 3, 1)]
    assert titles(trained("gan", 2, 1), silent) == ["digits"]


def test_all_rows_at_equal_budgets_are_data(tmp_path: Path) -> None:
    write([*trained("gan", 9, 8, 7, 6, 5.2), *trained("wgan", 5, 4, 3, 2, 1, flops=2600)], tmp_path)
    with (tmp_path / "budgets.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["budget"], line["row"], line["step"], line["tier"]) for line in lines] == [
        ("flops", "wgan", "100", "1"), ("flops", "gan", "500", "0"),
    ]  # fmt: skip
    assert float(lines[0]["low"]) < float(lines[0]["mean"]) < float(lines[0]["high"])
