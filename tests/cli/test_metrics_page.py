"""The page of the metrics says what the code says."""

from __future__ import annotations

from pathlib import Path

from ganbench.cli.metrics_page import entry, page
from ganbench.metrics import METRICS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_the_one_that_the_code_makes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m ganbench.cli.metrics_page > docs/metrics.md"


def test_every_metric_has_its_entry_once_with_all_its_facts() -> None:
    lines = page().splitlines()
    assert [line.removeprefix("### ") for line in lines if line.startswith("### ")] == list(METRICS)
    said = entry(METRICS["kid_subsets"])
    for fact in (
        "better: lower",
        "ideal: 0",
        "range: -inf to inf",
        "minimum: 1000 samples",
        "version: 1",
        "`subsets=100`, `size=1000`, `seed=0`",
        "invariances: rotation",
        "arXiv:1801.01401",
        "needs: real, fake",
    ):
        assert fact in said
