"""The committed observations answer the claims of the present code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganbench.notes import EXPERIMENTS, load
from ganbench.notes.record import Observation
from ganbench.records.store import Log

NOTES = Path(__file__).parents[2] / "results" / "notes"


@pytest.fixture(scope="module")
def recorded() -> dict[str, Observation]:
    return {each.experiment: each for each in Log(NOTES, Observation).read().values()}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_rule_gives_the_recorded_verdict_on_the_recorded_numbers(
    name: str, recorded: dict[str, Observation]
) -> None:
    observation = recorded[name]
    verdicts = {claim.name: claim.evaluate(observation.findings) for claim in load(name).claims}
    assert verdicts == observation.verdicts


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_number_that_a_claim_shows_is_recorded(name: str, recorded: dict[str, Observation]) -> None:
    shown = {number for claim in load(name).claims for number in claim.shown}
    assert shown <= set(recorded[name].findings.numbers)
