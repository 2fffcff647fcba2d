"""The page of the baselines says what their classes say."""

from __future__ import annotations

from pathlib import Path

from ganbench._util.catalogue import catalogue
from ganbench.cli.baselines_page import entry, page

PAGE = Path(__file__).parents[2] / "docs" / "baselines.md"


def test_the_page_is_the_one_that_the_facts_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m ganbench.cli.baselines_page > docs/baselines.md"


def test_every_baseline_has_its_entry_once_under_its_league() -> None:
    known = catalogue()["baselines"]
    names = [line.removeprefix("### ") for line in page().splitlines() if line.startswith("### ")]
    assert sorted(names) == sorted(known)
    assert page().index("## Conditional") < page().index("### cgan\n") < page().index("## Not adversarial")
    said = entry("cgan", known["cgan"])
    assert "`cgan:concat`" in said
    assert known["cgan"]["paper"] in said
