"""Scoring by all metrics says what each has cost, and leaves slow ones to those who ask for them."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from rich.console import Console
from rich.progress import Progress

from ganbench.cli.score_progress import Metrics, cost_text
from ganbench.metrics import METRICS
from ganbench.scoring.api import Options, score
from ganbench.scoring.asked_metrics import wanted
from ganbench.scoring.costs import CostPlan, Expected
from ganbench.scoring.scorer import DISTANCES, Step
from tests.runs.command import ganbench
from tests.scoring.sets import features

SLOW = {name for name, each in METRICS.items() if each.spec.slow}


def test_every_metric_is_told_when_it_begins_and_when_it_has_ended() -> None:
    steps: list[Step] = []
    names = ["fid", "precision", "kid"]
    score(features(30, 1), features(30, 2), metrics=names, options=Options(metric_progress=steps.append))
    begun, ended = ([each for each in steps if (each.seconds is None) == state] for state in (True, False))
    assert [(each.metric, each.place, each.count) for each in begun] == [
        (DISTANCES, 0, 3), ("fid", 1, 3), ("precision", 2, 3), ("kid", 3, 3)
    ]  # fmt: skip
    assert [each.metric for each in ended] == [each.metric for each in begun]
    assert all(each.seconds is not None and each.seconds >= 0 for each in ended)
    assert [each.metric for each in steps[:2]] == [DISTANCES] * 2


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


def test_all_says_what_each_metric_will_cost_before_it_begins(arrays: tuple[str, str]) -> None:
    said = scored(arrays, "--metrics", "all").stderr
    plan, _, then = said.partition("together about ")
    assert "fake.npy: what each metric will cost, by n = 30 rows of the reference, m = 30 samples, d = 2 feat" in plan
    named = re.findall(r"^  (\w+) +(?:little|\d+ \w+|\?)  (.+)$", plan, re.MULTILINE)
    assert [name for name, _ in named] == [DISTANCES, *(re.findall(r"\d+: (\w+): \d+\.\d\d s", then)[1:])] + [
        name for name in METRICS if name in SLOW and "fake" in METRICS[name].spec.needs
    ]
    growth = dict(named)
    assert growth["fid"] == "n d min(m, d) + m d min(n, d) + min(n, m, d)^3"
    assert growth["w1"].endswith("; left out, --slow takes it")
    assert growth[DISTANCES].startswith("n^2 d + m^2 d + n m d")


def test_a_plan_is_told_in_seconds_at_a_given_speed() -> None:
    steps = (
        Expected(DISTANCES, "n m d", 3e9), Expected("fid", "d^3", 9e9), Expected("kid", "n d", 10.0),
        Expected("mine.py", "", None), Expected("w1", "n^3", 1e13, left_out=True),
    )  # fmt: skip
    assert cost_text(CostPlan("a", {"n": 7, "m": 5, "k": 0}, steps), 1e8).splitlines() == [
        "a: what each metric will cost, by n = 7 rows of the reference, m = 5 samples:",
        "  distances       30 s  n m d",
        "  fid             90 s  d^3",
        "  kid           little  n d",
        "  mine.py            ?  not declared",
        "  w1              28 h  n^3; left out, --slow takes it",
        "a: together about 2 min, at 0.1 G steps a second here and now",
    ]


def test_the_bar_of_the_metrics_goes_by_their_work() -> None:
    plans: list[CostPlan] = []
    steps: list[Step] = []
    options = Options(metric_progress=steps.append, costs=plans.append)
    score(features(30, 1), features(30, 2), metrics=["fid", "precision"], options=options)
    assert [(each.metric, each.left_out) for each in plans[0].steps] == [
        (DISTANCES, False), ("fid", False), ("precision", False)
    ]  # fmt: skip
    with Progress(console=Console(file=StringIO())) as bars:
        shown = Metrics(Console(file=StringIO()), lines=False, bars=bars)
        shown.costs(plans[0])
        seen = []
        for step in steps:
            shown(step)
            seen.append((bars.tasks[0].description, bars.tasks[0].completed))
    work = [each.work or 0 for each in plans[0].steps]
    parts = [round(100 * sum(work[:i]) / sum(work)) for i in range(4)]
    names = [DISTANCES, "fid", "precision"]
    assert seen == [each for i, name in enumerate(names) for each in ((name, parts[i]), (name, parts[i + 1]))]
    assert parts[-1] == 100


def test_sets_that_cost_alike_are_told_once() -> None:
    shown = Metrics(Console(file=(said := StringIO())), lines=True)
    for name, work in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
        shown.costs(CostPlan(name, {"n": 3}, (Expected("fid", "d^3", work),)))
    assert re.findall(r"(\w): what each metric", said.getvalue()) == ["a", "c"]


def test_a_metric_of_ones_own_says_its_cost(tmp_path: Path, arrays: tuple[str, str]) -> None:
    head, body = 'from ganbench.metrics import metric\n@metric(better="lower", cost="n m d")', "def gap(real, fake):"
    text = f"{head}\n{body}\n    return 0.0\n"
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    assert re.search(r"mine.py +little  n m d\n", scored(arrays, "--metrics", f"all,{tmp_path / 'mine.py'}").stderr)
    (tmp_path / "mine.py").write_text(text.replace("n m d", "n mm d"), encoding="utf-8")
    result = scored(arrays, "--metrics", str(tmp_path / "mine.py"))
    assert result.exit_code == 2
    assert "unknown size in cost 'n mm d' 'mm'; did you mean 'm'?" in result.stderr


def test_where_no_metric_can_be_used_there_is_nothing_to_list() -> None:
    assert (
        cost_text(CostPlan("a", {"n": 7}, ()), 1e8).splitlines()[0]
        == "a: what each metric will cost, by n = 7 rows of the reference:"
    )
