"""A suite of experiments runs what is missing, keeps what it measured, and writes pages that say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

from ganbench import notes as experiments
from ganbench.cli import notes_run as notes_console
from ganbench.cli.main import main
from ganbench.data.mnist import MD5
from ganbench.errors import BadInput
from ganbench.notes import EXPERIMENTS, load, pages, record, run
from ganbench.notes._mnist import mnist
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.notes.claims import Claim, claims
from ganbench.notes.record import Observation
from ganbench.records.store import Log

Measure = Callable[[Form], Findings]


def tiny(name: str, measure: Measure) -> Experiment:
    def draw(findings: Findings, figure: Figure) -> None:
        figure.subplots().plot(findings.numbers["gradient"])

    return Experiment(name, f"The {name}", "training", measure, draw)


def statements(name: str) -> tuple[Claim, ...]:
    """Two claims about a tiny experiment: one that is right, and one that a note gets wrong."""
    first = Claim(f"{name} gradient", "ours", "note 9", "Gradients are | positive.", "measured", name, expected="1",
                  source="closed form", shown=("gradient",),
                  holds=('"gradient" > 0',), remark="As it should be.")  # fmt: skip
    second = Claim(f"{name} sign", "notes", "note 9", "Signs are -1.", "exact", name, "符号", "Sign.", "+1",
                   "closed form", ("sign", "gradient"), ('"gradient" > 0',), ('"sign" = -1 within 0.1',),
                   correct="Signs are +1.")  # fmt: skip
    return second, first


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
    for module in (experiments, record, pages):
        monkeypatch.setattr(module, "load", known.__getitem__)
    for module in (record, pages, notes_console):
        monkeypatch.setattr(module, "about", statements)
    every = tuple(claim for name in known for claim in statements(name))
    monkeypatch.setattr(pages, "claims", lambda: every)
    monkeypatch.setattr(pages, "recorded", list)  # no rule was changed
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
    assert "works sign wrong, works gradient right" in said
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
    assert "- What the notes say: 2 statements, 1 wrong, 1 failed." in table
    assert "- What we found on the way: 2 statements, 1 right, 1 failed." in table
    assert r"| Gradients are \| positive. | note 9 | 1 (closed form) | 1.03 ± 0.38 | right |" in table
    assert "| a | 0.3333 | in\\_finite |" in table
    errors = table.split("## To be corrected in the notes")[1]
    assert "Signs are -1. Correct: Signs are +1. Measured: sign 1; gradient 1.03 ± 0.38." in errors
    lines = (tmp_path / "notes" / "table.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + 4


def test_the_atlas_shows_the_picture_of_what_was_measured_only(measured: dict[str, Counted], tmp_path: Path) -> None:
    typed(tmp_path)
    atlas = (tmp_path / "notes" / "atlas.md").read_text(encoding="utf-8")
    assert "![The works](works.png)" in atlas
    assert "![The breaks]" not in atlas
    assert (tmp_path / "notes" / "works.png").exists()
    assert not (tmp_path / "published.csv").exists()  # which holds more than the notes know
    assert 'verdict: **right** (holds `"gradient" > 0`)' in atlas
    assert "> 符号" in atlas
    assert "after a look" not in atlas


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
    (shown,) = notes_console.latest(known, Form("full"))
    assert shown.key == record.key_for("works", Form("full", images))
    assert len(known) == 2


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_complete(name: str) -> None:
    experiment = load(name)
    assert experiment.name == name
    assert experiment.chapter in experiments.CHAPTERS


def test_the_full_form_stands_beside_the_fast_one_and_a_verdict_that_differs_is_said(
    measured: dict[str, Counted], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scattered(form: Form) -> Findings:
        return works(form) if form.name == "fast" else Findings({"gradient": (1.0, -1.2, 0.9), "sign": (1.0,)})

    typed(tmp_path, "--experiment", "works")
    alone = (tmp_path / "notes" / "atlas.md").read_text(encoding="utf-8")
    monkeypatch.setattr(measured["works"], "measure", scattered)
    typed(tmp_path, "--experiment", "works", "--suite", "notes-full")
    typed(tmp_path, "--experiment", "works")
    page = (tmp_path / "notes" / "atlas.md").read_text(encoding="utf-8")
    assert "full form" not in alone
    assert "Of 2 statements the full form" in page
    assert "2 of its verdicts differ:" in page
    assert r"- Gradients are \| positive. (right in the fast form, undecided in the full one)" in page
    assert "- full form: **undecided** (0.23 ± 3.09)" in page
    table = (tmp_path / "notes" / "table.md").read_text(encoding="utf-8")
    assert "| right; full form: undecided |" in table
    assert "full form" not in (tmp_path / "notes-full" / "atlas.md").read_text(encoding="utf-8")


def test_the_page_lists_what_was_judged_by_rules_younger_than_the_numbers(
    measured: dict[str, Counted], tmp_path: Path
) -> None:
    seen = record.observe("works", Form("fast"))
    older = replace(seen, rules="", verdicts={"works sign": "confirmed", "works gradient": "confirmed"})
    page = pages.atlas([older])
    assert "The numbers of 1 of 1 experiments were known before their present rules: `works`" in page
    assert "- works sign: right then, wrong now" in page
    assert "- works gradient" not in page.split("after a look")[1]
    assert "after a look" not in pages.atlas([seen])


def test_what_a_reader_gains_is_said_only_where_its_claims_are_right(
    measured: dict[str, Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = record.observe("works", Form("fast"))
    sentences = (("Gradients help.", ("works gradient",)), ("Signs help.", ("works gradient", "works sign")))
    monkeypatch.setattr(pages, "GAINS", sentences)
    page = pages.atlas([seen])
    assert page.startswith("# What we know about GAN metrics, tested")
    assert "- Gradients help." in page
    assert "Signs help." not in page


def test_every_sentence_about_gains_rests_on_claims_that_exist() -> None:
    known = {claim.name for claim in claims()}
    assert {name for _, names in pages.GAINS for name in names} <= known
