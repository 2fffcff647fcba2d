"""Why two numbers differ: steps between configurations whose effect is known, and the fields of two reports."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image

from ganbench.cli.main import main
from ganbench.errors import BadInput, UnknownName
from ganbench.features import load
from ganbench.features.image_network import ImageNetwork, View
from ganbench.metrics import METRICS
from ganbench.scoring.configuration import Configuration, configuration_of, path_between
from ganbench.scoring.explain import explain
from tests.scoring.sets import folder_of, photos

REAL, FAKE = photos(120, 1, 40), photos(110, 2, 40)


def rows(images: Any) -> torch.Tensor:
    """Features of the shipped network at the scale of clean-fid."""
    network: Any = load("random_conv")
    shown = ImageNetwork(network.identity, View("clean", 64, (128.0,), (128.0,)), network.network, network.batch)
    return shown(torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)).values


def steps(start: str, end: str, **settings: Any) -> Any:
    return explain(FAKE, REAL, start, end, features="random_conv", **settings)


def compressed(images: Any, quality: int) -> Any:
    made = []
    for each in images:
        out = io.BytesIO()
        Image.fromarray(each).save(out, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(out)))
    return np.stack(made)


def test_the_steps_between_two_protocols_are_the_fields_in_which_they_differ() -> None:
    found = path_between(configuration_of("clean-fid"), configuration_of("pytorch-fid"))
    assert [name for name, _ in found] == ["resize", "scale"]
    assert found[-1][1] == configuration_of("pytorch-fid")
    assert [name for name, _ in path_between(configuration_of("adm"), configuration_of("stylegan3"))] == ["ddof"]
    assert path_between(configuration_of("adm"), configuration_of("edm")) == []


def test_a_compression_explains_the_difference_that_it_makes() -> None:
    found = steps("clean-fid", "clean-fid(jpeg=10)")
    (step,) = found.steps
    assert step.field == "JPEG quality before anything"
    assert found.value == pytest.approx(METRICS["fid"](rows(REAL), rows(FAKE)), rel=1e-5)
    assert found.final == pytest.approx(METRICS["fid"](rows(REAL), rows(compressed(FAKE, 10))), rel=1e-5)
    assert step.change == pytest.approx(found.final - found.value, rel=1e-12)
    assert step.interval[0] < step.change < step.interval[1]


def test_the_changes_sum_to_the_difference_and_the_order_is_said() -> None:
    found = steps("clean-fid", "pytorch-fid(jpeg=50,n=100,ddof=0)")
    assert [each.field for each in found.steps] == [
        "JPEG quality before anything",
        "number of samples",
        "resize",
        "scale (x - a) / a",
        "divisor of covariances n - ",
    ]
    assert [each.takes_features for each in found.steps] == [True, False, True, True, False]
    assert found.value + sum(each.change for each in found.steps) == pytest.approx(found.final, rel=1e-12)
    assert "steps are taken in this order" in found.notes[0]


def test_a_step_that_changes_nothing_has_an_interval_about_zero() -> None:
    (step,) = steps("clean-fid(resize=pil)", "clean-fid(resize=pil,rounded=1)").steps
    assert step.change == 0
    assert step.interval == (0, 0)


def test_few_samples_have_no_interval() -> None:
    found = steps("clean-fid", "clean-fid(resize=box)", n=50)
    assert found.n == 50
    assert found.n_reference == 50
    assert found.steps[0].interval is None


def test_the_interval_of_a_change_is_narrower_than_that_of_the_numbers_themselves() -> None:
    found = steps("clean-fid", "clean-fid(jpeg=95)")
    low, high = found.steps[0].interval
    parts = [METRICS["fid"](rows(REAL), rows(FAKE)[torch.arange(110) % 10 != i]) for i in range(10)]
    spread = 2 * 2.262 * float(np.sqrt(0.9 * np.square(np.array(parts) - np.mean(parts)).sum()))
    assert high - low < spread / 2


def test_statistics_as_the_reference_change_the_samples_side_alone(tmp_path: Path) -> None:
    x = rows(REAL).double().numpy()
    np.savez(tmp_path / "a.npz", mu=x.mean(0), sigma=np.cov(x, rowvar=False))
    found = explain(FAKE, tmp_path / "a.npz", "clean-fid", "clean-fid(jpeg=10)", features="random_conv")
    assert found.n_reference is None
    assert found.final == pytest.approx(METRICS["fid"](rows(REAL), rows(compressed(FAKE, 10))), rel=1e-5)
    assert any("the reference is a mean and a covariance" in each for each in found.notes)


def test_another_reference_is_a_step_too(tmp_path: Path) -> None:
    other = folder_of(photos(120, 9, 40), tmp_path / "other")
    (step,) = steps("clean-fid", f"clean-fid(reference={other})").steps
    assert step.field == "reference"
    assert step.value == pytest.approx(METRICS["fid"](rows(photos(120, 9, 40)), rows(FAKE)), rel=1e-5)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("clean", "unknown protocol 'clean'"),
        ("clean-fid(sise=3)", "unknown field of a protocol 'sise'; did you mean 'resize'"),
        ("clean-fid(jpeg=300)", "jpeg: expected a whole number from 0 to 100"),
        ("clean-fid(resize=lanczo)", "did you mean 'lanczos'"),
        ("clean-fid(jpeg)", "expected jpeg=VALUE"),
        ("clean-fid(", "expected a protocol such as clean-fid"),
    ],
)
def test_what_cannot_be_read_is_one_line(text: str, error: str) -> None:
    with pytest.raises((BadInput, UnknownName), match=error):
        configuration_of(text)


def test_every_field_has_a_reader() -> None:
    given = "clean-fid(reference=a,grey=1,jpeg=9,n=8,resize=box,rounded=1,scale=127.5,network=x,estimate=cmmd,ddof=0)"
    assert configuration_of(given) == Configuration("a", True, 9, 8, "box", True, "127.5", "x", "cmmd", 0)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "kept"))
    folder_of(REAL, Path("real"))
    folder_of(FAKE, Path("gen"))
    return tmp_path


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.usefixtures("place")
def test_the_command_says_the_cost_first_then_a_waterfall_and_draws_it() -> None:
    words = ("--from", "clean-fid", "--to", "adm(jpeg=20)", "--features", "random_conv", "--figure", "w.png")
    result = typed("explain", "gen", "--reference", "real", *words)
    assert result.exit_code == 0, result.stderr
    assert "2 steps; features of at most 5000 samples and reference are taken 3 times" in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "110 of gen against 120 of real"
    assert lines[4].startswith("  JPEG quality before anything: none -> 20")
    assert lines[5].startswith("  resize: Pillow's bicubic in floats -> TensorFlow 1's bilinear")
    with Image.open("w.png") as picture:
        assert picture.size[0] > 500


@pytest.mark.usefixtures("place")
def test_two_reports_are_compared_field_by_field_and_computed_again() -> None:
    def report(name: str, *words: str) -> None:
        result = typed("score", "gen", "--reference", "real", "--format", "json", "--out", name, *words)
        assert result.exit_code == 0, result.stderr

    report("a.json", "--features", "random_conv", "--metrics", "fid")
    report("b.json", "--features", "pixels", "--metrics", "fid")
    result = typed("explain", "a.json", "b.json", "--format", "json")
    content = json.loads(result.stdout)
    assert {each["name"] for each in content["fields"]} >= {"features.name", "features.preprocessing"}
    assert content["metric"] == "fid"
    text = typed("explain", "a.json", "a.json").stdout
    assert "no field of their identities differs" in text
    again = typed("explain", "a.json", "a.json", "--recompute")
    assert again.exit_code == 0, again.stderr
    value = json.loads(Path("a.json").read_text())["rows"][0]["scores"][0]["value"]
    assert f"{value:.4g}" in again.stdout


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [
        ("gen", "--from", "clean-fid", "--to", "adm"),
        ("gen", "--reference", "real", "--from", "clean-fid", "--to", "nothing"),
        ("a.json", "b.json"),
        ("gen", "--reference", "gen", "--from", "clean-fid", "--to", "adm", "--features", "random_conv"),
        ("gen", "--reference", "real", "--from", "clean-fid", "--to", "adm", "--features", "pixels"),
    ],
)
def test_what_cannot_be_explained_is_one_line_and_nothing_is_written(words: tuple[str, ...]) -> None:
    result = typed("explain", *words, "--out", "out.txt")
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert not Path("out.txt").exists()


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    for content in ("[]", "{", '{"rows": [3]}', '{"rows": [{"name": "a", "scores": [{"metric": "fid"}]}]}'):
        (tmp_path / "a.json").write_text(content)
        result = typed("explain", str(tmp_path / "a.json"), str(tmp_path / "a.json"))
        assert result.exit_code == 2
        assert "expected" in result.stderr
