"""The one-line test for other people's suites, used as they would."""

from __future__ import annotations

import pytest

from ganbench.check.pytest import conformance
from ganbench.errors import BadInput, UnknownName
from ganbench.metrics import METRICS

test_our_own_fid_conforms = conformance("fid", METRICS["fid"].function)
test_arguments_may_be_turned = conformance(
    "w1", lambda fake, real: (0, METRICS["w1"](real, fake)), order=["fake", "real"], returns="1", skip=["law-*"]
)


def test_a_wrong_metric_fails_with_its_line():
    test = conformance("fid", lambda real, fake: 0.5 * METRICS["fid"](real, fake), select=["mean-only"])
    (mark,) = test.pytestmark
    with pytest.raises(pytest.fail.Exception, match="half of the right number"):
        test(mark.args[1][0])


def test_a_metric_or_pattern_that_is_unknown_is_an_error():
    with pytest.raises(UnknownName):
        conformance("fyd", METRICS["fid"])
    with pytest.raises(UnknownName):
        conformance("fid", METRICS["fid"], select=["absent"])
    with pytest.raises(BadInput, match="callable"):
        conformance("fid", 3)  # type: ignore[arg-type]
