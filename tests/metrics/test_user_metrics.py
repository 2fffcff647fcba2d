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

from ganbench.data import load as load_data
from ganbench.errors import BadInput, Missing, RequestError, UnknownName, UserCodeError
from ganbench.metrics import METRICS
from ganbench.metrics.user import find_metric, find_metrics
from ganbench.records.record import from_line, to_line
from ganbench.records.store import Store
from ganbench.runs.execution import Place, compute, lacking, state
from ganbench.runs.grid import grid
from ganbench.scoring.reference import DatasetScorer
from tests.narrow import narrow
from tests.runs.command import ganbench, suite, suite_of

HEAD = """
from ganbench.metrics import metric
"""
SHIFT = '''
@metric(better="lower", minimum=7)
def shift(real, fake, *, times: float = 2.0):
    """Distance of the means, doubled."""
    return times * (real.double().mean(0) - fake.double().mean(0)).norm()
'''
LEAST = """
@metric(better="higher")
def least(fake):
    return fake.min()
"""


def own(folder: Path, text: str = SHIFT, name: str = "mine.py") -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(HEAD + text)
    return str(path)


def points(*rows: float) -> Any:
    from ganbench.metrics.feature_vectors import Features

    return Features(np.array(rows)[:, None])


def test_a_file_s_only_metric_is_found_by_its_path_with_its_facts(tmp_path: Path) -> None:
    path = own(tmp_path)
    result = find_metric(path)
    assert result(points(0.0, 2.0), points(4.0, 6.0)) == 8.0
    assert (result.spec.name, result.spec.summary, result.spec.minimum) == (
        "mine.py",
        "Distance of the means, doubled.",
        7,
    )
    assert result.spec.options == {"times": 2.0, "file_sha256": sha256(Path(path).read_bytes()).hexdigest()}
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"], "no compiled form is left beside it"


def test_one_of_several_is_found_by_its_name(tmp_path: Path) -> None:
    path = own(tmp_path, SHIFT + LEAST)
    result = find_metric(f"{path}:least")
    assert result.spec.name == "mine.py:least"
    assert result(points(3.0, -1.0)) == -1.0
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
        ("from ganbench.metrics.base import metric", "ganbench.metrics.base is called ganbench.metrics now"),
        ("x = 1", 'expected one public function under @metric(better="lower")'),
        (SHIFT + LEAST, "got least and shift; choose one, as in mine.py:least"),
        (SHIFT.replace("fake, *", "fakes, *"), "unknown need of mine.py 'fakes'; did you mean 'fake'"),
        (SHIFT.replace('better="lower"', 'better="low"'), "unknown direction of mine.py 'low'; did you mean 'lower'"),
        (SHIFT.replace("minimum=", 'invariances={"rotate"}, minimum='), "unknown invariance of mine.py 'rotate'"),
        (
            SHIFT.replace("minimum=", 'needs=("real", "fake"), minimum=').replace("real, fake, *", "real, *"),
            "one argument for each of its needs (real, fake), got real",
        ),
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
    ("body", "said"),
    [
        ("1 / 0", "mine.py, line 7: ZeroDivisionError: division by zero"),
        ("fake.nothing", "mine.py, line 7: AttributeError: 'Tensor' object has no attribute 'nothing'"),
        (
            "(real.mean - fake.mean).norm()",
            "mine.py, line 7: TypeError: unsupported operand type(s) for -: 'builtin_function_or_method' and "
            "'builtin_function_or_method'; metrics are given tensors (n, d): write real.mean(0)",
        ),
        ("'much'", "mine.py: expected a number, got str: 'much'"),
        ("fake", "mine.py: expected a number, got Tensor of shape (20, 2): tensor"),
    ],
)
def test_a_metric_that_raises_ends_scoring_with_its_line(tmp_path: Path, body: str, said: str) -> None:
    path = own(tmp_path, SHIFT.replace("times * (real.double().mean(0) - fake.double().mean(0)).norm()", body))
    with pytest.raises(UserCodeError, match=re.escape(said)):
        DatasetScorer(load_data("ring8"), [path], 20)(torch.zeros(20, 2), None)
    arrays = [str(tmp_path / f"{name}.npy") for name in ("real", "fake")]
    for seed, array in enumerate(arrays):
        np.save(array, np.random.default_rng(seed).normal(size=(20, 2)))
    result = ganbench("score", arrays[1], "--reference", arrays[0], "--metrics", path)
    assert result.exit_code == 1
    assert f"ganbench: {said}" in result.output


def test_a_run_whose_metric_raises_exits_with_1_and_says_where(tmp_path: Path) -> None:
    path = own(tmp_path, LEAST.replace("fake.min()", "fake.nothing"))
    result = ganbench("run", "--suite", suite(tmp_path), "--metrics", path, "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "mine.py, line 6: AttributeError" in result.output


def test_a_metric_that_writes_into_its_arguments_changes_no_other_value(tmp_path: Path) -> None:
    path = own(
        tmp_path, LEAST.replace("(fake)", "(real, fake)").replace("return fake.min()", "return fake.mul_(0).min()")
    )
    data, x = load_data("ring8"), torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    (alone,) = DatasetScorer(data, ["kid"], 20)(x, None)
    zero, beside = DatasetScorer(data, [path, "kid"], 20)(x, None)
    assert (zero.values, beside.values) == ((0.0,), alone.values)


def test_the_line_is_that_of_the_file_also_where_another_library_raises(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        LEAST.replace("fake.min()", "helper(fake)")
        + """

def helper(x):
    import numpy
    return numpy.linalg.inv(x.numpy())
""",
    )
    with pytest.raises(UserCodeError, match=r"mine.py, line 11: LinAlgError: Last 2 dimensions .* must be square"):
        DatasetScorer(load_data("ring8"), [path], 20)(torch.zeros(20, 2), None)


def test_a_metric_may_say_that_it_is_undefined_for_its_input(tmp_path: Path) -> None:
    body = "from ganbench.errors import BadInput\n    raise BadInput('fake: too even')"
    path = own(tmp_path, LEAST.replace("return fake.min()", body))
    (score,) = DatasetScorer(load_data("ring8"), [path], 20)(torch.zeros(20, 2), None)
    assert (score.value, score.reason) == (None, "fake: too even")


def test_a_scorer_takes_a_path_beside_names_and_the_file_is_part_of_the_score_s_identity(tmp_path: Path) -> None:
    path, data = own(tmp_path), load_data("ring8")
    fid_scores, result = DatasetScorer(data, ["fid", path], 20)(torch.zeros(20, 2), None)
    real = DatasetScorer(data, ["fid"], 20).scorer.real.features
    assert result.values[0] == pytest.approx(2 * float(real.mean.norm()), rel=1e-9)
    assert (fid_scores.metric, result.metric) == ("fid", "mine.py")
    Path(path).write_text(HEAD + SHIFT + "# changed\n")
    (changed,) = DatasetScorer(data, [path], 20)(torch.zeros(20, 2), None)
    assert changed.values == result.values
    assert changed.options != result.options


def test_a_suite_measures_a_user_s_metric_and_measures_it_again_when_the_file_changes(tmp_path: Path) -> None:
    path = own(tmp_path)
    question = replace(suite_of(tmp_path), baselines=("noise",), seeds=(0,), metrics=("fid", path), watch=path)
    (cell,) = grid(question)
    assert cell.metrics == ("fid", path)
    place = Place(tmp_path / "out")
    Store(place.folder).open()
    (record,) = compute([cell], place, {}, lambda steps: None)
    assert [(each.metric, None in each.values) for each in record.scores] == [("fid", False), ("mine.py", False)]
    assert {point["metric"] for point in record.curve} == {"mine.py"}
    assert state(cell, from_line(to_line(record))) == "done"
    Path(path).write_text(HEAD + SHIFT.replace("2.0", "3.0"))
    assert lacking(cell, record) == [path]
    (again,) = compute([cell], place, {record.key: record}, lambda steps: None)
    old, new = ({each.metric: each.values for each in one.scores} for one in (record, again))
    assert new["mine.py"] == pytest.approx([1.5 * narrow(value, float) for value in old["mine.py"]])
    assert new["fid"] == old["fid"]
