"""The package's front door."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import ganbench


def test_score_is_found_on_the_package_and_scores_arrays() -> None:
    real, fake = (np.random.default_rng(seed).normal(size=(60, 3)) for seed in (0, 1))
    report = ganbench.score(fake, real, metrics=["fid"])
    assert report.values[report.rows[0].name]["fid"] > 0


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, ganbench; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "False"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = ganbench.scores
