"""Gains are read from whatever results are there, and count where they are least."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ganbench.cli.main import main
from ganbench.errors import Missing
from ganbench.notes import _standard, record
from ganbench.notes.base import Form
from ganbench.notes.claims import about
from ganbench.notes.six_improvements import compared, measure
from ganbench.records.store import Store
from ganbench.tables.statistics import interval

STANDARD = Path(__file__).parents[2] / "results" / "standard"
SIX, SIMILAR = (claim.name for claim in about("six_improvements"))


def row(distance: float) -> tuple[float, ...]:
    """Five seeds that scatter by 2 %."""
    return tuple(distance * factor for factor in (0.98, 1.0, 1.02, 0.99, 1.01))


CONTROLS = {"held_out": row(0.001), "noise": row(10)}
EQUAL = dict.fromkeys(("gan", "lsgan", "wgan", "wgan_gp", "dragan"), row(1.0))
USUAL = CONTROLS | EQUAL | {"ns_gan": row(1.0)}


def said(*data_sets: dict[str, tuple[float, ...]]) -> dict[str, str]:
    findings = compared({f"data {i}": rows for i, rows in enumerate(data_sets)})
    return {claim.name: claim.judge(findings) for claim in about("six_improvements")}


def test_equal_methods_make_the_statement_right() -> None:
    assert said(USUAL) == {SIX: "right", SIMILAR: "right"}


def test_one_that_beats_the_original_everywhere_makes_it_wrong_and_one_that_does_so_somewhere_does_not() -> None:
    better = USUAL | {"wgan": row(0.3)}
    assert said(better, better)[SIX] == "wrong"
    assert said(better, USUAL)[SIX] == "right"
    assert said(better, USUAL | {"wgan": row(3.0)}) == {SIX: "right", SIMILAR: "wrong"}


def test_a_method_that_fits_one_data_set_only_is_compared_there() -> None:
    assert said(USUAL, USUAL | {"began": row(0.3)})[SIX] == "wrong"


def test_nothing_is_said_where_the_original_learns_nothing_or_noise_is_as_good() -> None:
    assert set(said(USUAL | {"ns_gan": row(10)}).values()) == {"undecided"}
    assert set(said(USUAL | {"held_out": row(1.0)}).values()) == {"undecided"}


def test_gains_are_those_of_the_committed_records() -> None:
    numbers = measure(Form("fast", results=STANDARD.parent)).numbers
    found = _standard.distances(Form("fast", results=STANDARD.parent))
    by_hand = [
        s.value
        for r in sorted(Store(STANDARD).selected(), key=lambda r: r.seed)
        for s in r.scores
        if (r.baseline, r.dataset, s.metric, s.weights) == ("ns_gan", "ring8", "mode_jsd", "average")
    ]
    assert found["ring8"]["ns_gan"] == tuple(by_hand)
    assert len(numbers["least gain of DRAGAN"]) == 5
    names = ("gain of held-out data", "gain of the original over noise", "least gain of DRAGAN")
    held_out, noise, dragan = (interval(numbers[name]).mean for name in names)
    assert held_out > 0.3  # the least of the data sets: a factor of two
    assert noise > dragan


def test_the_key_follows_the_results_that_are_read(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="has no records; ganbench run --suite standard makes them"):
        measure(Form("fast", results=tmp_path))
    there, none = Form("fast", results=STANDARD.parent), Form("fast", results=tmp_path)
    keys = {record.key_for("six_improvements", form) for form in (there, none)}
    (tmp_path / "standard").mkdir()
    lines = (STANDARD / "records.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "standard" / "records.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    assert len(keys | {record.key_for("six_improvements", none)}) == 3
    shutil.copy(STANDARD / "records.jsonl", tmp_path / "standard")
    assert record.key_for("six_improvements", none) == record.key_for("six_improvements", there)
    assert record.key_for("dirac_gan", there) == record.key_for("dirac_gan", Form("fast"))


def test_without_results_it_is_left_out_and_refused_by_name(tmp_path: Path) -> None:
    given = ["run", "--suite", "notes", "--dry-run", "--out", str(tmp_path / "none")]
    whole = CliRunner().invoke(main, given)
    assert whole.exit_code == 0
    assert "six_improvements is left out" in whole.output
    assert "six_improvements," not in whole.output.rpartition("to do:")[2]
    named = CliRunner().invoke(main, [*given, "--experiment", "six_improvements"])
    assert named.exit_code == 2
    assert "has no records, which six_improvements reads" in named.stderr
