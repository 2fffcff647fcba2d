"""Scoring by all metrics says what each has cost, and leaves slow ones to those who ask for them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from ganbench.metrics import METRICS
from ganbench.scoring.api import Options, score
from ganbench.scoring.asked_metrics import wanted
from ganbench.scoring.scorer import DISTANCES, Step
from tests.runs.command import ganbench
from tests.scoring.sets import features

SLOW = {name for name, each in METRICS.items() if each.spec.slow}


def test_every_metric_is_told_when_it_begins_and_when_it_has_ended() -> None:
    told: list[Step] = []
    names = ["fid", "precision", "kid"]
    score(features(30, 1), features(30, 2), metrics=names, options=Options(metric_progress=told.append))
    begun, ended = ([each for each in told if (each.seconds is None) == state] for state in (True, False))
    assert [(each.metric, each.place, each.count) for each in begun] == [
        (DISTANCES, 0, 3), ("fid", 1, 3), ("precision", 2, 3), ("kid", 3, 3)
    ]  # fmt: skip
    assert [each.metric for each in ended] == [each.metric for each in begun]
    assert all(each.seconds is not None and each.seconds >= 0 for each in ended)
    assert [each.metric for each in told[:2]] == [DISTANCES] * 2


def test_all_leaves_out_what_is_slow_unless_it_is_asked_for() -> None:
    assert SLOW
    plain = wanted("all")
    assert {each.spec.name for each in plain.metrics} == METRICS.keys() - SLOW
    assert set(plain.left_out) == SLOW
    every = wanted("all", slow=True)
    assert ([each.spec.name for each in every.metrics], every.left_out) == ([*METRICS], ())
    one = sorted(SLOW)[0]
    beside = wanted(f"all,{one}")
    assert set(beside.left_out) == SLOW - {one}
    assert [each.spec.name for each in beside.metrics].count(one) == 1
    assert [each.spec.name for each in wanted(one).metrics] == [one]


@pytest.fixture
def arrays(tmp_path: Path) -> tuple[str, str]:
    paths = [str(tmp_path / f"{name}.npy") for name in ("fake", "real")]
    for seed, path in enumerate(paths):
        np.save(path, np.random.default_rng(seed).normal(size=(30, 2)))
    return paths[0], paths[1]


def scored(arrays: tuple[str, str], *words: str) -> Result:
    return ganbench("score", arrays[0], "--reference", arrays[1], "--no-cache", *words)


def test_the_command_prints_a_line_with_the_cost_of_each_metric(arrays: tuple[str, str]) -> None:
    result = scored(arrays, "--metrics", "all")
    lines = re.findall(r"fake.npy: (\d+) of (\d+): (\w+): \d+\.\d\d s\n", result.stderr)
    count = int(lines[0][1])
    assert [(int(place), int(of)) for place, of, _ in lines] == [(i, count) for i in range(count + 1)]
    assert lines[0][2] == DISTANCES
    assert {"fid", "precision", "vendi"} <= {metric for _, _, metric in lines}
    assert not SLOW & {metric for _, _, metric in lines}
    of_points = [name for name in METRICS if name in SLOW and "fake" in METRICS[name].spec.needs]
    assert f"left out, for they take long: {', '.join(of_points)}; --slow takes them" in result.stdout


def test_a_few_metrics_are_not_worth_lines(arrays: tuple[str, str]) -> None:
    assert scored(arrays, "--metrics", "fid,precision").stderr == ""


def test_what_is_slow_says_that_it_begins(arrays: tuple[str, str]) -> None:
    result = scored(arrays, "--metrics", "all", "--slow")
    assert re.search(r"fake.npy: \d+ of \d+: max_sliced_wasserstein: begins, and takes long\n", result.stderr)
    assert "left out" not in result.stdout
