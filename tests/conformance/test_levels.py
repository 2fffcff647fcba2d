"""What counts by default: a right implementation passes whatever its dtype, and what is wrong has its level."""

from __future__ import annotations

import pytest

from ganbench.conformance.claims import selected
from ganbench.conformance.diagnosis import examine
from ganbench.conformance.evaluate import evaluate
from ganbench.conformance.implementation import Implementation
from ganbench.conformance.output import Outcome
from tests.conformance.right import CASES

pytestmark = pytest.mark.filterwarnings("ignore")  # those of other people's code, which are not ours


def outcome_of(metric, function, **about):
    claims = [claim for claim in selected([metric], skip=["slow"]) if "many-dimensions" not in claim.id]
    return Outcome(*examine([evaluate(claim, Implementation(function, **about), guess=False) for claim in claims]))


@pytest.mark.parametrize(("metric", "function", "name"), CASES, ids=[f"{m}: {n}" for m, _, n in CASES])
def test_a_right_implementation_passes(metric, function, name):
    outcome = outcome_of(metric, function)
    assert [f.line for f in outcome.findings if outcome.counts(f)] == []
    assert outcome.passed
