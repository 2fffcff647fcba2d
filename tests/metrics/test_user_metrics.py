"""A user's own metric joins by its file's path: found, named, told apart by content, and explained when it is wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.cell import Place, compute, lacking, state
from ganbench.data import load as load_data
from ganbench.errors import BadInput, Missing, RequestError, UnknownName
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metric, find_metrics
from ganbench.record import from_line, to_line
from ganbench.run import grid
from ganbench.scorer import Scorer
from ganbench.store import Store
from ganbench.suites import read
from tests.runs import TINY, ganbench, suite

HEAD = """
import math
from ganbench.metrics import fid
from ganbench.metrics.base import Metric, metric
"""
SHIFT = '''
@metric(needs=("real", "fake"), better="lower", ideal=0.0, bounds=(0, math.inf), paper="none", minimum=7)
def shift(real, fake, *, times: float = 2.0):
    """Distance of the means, doubled."""
    return times * (real.mean - fake.mean).norm()
'''
LEAST = '''
@metric(needs=("fake",), better="higher", ideal=None, bounds=(-math.inf, math.inf), paper="none")
def least(fake):
    """The smallest coordinate."""
    return fake.values.min()
'''


def own(folder: Path, text: str = SHIFT, name: str = "mine.py") -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(HEAD + text)
    return str(path)


def points(*rows: float) -> Any:
    from ganbench.metrics.features import Features

    return Features(np.array(rows)[:, None])


def test_a_file_s_only_metric_is_found_by_its_path_with_its_facts(tmp_path: Path) -> None:
    path = own(tmp_path)
    found = find_metric(path)
    assert found(points(0.0, 2.0), points(4.0, 6.0)) == 8.0
    assert (found.name, found.summary, found.minimum) == ("mine.py", "Distance of the means, doubled.", 7)
    assert found.options == {"times": 2.0, "file_sha256": sha256(Path(path).read_bytes()).hexdigest()}
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"], "no compiled form is left beside it"


def test_one_of_several_is_found_by_its_name(tmp_path: Path) -> None:
    path = own(tmp_path, SHIFT + LEAST)
    found = find_metric(f"{path}:least")
    assert found.name == "mine.py:least"
    assert found(points(3.0, -1.0)) == -1.0
    with pytest.raises(UnknownName, match=r"unknown metric of mine.py 'leest'; did you mean 'least'"):
        find_metric(f"{path}:leest")


def test_a_name_in_the_catalogue_is_the_catalogue_s() -> None:
    assert find_metric("kid") is METRICS["kid"]
    with pytest.raises(UnknownName, match="did you mean 'kid'"):
        find_metric("kidd")


def test_two_files_of_one_name_are_refused_and_one_file_twice_is_one(tmp_path: Path) -> None:
    first, second = own(tmp_path), own(tmp_path / "other")
    assert len(find_metrics([first, first])) == 1
    with pytest.raises(BadInput, match=r"two metrics would be called mine.py"):
        find_metrics([first, second])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nothing_of_that_name", "does not import: ModuleNotFoundError: No module named"),
        ("def f(:", "does not import: SyntaxError"),
        ("raise ValueError('two\\nlines')", "does not import: ValueError: two lines"),
        ("x = 1", "expected exactly one public metric (see ganbench.metrics.base), found none"),
        (SHIFT + LEAST, "found least and shift; choose one, as in mine.py:least"),
        (SHIFT.replace('"fake")', '"fakes")'), "unknown need of mine.py 'fakes'; did you mean 'fake'"),
        (SHIFT.replace('better="lower"', 'better="low"'), "unknown direction of mine.py 'low'; did you mean 'lower'"),
        (SHIFT.replace("paper=", 'laws={"rotate"}, paper='), "unknown law of mine.py 'rotate'"),
        (SHIFT.replace("real, fake, *", "real, *"), "one argument for each of its needs (real, fake), got real"),
    ],
)
def test_a_file_that_is_no_metric_is_explained_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = own(tmp_path, text)
    with pytest.raises(RequestError, match=re.escape(said)) as caught:
        find_metric(path)
    assert "mine.py" in str(caught.value)
    assert "\n" not in str(caught.value)
    result = ganbench("run", "--suite", suite(tmp_path), "--metrics", path, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"mine.py: cannot read this metric: No such file"):
        find_metric(str(tmp_path / "mine.py"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [("1 / 0", "mine.py: ZeroDivisionError: division by zero"), ("'much'", "mine.py: ValueError: could not convert")],
)
def test_a_metric_that_fails_leaves_a_reason_and_no_value(tmp_path: Path, body: str, reason: str) -> None:
    path = own(tmp_path, SHIFT.replace("times * (real.mean - fake.mean).norm()", body))
    (found,) = Scorer(load_data("ring8"), [path], 20)(torch.zeros(1, 20, 2), None)
    assert found.values == (None,)
    assert found.reasons[0].startswith(reason)


def test_a_scorer_takes_a_path_beside_names_and_the_file_is_part_of_the_score_s_identity(tmp_path: Path) -> None:
    path, data = own(tmp_path), load_data("ring8")
    fid_scores, found = Scorer(data, ["fid", path], 20)(torch.zeros(1, 20, 2), None)
    real = Scorer(data, ["fid"], 20).real.features
    assert found.values[0] == pytest.approx(2 * float(real.mean.norm()), rel=1e-9)
    assert (fid_scores.metric, found.metric) == ("fid", "mine.py")
    Path(path).write_text(HEAD + SHIFT + "# changed\n")
    (changed,) = Scorer(data, [path], 20)(torch.zeros(1, 20, 2), None)
    assert changed.values == found.values
    assert changed.options != found.options


def test_a_suite_measures_a_user_s_metric_and_measures_it_again_when_the_file_changes(tmp_path: Path) -> None:
    path = own(tmp_path)
    question = replace(read(Path(suite(tmp_path, TINY))), baselines=("noise",), metrics=("fid", path), watch=path)
    (cell,) = grid(question)
    assert cell.metrics == ("fid", path)
    place = Place(tmp_path / "out")
    Store(place.folder).open()
    record = compute(cell, place, None, lambda steps: None)
    assert [(each.metric, None in each.values) for each in record.scores] == [("fid", False), ("mine.py", False)]
    assert {point["metric"] for point in record.curve} == {"mine.py"}
    assert state(cell, from_line(to_line(record))) == "done"
    Path(path).write_text(HEAD + SHIFT.replace("2.0", "3.0"))
    assert lacking(cell, record) == [path]
    again = compute(cell, place, record, lambda steps: None)
    old, new = ({each.metric: each.values for each in one.scores} for one in (record, again))
    assert new["mine.py"] == pytest.approx([1.5 * value for value in old["mine.py"]])
    assert new["fid"] == old["fid"]
