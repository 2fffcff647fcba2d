"""A report computed again; published scores of real data; results for a model's page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ganbench.cli.main import main
from ganbench.scoring.api import Options, score
from ganbench.scoring.golden import GOLDENS, Golden, as_text, record, result_of
from ganbench.scoring.report import yaml_number, yaml_text
from tests.scoring.sets import features, folder_of, photos


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CACHE", "WEIGHTS"):
        monkeypatch.setenv(f"GANBENCH_{name}", str(tmp_path / name))
    np.save("real.npy", features(120, 1))
    np.save("gen.npy", features(110, 2))


def typed(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def reported(*words: str) -> Result:
    return typed("score", "gen.npy", "--reference", "real.npy", "--metrics", "fid,precision", *words)


def test_a_report_of_the_same_samples_is_the_same() -> None:
    assert reported("--format", "json", "--out", "a.json").exit_code == 0
    result = typed("verify", "a.json", "gen.npy")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "everything is the same"
    assert "same     gen.npy: fid " in result.stdout


def test_what_was_changed_by_hand_and_samples_that_are_others_are_said() -> None:
    reported("--format", "json", "--out", "a.json")
    content = json.loads(Path("a.json").read_text())
    content["rows"][0]["scores"][0]["value"] *= 0.9
    Path("b.json").write_text(json.dumps(content))
    result = typed("verify", "b.json", "gen.npy")
    assert result.exit_code == 1
    assert "differs  gen.npy: fid: reported" in result.stdout
    np.save("others.npy", features(110, 3))
    result = typed("verify", "a.json", "others.npy")
    assert result.exit_code == 1
    assert "differs  gen.npy: content: reported" in result.stdout


@pytest.mark.parametrize("words", [("a.json", "gen.npy"), ("real.npy", "gen.npy")])
def test_what_is_no_report_is_one_line(words: tuple[str, ...]) -> None:
    result = typed("verify", *words)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_a_report_of_two_sets_needs_two() -> None:
    np.save("x.npy", features(130, 9))
    words = ("--reference", "x.npy", "--metrics", "fid", "--format", "json", "--out", "a.json")
    assert typed("score", "first=gen.npy", "second=real.npy", *words).exit_code == 0
    assert "the report is of 2 sets (first, second), got 1" in typed("verify", "a.json", "gen.npy").stderr
    assert typed("verify", "a.json", "gen.npy", "real.npy").exit_code == 0


def test_results_for_a_models_page_are_yaml_of_the_hubs_form() -> None:
    result = reported("--format", "eval-results", "--dataset-id", "some/data")
    assert result.exit_code == 0, result.stderr
    first, second = pytest.importorskip("yaml").safe_load(result.stdout)
    assert first["dataset"] == {"id": "some/data", "task_id": "frechet[given]"}
    assert first["value"] == pytest.approx(score("gen.npy", "real.npy", metrics="fid").rows[0].value("fid"))
    assert second["dataset"]["task_id"] == "precision"
    assert "gen.npy: 110 samples against 120 of real.npy" in first["notes"]


def test_the_hubs_own_library_reads_the_results_and_loses_nothing_of_them() -> None:
    hub, yaml = pytest.importorskip("huggingface_hub", minversion="1.4"), pytest.importorskip("yaml")
    folder_of(photos(30, 1), Path("real"))
    folder_of(photos(30, 2), Path("d\u00e9j\u00e0 \U0001f600"))
    words = (
        "--reference",
        "real",
        "--metrics",
        "fid,precision",
        "--format",
        "eval-results",
        "--dataset-id",
        "some/data",
    )
    result = typed("score", "d\u00e9j\u00e0 \U0001f600", *words)
    assert result.exit_code == 0, result.stderr
    read = yaml.safe_load(result.stdout)
    entries = hub.parse_eval_result_entries(read)
    assert [(each.dataset_id, each.task_id) for each in entries] == [
        ("some/data", "frechet[random_conv]"), ("some/data", "precision")
    ]  # fmt: skip
    assert all(isinstance(each.value, float) for each in entries)
    assert all(each.notes.startswith("d\u00e9j\u00e0 \U0001f600: 30 samples against 30 of real") for each in entries)
    assert hub.eval_result_entries_to_yaml(entries) == read


@pytest.mark.parametrize("value", [1e-05, -2.5e-300, 1e16, 12.3456789, 0.1 + 0.2, 3.0])
def test_numbers_are_read_as_the_numbers_they_are(value: float) -> None:
    read = pytest.importorskip("yaml").safe_load(f"value: {yaml_number(value)}")["value"]
    assert isinstance(read, float)
    assert read == value


@pytest.mark.parametrize(
    "text", ["plain", 'a "b" \\ c', "no", "\u00e9\u4e2d\U0001f600", "\x00\t\n\x7f\x85\u2028\ufeff"]
)
def test_text_is_read_as_the_text_it_is(text: str) -> None:
    assert yaml_text(text).isascii()
    assert pytest.importorskip("yaml").safe_load(f"notes: {yaml_text(text)}") == {"notes": text}


@pytest.mark.parametrize("name", ["data", "a/b/c", "a b/c", "/c", ""])
def test_a_data_sets_name_on_the_hub_is_an_owner_and_a_name(name: str) -> None:
    result = reported("--format", "eval-results", "--dataset-id", name, "--out", "a.yaml")
    assert result.exit_code == 2
    assert f"expected OWNER/NAME, got {name!r}" in result.stderr
    assert not Path("a.yaml").exists()


def test_results_for_a_models_page_need_the_data_sets_name() -> None:
    result = reported("--format", "eval-results", "--out", "a.yaml")
    assert result.exit_code == 2
    assert "--dataset-id" in result.stderr
    assert not Path("a.yaml").exists()


def test_sources_are_called_by_the_names_that_are_given_and_a_file_with_such_a_name_is_itself() -> None:
    np.save("a=b.npy", features(90, 5))
    words = ("--reference", "real.npy", "--metrics", "fid", "--format", "json")
    result = typed("score", "mine=gen.npy", "a=b.npy", *words)
    assert [row["name"] for row in json.loads(result.stdout)["rows"]] == ["mine", "a=b.npy"]
    twice = typed("score", "x=gen.npy", "x=a=b.npy", *words)
    assert [row["name"] for row in json.loads(twice.stdout)["rows"]] == ["x 1", "x 2"]


def test_checkpoints_stand_one_to_a_line_and_their_curve_is_drawn() -> None:
    folder_of(photos(30, 50), Path("held"))
    for step in (10, 9, 100, 2000, 30000):
        folder_of(photos(30, step), Path(f"ckpt_{step}"))
    words = [f"ckpt_{step}" for step in (10, 9, 100, 2000, 30000)]
    result = typed("score", *words, "--reference", "held", "--metrics", "fid,precision", "--figures", "pictures")
    assert result.exit_code == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if "ckpt_30000" in line and "│" in line]
    assert len(lines) == 1
    assert len(lines[0].split("│")) == 6  # the set, n, two metrics, and what is outside
    with Image.open("pictures/curves.png") as picture:
        assert picture.size[0] > 300
    with Image.open("pictures/rows.png") as picture:
        assert picture.size[1] > 5 * 16


def test_what_is_missing_for_a_published_number_is_said_and_recorded() -> None:
    result = typed("golden", "--out", "golden.json")
    assert result.exit_code == 0, result.stderr
    assert f"0 of {len(GOLDENS)} published numbers were computed here, 0 agree" in result.stdout
    assert "missing  cifar10_fid_train_test: features inception need weights" in result.stdout
    assert "cifar10 is not in" in result.stdout
    assert {each["outcome"] for each in json.loads(Path("golden.json").read_text())["results"]} == {"missing"}
    assert typed("golden", "--strict").exit_code == 1
    assert typed("golden", "--only", "cifar10_is").exit_code == 2


def test_a_number_that_is_not_the_published_one_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganbench.scoring.golden.lacks", lambda *_: "")

    class Scored:
        rows = (type("Row", (), {"value": lambda _self, _name: 11.3})(),)

    monkeypatch.setattr("ganbench.scoring.golden.score", lambda *_, **__: Scored)
    for expected, outcome in ((11.24, "differs"), (11.2995, "agrees")):
        result = result_of(Golden("x", "adm", "IS", "a", "b", expected, 1e-3, "somebody"), Options())
        assert result.outcome == outcome
        assert outcome in as_text([result])
        assert record([result], Path("x.json")).exists()
