"""The pages of the notes are those of the committed observations, and these are of the present code."""

from __future__ import annotations

from pathlib import Path

from ganbench.cli.notes_page import page
from ganbench.cli.notes_run import thorough
from ganbench.notes import EXPERIMENTS
from ganbench.notes.base import Form
from ganbench.notes.pages import write
from ganbench.notes.record import Observation, key_for

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "results" / "notes"


def test_every_experiment_was_carried_out_by_the_present_code_and_none_failed(
    observed: dict[str, Observation],
) -> None:
    stale = [name for name in EXPERIMENTS if key_for(name, Form("fast")) not in observed]
    assert not stale, "run ganbench run --suite notes --out results"
    assert {record.status for record in observed.values()} == {"done"}


def test_the_committed_pages_are_those_of_the_committed_observations(
    observed: dict[str, Observation], tmp_path: Path
) -> None:
    records = [observed[key_for(name, Form("fast"))] for name in EXPERIMENTS]
    for path in write(records, tmp_path, redraw=False, full=thorough(NOTES)):
        assert path.read_bytes() == (NOTES / path.name).read_bytes(), path.name
    assert all((NOTES / f"{name}.png").exists() for name in EXPERIMENTS)


def test_the_page_in_the_docs_is_the_atlas() -> None:
    said = "run python -m ganbench.cli.notes_page results/notes > docs/notes.md"
    assert (ROOT / "docs" / "notes.md").read_text(encoding="utf-8") == page(NOTES), said
