"""The page of the baselines says what their classes say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ganbench._util.catalogue import catalogue
from ganbench.cli.baselines_page import course, entry, page, seen
from ganbench.tables.rows import rows
from ganbench.tables.summary import summarise
from tests.tables.made import scores, seeds_of

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "baselines.md"


def test_the_page_is_the_one_that_facts_and_records_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    folder = Path("results/standard")
    made = page(folder if folder.exists() else None)
    assert PAGE.read_text(encoding="utf-8") == made, f"run python -m ganbench.cli.baselines_page {folder}"


def test_what_is_seen_stands_below_the_baseline() -> None:
    curve = [{"step": i, "metric": "mode_jsd", "value": value} for i, value in enumerate((1.0, 0.1, 0.01))]
    changes: dict[str, Any] = {"settings": {"gamma": 0.1}, "curve": curve}
    records = seeds_of("consensus", scores("fid", 1.0, 1.1, 0.9), provenance={"trials": 8, "seconds": 1}, **changes)
    (cells,) = seen(summarise([*records, *seeds_of("noise", scores("fid", 2.0, 2.1, 1.9))]))["consensus"]
    assert cells == ["consensus", "digits", "gamma 0.1", "8", "mode_jsd: 1 ███▅▅▅▅▁▁▁ 0.01", "not ranked"]
    assert entry("consensus", catalogue()["baselines"]["consensus"], [cells]).endswith(f"| {' | '.join(cells)} |\n")


def test_a_course_without_positive_values_or_with_lost_seeds_is_drawn_too() -> None:
    points = [{"step": i, "metric": "kid", "value": value} for i, value in enumerate((3.0, -1.0, None))]
    (row,) = rows(seeds_of("gan", scores("fid", 1.0, 2.0, 3.0), curve=points))
    assert course(row) == "kid: 3 █████▁▁▁▁▁ -1"
    (row,) = rows(seeds_of("gan", scores("fid", 1.0, 2.0, 3.0), curve=points[2:]))
    assert course(row) == "-"


def test_every_baseline_has_its_entry_once_under_its_league() -> None:
    known, added = catalogue()["baselines"], catalogue()["regularisers"]
    names = [line.removeprefix("### ") for line in page().splitlines() if line.startswith("### ")]
    assert sorted(names) == sorted([*known, *(f"+{name}" for name in added)])
    assert page().index("## Conditional") < page().index("### cgan\n") < page().index("## Not adversarial")
    said = entry("cgan", known["cgan"])
    assert "`cgan:concat`" in said
    assert known["cgan"]["paper"] in said
