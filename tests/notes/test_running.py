"""A suite of experiments runs what is missing, keeps what it measured, and writes pages that say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from ganbench import notes as experiments
from ganbench.cli import notes_run as notes_console
from ganbench.cli.main import main
from ganbench.data.mnist import MD5
from ganbench.errors import BadInput
from ganbench.notes import EXPERIMENTS, base, load, pages, record, run
from ganbench.notes._mnist import mnist
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, confirmed, wrong
from ganbench.notes.record import Observation
from ganbench.records.store import Log

Measure = Callable[[Form], Findings]


def tiny(name: str, measure: Measure) -> Experiment:
    def draw(findings: Findings, figure: Figure) -> None:
        figure.subplots().plot(findings.numbers["gradient"])

    claims = (
        Claim(f"{name}-gradient", "note 9", "Gradients are | positive.", "1", "closed form", ("gradient",),
              "mean above 0", lambda findings: confirmed(findings.low("gradient") > 0), "As it should be."),
        Claim(f"{name}-sign", "note 9", "Signs are -1.", "+1", "closed form", ("sign", "gradient"), "sign is 1",
              lambda findings: wrong(findings.mean("sign") == 1), "Not so.", correct="Signs are +1."),
    )  # fmt: skip
    return Experiment(name, f"The {name}", "training", claims, measure, draw)


def works(form: Form) -> Findings:
    matrix = Matrix(("a",), ("x", "y"), ((1 / 3, "in_finite"),))
    return Findings({"gradient": (1.0, 1.2, 0.9 if form.name == "fast" else 1.1), "sign": (1.0,)}, {}, {"both": matrix})


def fails(form: Form) -> Findings:
    raise ValueError("no luck")


class Counted:
    """An experiment's measurement that counts how often it was carried out."""

    def __init__(self, measure: Measure) -> None:
        self.measure, self.times = measure, 0

    def __call__(self, form: Form) -> Findings:
        self.times += 1
        return self.measure(form)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counted]:
    """Two experiments instead of the real ones: one that works and one that fails."""
    counted = {"works": Counted(works), "breaks": Counted(fails)}
    known = {name: tiny(name, measure) for name, measure in counted.items()}
    for module in (experiments, run, pages):
        monkeypatch.setattr(module, "EXPERIMENTS", tuple(known))
    for module in (experiments, record, pages, notes_console):
        monkeypatch.setattr(module, "load", known.__getitem__)
    monkeypatch.setattr(record, "code_of", lambda name: {name: "code"})
    return counted


def typed(folder: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["run", "--suite", "notes", "--out", str(folder), "--jobs", "1", *more])
    return result.exit_code, result.output


def test_what_is_known_is_not_measured_again_and_a_failure_stops_nothing(
    measured: dict[str, Counted], tmp_path: Path
) -> None:
    code, said = typed(tmp_path)
    assert code == 1
    assert "breaks: error: ValueError: no luck" in said
    assert "works-gradient confirmed, works-sign note is wrong" in said
    again, _ = typed(tmp_path)
    assert again == 1
    assert {name: each.times for name, each in measured.items()} == {"works": 1, "breaks": 1}
    typed(tmp_path, "--retry-failed")
    assert {name: each.times for name, each in measured.items()} == {"works": 1, "breaks": 2}


def test_only_the_named_experiments_run_and_a_dry_run_writes_nothing(
    measured: dict[str, Counted], tmp_path: Path
) -> None:
    assert typed(tmp_path / "dry", "--dry-run")[0] == 0
    assert not (tmp_path / "dry").exists()
    assert typed(tmp_path, "--experiment", "works")[0] == 0
    assert measured["breaks"].times == 0


def test_the_full_form_is_another_suite_with_other_keys(measured: dict[str, Counted], tmp_path: Path) -> None:
    typed(tmp_path, "--experiment", "works")
    typed(tmp_path, "--experiment", "works", "--suite", "notes-full")
    values = {name: json.loads((tmp_path / name / "records.jsonl").read_text()) for name in ("notes", "notes-full")}
    assert [values[name]["findings"]["numbers"]["gradient"][2] for name in values] == [0.9, 1.1]
    assert len({each["key"] for each in values.values()}) == 2


def test_the_table_shows_claims_numbers_and_verdicts(measured: dict[str, Counted], tmp_path: Path) -> None:
    typed(tmp_path)
    table = (tmp_path / "notes" / "table.md").read_text(encoding="utf-8")
    assert "4 claims: 1 confirmed, 2 failed, 1 note is wrong." in table
    assert r"| Gradients are \| positive. | note 9 | 1 (closed form) | 1.03 ± 0.38 | confirmed |" in table
    assert "| a | 0.3333 | in\\_finite |" in table
    errors = table.split("## Errors of the notes")[1]
    assert "Signs are -1. Correct: Signs are +1. Measured: sign 1; gradient 1.03 ± 0.38." in errors
    lines = (tmp_path / "notes" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 4


def test_the_atlas_shows_the_picture_of_what_was_measured_only(measured: dict[str, Counted], tmp_path: Path) -> None:
    typed(tmp_path)
    atlas = (tmp_path / "notes" / "atlas.md").read_text(encoding="utf-8")
    assert "![The works](works.png)" in atlas
    assert "![The breaks]" not in atlas
    assert (tmp_path / "notes" / "works.png").exists()
    assert "verdict: **confirmed** (rule: mean above 0)" in atlas


def test_pages_are_made_again_from_the_records_alone(measured: dict[str, Counted], tmp_path: Path) -> None:
    typed(tmp_path)
    folder = tmp_path / "notes"
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in {".md", ".csv", ".png"}}
    for name in before:
        (folder / name).unlink()
    result = CliRunner().invoke(main, ["table", str(folder)])
    assert result.exit_code == 1  # one of them had failed
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert measured["works"].times == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--suite", "notes", "--steps", "3"], "--steps cannot change notes"),
        (["--suite", "notes", "--baseline", "gan"], "--baseline cannot change notes"),
        (["--suite", "notes", "--experiment", "work"], "did you mean 'works'?"),
        (["--suite", "smoke", "--experiment", "works"], "--experiment cannot change smoke"),
        (["--suite", "notes", "--data", "nowhere"], "--data cannot change notes: it reads no files"),
        (["--suite", "notes-full", "--data", "nowhere"], "MNIST is not in nowhere"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    measured: dict[str, Counted], tmp_path: Path, given: list[str], said: str
) -> None:
    result = CliRunner().invoke(main, ["run", "--out", str(tmp_path / "none"), *given])
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "none").exists()


def test_an_observation_survives_being_written_and_read(measured: dict[str, Counted], tmp_path: Path) -> None:
    seen = record.observe("works", Form("fast"))
    log = Log(tmp_path, Observation)
    log.open()
    log.append(seen)
    assert log.read() == {seen.key: seen}


def test_a_key_follows_the_code_of_an_experiment_and_of_what_it_imports() -> None:
    code = record.code_of("dirac_gan")
    assert {"dirac_gan", "_dirac", "base"} <= set(code)
    fast, full = Form("fast"), Form("full")
    assert record.key_for("dirac_gan", fast) != record.key_for("dirac_gan", full)
    assert record.key_for("dirac_gan", fast) != record.key_for("parallel_lines", fast)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four files that are named as MNIST's; nothing lies in ./data."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "images" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in MD5:
        (folder / f"{name}.gz").touch()
    return tmp_path / "images"


def test_a_full_form_with_mnist_is_another_one_for_those_that_read_it(images: Path) -> None:
    with_it, without = Form("full", images), Form("full")
    assert record.key_for("is_failures", with_it) != record.key_for("is_failures", without)
    assert record.key_for("dirac_gan", with_it) == record.key_for("dirac_gan", without)
    assert record.key_for("is_failures", Form("fast", images)) == record.key_for("is_failures", Form("fast"))


def test_mnist_is_read_from_the_folder_of_the_form_and_never_downloaded(images: Path) -> None:
    with pytest.raises(BadInput, match="images/MNIST/raw"):  # empty files: the folder was opened
        mnist(Form("full", images))
    assert mnist(Form("full")) is None
    assert mnist(Form("fast", images)) is None
    (images / "MNIST" / "raw" / f"{next(iter(MD5))}.gz").unlink()
    assert mnist(Form("full", images)) is None


def test_the_pages_show_what_was_measured_with_mnist_rather_than_without(
    measured: dict[str, Counted], images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "code_of", lambda name: {"_mnist": "code"})
    full = ("--suite", "notes-full", "--experiment", "works")
    for data in ((), ("--data", str(images)), ()):
        assert typed(images / "out", *full, *data)[0] == 0
    assert measured["works"].times == 2
    known = Log(images / "out" / "notes-full", Observation).read()
    (shown,) = notes_console.latest(known, "full")
    assert shown.key == record.key_for("works", Form("full", images))
    assert len(known) == 2


def test_a_difference_comes_with_welchs_interval_or_that_of_the_pairs() -> None:
    assert base.difference((3.0,), (1.0,)) == (2.0, 0.0)
    gap, half = base.difference((1.0, 2.0, 3.0), (2.0, 3.0, 4.0))
    assert gap == -1
    assert half == pytest.approx(2.7764451 * (2 / 3) ** 0.5)  # t of 4 degrees of freedom
    assert base.difference((1.0, 2.0, 3.0), (2.0, 3.0, 4.0), paired=True) == (-1.0, 0.0)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_complete(name: str) -> None:
    experiment = load(name)
    assert experiment.name == name
    assert experiment.chapter in experiments.CHAPTERS
    for claim in experiment.claims:
        assert all([claim.note, claim.says, claim.expected, claim.source, claim.shown, claim.rule, claim.remark])


def test_no_two_claims_have_one_name() -> None:
    names = [claim.name for name in EXPERIMENTS for claim in load(name).claims]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_claims_are_called_by_short_phrases(name: str) -> None:
    for claim in load(name).claims:
        assert len(claim.name) <= 48
        assert " " in claim.name
        assert not set(claim.name) & set(":_.")
