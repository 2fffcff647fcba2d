"""The committed observations are judged by the present rules, and every claim finds its numbers there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganbench.notes import EXPERIMENTS
from ganbench.notes.claims import Claim, about, claims, digest
from ganbench.notes.pages import MEANT
from ganbench.notes.record import Observation
from ganbench.records.store import Log

NOTES = Path(__file__).parents[2] / "results" / "notes"
MEASURED = [claim for claim in claims() if claim.kind != "damaged"]


@pytest.fixture(scope="module")
def recorded() -> dict[str, Observation]:
    return {each.experiment: each for each in Log(NOTES, Observation).read().values()}


@pytest.mark.parametrize("claim", MEASURED, ids=lambda claim: claim.name)
def test_each_number_that_a_claim_shows_or_judges_by_is_recorded(
    claim: Claim, recorded: dict[str, Observation]
) -> None:
    findings = recorded[claim.experiment].findings
    assert set(claim.shown) <= set(findings.numbers)
    assert claim.judge(findings) in {"right", "loose", "wrong", "undecided"}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_record_made_by_the_present_rules_has_their_verdicts(name: str, recorded: dict[str, Observation]) -> None:
    observation = recorded[name]
    if observation.rules == digest(name):
        assert observation.verdicts == {claim.name: claim.judge(observation.findings) for claim in about(name)}
    else:
        assert set(observation.verdicts.values()) <= {*MEANT, "right", "loose", "wrong", "undecided"}


EXPECTED = {  # derived by reading the notes, apart from the rules
    "the printed t statistic": "wrong",
    "the null hypothesis of a t test": "loose",
    "the best discriminator of a fixed generator": "right",
    "losses that keep oscillating": "right",
    "the discriminator's two objectives": "loose",
    "the generator's two objectives": "loose",
    "zeros between the pixels": "right",
    "IS counter-example": "right",
    "H(y|x) of the counter-example": "loose",
    "IS on one image per class": "right",
    "equal shares as the ideal": "loose",
    "the Lipschitz constraint for some C": "right",
    "the penalty as a constraint with C = 1": "right",
    "the two sides of the penalty": "wrong",
    "slopes away from the data": "right",
    "the class in a CGAN's discriminator": "wrong",
    "mean above 0 and variance above 1": "damaged",
    "the printed latent loss": "damaged",
    "the least divergence of a code": "right",
    "cross entropy and KL divergence": "right",
    "a test phase for generative models": "wrong",
    "limits on weights, not on gradients": "wrong",
    "distances outside the frame": "wrong",
    "KL against JS, exact": "right",
    "JSD and W1 of parallel lines": "right",
}


@pytest.mark.parametrize(("name", "verdict"), EXPECTED.items())
def test_verdicts_are_those_that_a_reader_of_the_notes_derives(
    name: str, verdict: str, recorded: dict[str, Observation]
) -> None:
    claim = next(each for each in claims() if each.name == name)
    known = recorded.get(claim.experiment)
    assert ("damaged" if known is None else claim.judge(known.findings)) == verdict
