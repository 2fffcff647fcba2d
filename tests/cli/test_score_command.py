"""The commands: what is typed, what is printed, what is written, and the exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ganbench.cli.cache import cache
from ganbench.cli.main import Commands
from ganbench.cli.score import score
from ganbench.errors import CellError
from ganbench.metrics import METRICS, metric
from ganbench.scoring import api
from tests.scoring.sets import encoded, features, folder_of, image, photos


@click.group(cls=Commands)
def main() -> None:
    """Hold the commands."""


main.add_command(score)
main.add_command(cache)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "kept"))
    monkeypatch.chdir(tmp_path)
    folder_of(photos(30, 1), Path("real"))
    folder_of(photos(30, 2), Path("gen"))
    np.save("more.npy", photos(20, 3))
    return tmp_path


def typed(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def scored(*words: object) -> Result:
    return typed("score", *words, "--reference", "real")


def test_a_table_says_what_was_compared_with_what_and_warns_below() -> None:
    result = scored("gen")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "reference real: 30 colour images, 16 by 16 (PNG)"
    assert lines[1] == "samples gen: 30 colour images, 16 by 16 (PNG)"
    assert lines[2].startswith("features random_conv (weights_sha256: ")
    assert "│ frechet[random_conv] ↓ │" in result.stdout
    assert "gen (n 30)" in result.stdout
    assert lines[-1].startswith("W113 fewer samples than features: gen: 30 samples for 320 features")


def test_json_carries_the_whole_identity_and_is_the_same_each_time() -> None:
    result = scored("gen", "more.npy", "--metrics", "fid,kid", "--format", "json")
    content = json.loads(result.stdout)
    assert [row["name"] for row in content["rows"]] == ["gen", "more.npy"]
    fid = content["rows"][0]["scores"][0]
    names = "metric name value reason interval better version features reference n_real n_fake options"
    assert set(fid) == set(names.split())
    assert fid["name"] == "frechet[random_conv]"
    assert (fid["metric"], fid["n_real"], fid["n_fake"], fid["reference"]) == ("fid", 30, 30, "real")
    assert {"name", "weights_sha256", "preprocessing", "layer", "input"} <= set(fid["features"])
    assert "W101" in [each["code"] for each in content["warnings"]]
    again = json.loads(scored("gen", "more.npy", "--metrics", "fid,kid", "--format", "json", "--no-cache").stdout)
    made = content.pop("made")
    assert (
        again.pop("made").keys() == made.keys() == {"command", "time", "host", "system", "device", "python", "packages"}
    )
    assert made["packages"].keys() == {"ganbench", "torch", "numpy", "scipy", "scikit-learn"}
    assert datetime.fromisoformat(made["time"]).tzinfo is not None
    assert again == content


def test_csv_has_a_line_for_each_set_and_metric() -> None:
    lines = list(
        csv.DictReader(io.StringIO(scored("gen", "more.npy", "--metrics", "fid,kid", "--format", "csv").stdout))
    )
    assert [(line["samples"], line["metric"], line["name"]) for line in lines] == [
        ("gen", "fid", "frechet[random_conv]"), ("gen", "kid", "kid[random_conv]"),
        ("more.npy", "fid", "frechet[random_conv]"), ("more.npy", "kid", "kid[random_conv]"),
    ]  # fmt: skip
    values = {
        row["name"]: row["scores"][0]["value"] for row in json.loads(scored("gen", "--format", "json").stdout)["rows"]
    }
    assert float(lines[0]["value"]) == values["gen"]


def test_markdown_and_latex_hold_the_values_of_the_table() -> None:
    value = f"{json.loads(scored('gen', '--format', 'json').stdout)['rows'][0]['scores'][0]['value']:.5g}"
    bare = {form: scored("gen", "--format", form).stdout.replace("\\", "") for form in ("markdown", "latex")}
    assert f"| frechet[random_conv] ↓ | 1 | {value} |" in bare["markdown"]
    assert f"frechet[random_conv] $downarrow$ & 1 & {value} " in bare["latex"]


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
def test_a_published_name_is_kept_for_its_network_and_the_way_to_it_is_said_once(form: str) -> None:
    result = scored("gen", "more.npy", "--metrics", "fid,kid,precision", "--format", form)
    text = result.stdout.replace("\\", "")
    assert "frechet[random_conv]" in text
    assert "kid[random_conv]" in text
    assert "precision[" not in text
    said = "the published fid, kid take features of inception or inception_pytorch_fid or inception_clean (--features"
    assert (text + result.stderr).count(said) == 1


def test_out_is_written_instead_and_only_when_all_went_well(tmp_path: Path) -> None:
    result = scored("gen", "--format", "json", "--out", "here/scores.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "W102" in result.stderr
    assert json.loads(Path("here/scores.json").read_text(encoding="utf-8"))["reference"]["n"] == 30
    assert scored("nowhere", "--out", "other.json").exit_code == 2
    assert not Path("other.json").exists()
    assert scored("gen", "--out", "table.txt").exit_code == 0
    assert "gen (n 30)" in Path("table.txt").read_text(encoding="utf-8")
    assert scored("gen", "--out", "gen/0.png/x").exit_code == 2


def values(result: Result) -> list[float]:
    assert result.exit_code == 0, result.stderr
    return [each["value"] for each in json.loads(result.stdout)["rows"][0]["scores"]]


def test_each_side_has_its_own_key_and_the_reference_may_share_that_of_the_samples() -> None:
    np.savez("two.npz", real=features(50, 1), fake=features(50, 2))
    np.savez("other.npz", fake=features(50, 3), more=features(50, 4))
    end = ("--metrics", "fid", "--format", "JSON")
    both = values(typed("score", "two.npz", "--key", "fake", "--reference", "two.npz", "--reference-key", "real", *end))
    assert both == pytest.approx([METRICS["fid"](features(50, 1), features(50, 2))], rel=1e-12)  # other order of rows
    shared = values(typed("score", "two.npz", "--key", "fake", "--reference", "other.npz", *end))
    assert shared == pytest.approx([METRICS["fid"](features(50, 3), features(50, 2))], rel=1e-12)
    asked = typed("score", "other.npz", "--key", "more", "--reference", "two.npz")
    assert asked.exit_code == 2
    assert asked.stderr == "ganbench: two.npz: holds fake, real; say which array with --reference-key\n"


def test_a_range_is_named_for_arrays_and_files_of_both_sides_or_for_the_reference_alone() -> None:
    pixels, other = photos(30, 5, channels=1), photos(30, 6, channels=1)
    expected = api_value(pixels, other)
    for name, each in (("a", pixels), ("b", other)):
        np.save(f"{name}.npy", each.astype(np.float32) / 255 * 4 - 2)
        Path(name).mkdir()
        for i, picture in enumerate(each):
            Image.fromarray(np.round(picture[..., 0] / 255 * 4000).astype(np.uint16)).save(f"{name}/{i}.png")
    end = ("--metrics", "fid", "--format", "json", "--features", "pixels")
    assert values(typed("score", "a.npy", "--reference", "b.npy", "--span", "-2,2", *end)) == expected
    assert values(typed("score", "a", "--reference", "b", "--span", "0,4000", *end)) == expected
    mixed = typed("score", "a.npy", "--span", "-2,2", "--reference", "b", "--reference-span", "0,4000", *end)
    assert values(mixed) == expected
    assert "W117" in typed("score", "a", "--reference", "b", *end[2:]).stdout


def api_value(samples: Any, reference: Any) -> list[float | None]:
    report = api.score(samples, reference, metrics=["fid"], features="pixels")
    return [each.values[0] for each in report.rows[0].scores]


def test_strict_makes_a_warning_an_exit_code() -> None:
    assert scored("gen", "--strict").exit_code == 1
    np.save("a.npy", features(2100, 1))
    np.save("b.npy", features(2100, 2))
    assert typed("score", "a.npy", "--reference", "b.npy", "--strict", "--metrics", "fid").exit_code == 0


def test_pictures_are_drawn_where_asked_and_are_the_same_each_time() -> None:
    result = scored("gen", "--figures", "one", "--controls")
    assert result.exit_code == 0
    assert scored("gen", "--figures", "two", "--controls").exit_code == 0
    names = {"samples-gen.png", "suspects-gen.png", "precision-recall.png", "spectra.png"}
    assert {path.name for path in Path("one").iterdir()} == names
    for name in names:
        assert (Path("one") / name).read_bytes() == (Path("two") / name).read_bytes()
        assert np.asarray(Image.open(Path("one") / name)).std() > 0
    np.save("a.npy", features(50, 1))
    np.save("b.npy", features(60, 2))
    assert typed("score", "a.npy", "--reference", "b.npy", "--figures", "three").exit_code == 0
    assert [path.name for path in Path("three").iterdir()] == ["precision-recall.png"]


def test_intervals_and_controls_stand_in_the_table() -> None:
    np.save("a.npy", features(100, 1))
    np.save("b.npy", features(120, 2))
    result = typed("score", "a.npy", "--reference", "b.npy", "--metrics", "fid", "--intervals", "--controls")
    assert "95 % interval over the samples" in result.stdout
    assert (
        "control: one row repeated (n 100)"
        in typed(
            "score", "a.npy", "--reference", "b.npy", "--metrics", "fid", "--controls", "--format", "markdown"
        ).stdout
    )


def test_the_cache_is_listed_and_cleared(tmp_path: Path) -> None:
    scored("gen")
    listed = typed("cache", "list").stdout
    assert listed.splitlines()[-1].startswith("2 feature sets, ")
    assert sorted(line.split()[-1] for line in listed.splitlines()[:-1]) == ["gen", "real"]
    assert typed("cache", "clear").stdout == f"2 files removed from {tmp_path / 'kept'}\n"
    assert scored("gen", "--no-cache").exit_code == 0
    assert typed("cache", "list").stdout.startswith("0 feature sets")


def bad_inputs() -> dict[str, tuple[list[str], str]]:
    return {
        "no such path": (["nowhere"], "nowhere: no such file or folder"),
        "empty folder": (["empty"], "no image in this folder"),
        "a truncated picture": (["cut"], "1 broken image (first: 0.png: damaged"),
        "one image": (["single"], "expected at least 2 samples, got 1"),
        "a file of one image": (["gen/0.png"], "one image; expected a folder"),
        "the reference itself": (["real"], "are the same"),
        "unknown metric": (["gen", "--metrics", "fdi"], "unknown metric 'fdi'; did you mean 'fid'"),
        "unknown features": (["gen", "--features", "inceptoin"], "did you mean 'inception'"),
        "an impossible metric": (
            ["gen", "--metrics", "modes_captured"],
            "the distribution and its modes are not known",
        ),
        "features and images": (["f.npy"], "expected the same of both"),
        "a pickle": (["p.npy"], "holds Python objects"),
        "not finite": (["n.npy"], "not finite"),
        "a bad span": (["gen", "--span", "1,-1"], "expected a smaller and a larger number"),
        "no span": (["gen", "--span", "x"], "expected black and white such as -1,1"),
        "an unknown option": (["gen", "--kid-subset-sise", "10"], "No such option"),
        "no weights": (["gen", "--features", "inception"], "--weights FILE"),
        "wrong weights": (["gen", "--features", "inception", "--weights", "f.npy"], "expected SHA-256"),
        "weights for none": (["gen", "--features", "pixels", "--weights", "f.npy"], "take no weights file"),
        "a nul in the name": (["a\0b"], "no such file or folder"),
        "no samples": ([], "Missing argument"),
    }


@pytest.mark.parametrize("case", bad_inputs())
def test_bad_input_is_one_line_on_stderr_exit_code_2_and_nothing_written(
    tmp_path: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    Path("empty").mkdir()
    folder_of(photos(1, 0), Path("single"))
    folder_of(photos(3, 0), Path("cut"))
    Path("cut/0.png").write_bytes(encoded(image(photos(1, 0)[0]))[:-100])
    np.save("f.npy", features(9, 0))
    np.save("p.npy", np.array([[print]], dtype=object))
    np.save("n.npy", np.full((4, 2, 2), np.nan))
    before = {path for path in tmp_path.rglob("*") if "kept" not in path.parts}
    words, said = bad_inputs()[case]
    result = scored(*words, "--out", "out.json", "--figures", "pictures")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("ganbench: ")
    assert said in result.stderr
    assert {path for path in tmp_path.rglob("*") if "kept" not in path.parts} == before


def test_broken_files_are_skipped_when_that_is_asked() -> None:
    Path("gen/0.png").write_bytes(b"no image")
    assert scored("gen").exit_code == 2
    result = scored("gen", "--skip-broken", "--format", "json")
    assert result.exit_code == 0
    row = json.loads(result.stdout)["rows"][0]
    assert row["n"] == 29
    assert row["left_out"] == [{"name": "0.png", "reason": "not an image of a known format", "broken": True}]


def test_a_metric_that_fails_ends_the_command_with_exit_code_1_and_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    @metric(needs=("fake",), better="lower", ideal=None, bounds=(0.0, 1.0), paper="none")
    def broken(fake: object) -> float:
        """Fail."""
        raise CellError("mine.py, line 7, in broken: ZeroDivisionError: division by zero")

    monkeypatch.setitem(METRICS, "broken", broken)
    result = scored("gen", "--metrics", "broken", "--out", "out.json")
    assert result.exit_code == 1
    assert result.stderr == "ganbench: mine.py, line 7, in broken: ZeroDivisionError: division by zero\n"
    assert not Path("out.json").exists()


def test_help_needs_no_torch() -> None:
    code = "import sys, ganbench.cli.score; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603
    assert ended.returncode == 0
    assert "Compare samples with a reference" in typed("score", "--help").stdout
