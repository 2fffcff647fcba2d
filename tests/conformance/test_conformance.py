"""The one-line test for other people's suites, used as they would."""

from __future__ import annotations

import sys
import threading

import pytest
import torch

from ganbench.conformance.pytest import conformance
from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS

test_our_own_fid_conforms = conformance("fid", METRICS["fid"])
test_arguments_may_be_in_another_order = conformance(
    "w1", lambda fake, real: (0, METRICS["w1"](real, fake)), order=["fake", "real"], returns="1", skip=["invariance-*"]
)


def test_a_wrong_metric_fails_with_its_line():
    test = conformance("fid", lambda real, fake: 0.5 * METRICS["fid"](real, fake), select=["mean-only"])
    (mark,) = vars(test)["pytestmark"]
    with pytest.raises(pytest.fail.Exception, match=r"expected 25, got 12\.5"):
        test(mark.args[1][0])


def test_a_metric_or_pattern_that_is_unknown_is_an_error():
    with pytest.raises(UnknownName):
        conformance("fyd", METRICS["fid"])
    with pytest.raises(UnknownName):
        conformance("fid", METRICS["fid"], select=["absent"])
    with pytest.raises(BadInput, match="callable"):
        conformance("fid", 3)  # type: ignore[arg-type]


def case(function, pattern, **about):
    test = conformance("fid", function, select=[pattern], **about)
    (mark,) = vars(test)["pytestmark"]
    return lambda: test(mark.args[1][0])


def test_a_claim_that_hangs_fails_in_time_and_leaves_the_random_state_alone():
    forever, state = threading.Event(), torch.get_rng_state()
    with pytest.raises(pytest.fail.Exception, match=r"hangs: no answer within 0\.3 s"):
        case(lambda real, fake: forever.wait(), "mean-only", timeout=0.3)()
    assert torch.equal(torch.get_rng_state(), state)
    forever.set()


def test_a_claim_that_exits_fails():
    with pytest.raises(pytest.fail.Exception, match=r"calls exit\(3\)"):
        case(lambda real, fake: sys.exit(3), "mean-only")()


def test_a_claim_that_does_not_apply_is_skipped():
    with pytest.raises(pytest.skip.Exception, match="'train'"):
        case(lambda train: 0.0, "mean-only", order=["train"])()
