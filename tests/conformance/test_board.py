"""The sanity board: what its checks draw and expect, what the paper found, and the committed board."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ganbench.conformance import board, sanity
from ganbench.conformance.adapters import PEERS
from ganbench.conformance.board import DISTANCES, METRICS_OF_BOARD, CheckResult, entry
from ganbench.conformance.implementation import Implementation
from ganbench.conformance.sanity import DIVERSITY, FIDELITY, checks, kind_of, published
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from tests.runs.command import ganbench as command

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "results" / "board"
AT = (-1.0, 0.0, 1.0)


def check_of(name):
    return next(check for check in checks() if check.name == name)


def some(monkeypatch, *names):
    """Let the board have these checks only, with their smallest sweep."""
    monkeypatch.setattr(board, "checks", lambda: tuple(check_of(name) for name in names))


@pytest.mark.parametrize(
    ("shape", "right", "wrong"),
    [
        (sanity.near("first", 1.0), [0.96, 0, 0], [0.94, 1, 1]),
        (sanity.near(0.0, 1.0), [0, 1.04, 0], [1, 0.9, 1]),
        (sanity.extreme_zero_or_one, [0.5, 0.5, 0.97], [1, 1, 0.5]),
        (sanity.peak(0.0), [0.1, 1, 0], [0.1, 1, 0.9]),
        (sanity.falls(), [1, 0.5, 0], [0, 0.5, 1]),
        (sanity.falls(0.0), [1, 0.8, 0], [1, 0.95, 0]),
        (sanity.rises, [0, 0.5, 1], [1, 0.5, 0]),
        (sanity.level, [0.5, 0.54, 0.5], [0.5, 0.56, 0.5]),
        (sanity.settles, [0, 0.5, 0.53], [0.5, 0.5, 0.4]),
        (sanity.either(sanity.level, sanity.rises), [0, 0.5, 1], [1, 0.5, 0]),
        (sanity.nearest_at(0.0), [5, 0.1, 3], [5, 2.9, 3]),
        (sanity.nearest_at(0.0), [5, -0.1, 3], [5, 1, -3]),
        (sanity.grows(), [1, 2, 3], [3, 2, 1]),
        (sanity.grows(0.0), [0, 1, 3], [0, 0.1, 3]),
        (sanity.shrinks, [3, 2, 1], [1, 2, 3]),
        (sanity.steady, [100, 95, 91], [100, 95, 89]),
        (sanity.settles_steady, [0, 100, 95], [100, 100, 80]),
        (sanity.share_of_good(lambda x: 1 - abs(x)), [0.05, 1, 0], [0.5, 1, 0]),
    ],
)  # fmt: skip
def test_every_shape_says_yes_and_no(shape, right, wrong):
    assert shape(AT, right) == ""
    assert shape(AT, wrong) != ""


@pytest.mark.parametrize("kind", ["fidelity", "diversity", "distance"])
def test_noise_and_a_constant_pass_nothing_that_says_a_metric_works(kind):
    rng = np.random.default_rng(0)
    for check in checks():
        for each in check.expects.get(kind, ()):
            if each.desideratum not in {"purpose", "bounds"} or each.fault in {sanity.level, sanity.steady}:
                continue  # standing still is what these ask for
            passed = 0
            for _ in range(200):
                of_sweeps = [
                    each.fault(s.at, list(rng.random(len(s.at)))) for s in check.sweeps if each.sweep in {"", s.label}
                ]
                passed += not any(of_sweeps)
            # One short sweep is passed by luck at times, a shape in several dimensions hardly ever.
            assert passed / 200 < (0.3 if len(check.sweeps) == 1 or each.sweep else 0.11), (
                check.name,
                each.desideratum,
            )


def test_every_check_has_draws_of_its_own_that_repeat():
    for check in checks():
        sweep = check.sweeps[0]
        one, two = (board.drawn(check, sweep, sweep.at[0], 0, None) for _ in range(2))
        other = board.drawn(check, sweep, sweep.at[0], 1, None)
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])
        assert not np.array_equal(one[1], other[1])
        for rows in one:
            assert np.isfinite(rows).all()


@pytest.mark.parametrize("d", [1, 8, 64])
def test_the_cubes_share_a_fifth(d):
    real, fake = sanity.cubes(np.random.default_rng(0), d, 20_000, 20_000)
    for rows in (fake, real + sanity.OVERLAP ** (1 / d) - 1 + 0.0):
        inside = ((rows >= 0) & (rows <= 1)).all(1).mean()
        assert inside == pytest.approx(0.2, abs=0.015)


def test_ball_and_ring_do_not_touch_and_atoms_have_the_moments():
    ball, ring = sanity.ball_and_torus(np.random.default_rng(0), 5000)
    assert np.linalg.norm(ball, axis=1).max() < 0.8 < 0.9 - 1e-9 < np.linalg.norm(ring, axis=1).min() + 1e-9
    assert (np.linalg.norm(ball, axis=1) ** 3).mean() == pytest.approx(0.8**3 / 2, rel=0.02)  # evenly filled
    real, atoms = sanity.atoms(np.random.default_rng(0), 8, 1.0)
    assert METRICS["fid"](real, atoms) == pytest.approx(0, abs=1e-9)
    assert len(np.unique(atoms.round(9), axis=0)) == 16


def test_the_papers_table_is_whole_and_about_our_checks():
    assert len(published()) == 360
    ours = {check.name: check for check in checks() if check.published}
    assert len(ours) == 15
    for (check, desideratum, metric), result in published().items():
        assert desideratum in {each.desideratum for each in ours[check].expects[kind_of(metric)]}
        assert result in {"pass", "fail", "low", "high"}
    assert published()["sphere_surface", "purpose", "symmetric_precision"] == "pass"
    assert published()["sd_difference", "purpose", "recall"] == "high"


def test_metrics_have_kinds_and_what_compares_no_two_sets_has_no_place():
    assert {kind_of(name) for name in FIDELITY} == {"fidelity"}
    assert {kind_of(name) for name in DIVERSITY} == {"diversity"}
    assert {kind_of(name) for name in DISTANCES} == {"distance"}
    with pytest.raises(BadInput, match="inception_score"):
        kind_of("inception_score")


def test_fid_does_not_see_moment_atoms_and_recall_does(monkeypatch):
    some(monkeypatch, "moment_atoms")
    ((check, entries),) = board.fill(board.columns_of_ours(["fid", "mind", "recall"]), repetitions=1)
    assert {each.metric: each.short for each in entries} == {"fid": "fails purpose", "mind": "pass", "recall": "pass"}
    assert check.name == "moment_atoms"


def test_what_raises_and_what_is_nan_is_said_with_its_place(monkeypatch):
    some(monkeypatch, "moment_atoms")

    def fragile(real, fake):
        if len(fake) < 1000:
            raise ValueError("too few\nrows")
        return float("nan") if real.shape[1] == 64 else 1.0

    columns = [board.column("mine", "fid", "mine", Implementation(fragile))]
    ((_, (mine,)),) = board.fill(columns, repetitions=1)
    said = "; ".join(mine.faults["purpose"])
    assert "raises ValueError: too few" in said
    assert "raises NoNumber: expected a finite number, got nan" in said


def test_a_set_that_is_not_taken_is_no_failure_of_purpose(monkeypatch):
    some(monkeypatch, "moment_atoms")

    def two_columns(real, fake):
        if real.shape[1] > 8:
            raise ValueError("too wide")
        return METRICS["mind"](real, fake)

    columns = [board.column("mine", "mind", "mine 1.0", Implementation(two_columns)), *board.columns_of_ours(["mind"])]
    ((check, (mine, ours)),) = board.fill(columns, repetitions=1)
    assert (mine.short, ours.short) == ("no value", "pass")
    assert mine.failed == ["purpose"]  # it does not count as passed
    assert "moment_atoms has no value: d 64, at 0: raises ValueError: too wide" in board.as_text([(check, [mine])])
    page = board.page([(check, [mine, ours])])
    assert "| mine | 1.0 | mind | 0 of 1 | no value (moment_atoms) |" in page
    assert "- mine, no value: d 64, at 0: raises" in page


def test_the_committed_board_has_the_other_libraries_too(committed):
    found = {each.column for _, row in committed for each in row if each.implementation != "ganbench"}
    assert found == {f"{peer.name}: {name}" for peer in PEERS for name in peer.metrics if name in METRICS_OF_BOARD}


def test_features_of_the_users_own_go_between(monkeypatch, tmp_path):
    some(monkeypatch, "moment_atoms")
    (tmp_path / "net.py").write_text("def wide(rows):\n    import numpy as np\n    return np.hstack([rows, rows**2])\n")
    monkeypatch.chdir(tmp_path)
    encode = board.encoder("net.py:wide")
    ((_, (fid,)),) = board.fill(board.columns_of_ours(["fid"]), encode, repetitions=1)
    assert fid.short == "pass"  # squares tell atoms from a normal distribution
    (tmp_path / "bad.py").write_text("def flat(rows):\n    return rows.sum()\n")
    with pytest.raises(BadInput, match="expected features of shape"):
        board.encoder("bad.py:flat")(np.zeros((3, 2)))
    with pytest.raises(BadInput, match="points, no images"):
        board.encoder("inception")


def test_the_command_prints_the_board_and_writes_it_where_it_is_told(monkeypatch, tmp_path):
    some(monkeypatch, "moment_atoms")
    monkeypatch.setattr(board, "REPETITIONS", 1)
    (tmp_path / "mine.py").write_text("def mine(real, fake):\n    print('hello')\n    return 1.0\n")
    result = command("check", "--board", "--metric", "fid", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert "fid: passes 0 of 1 checks" in result.output
    assert "moment_atoms fails purpose: d 8: " in result.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["board.json", "board.md", "board.png"]
    mine = command("check", "--board", "--metric", "fid", "--implementation", f"{tmp_path / 'mine.py'}:mine")
    assert mine.exit_code == 0, mine.output
    assert "hello" not in mine.output
    assert "1 at 0; 1 at 0.5; 1 at 1" in mine.output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--board", "--metric", "inception_score"], "expected a fidelity"),
        (["--board", "--metric", "fidd"], "did you mean 'fid'"),
        (["--features", "a.py:b"], "--features goes with --board"),
        (["--board", "--format", "json"], "--board goes with"),
        (["--board", "--metric", "fid", "--features", "inception"], "points, no images"),
    ],
)
def test_a_board_that_cannot_be_is_refused_in_a_line(given, said):
    result = command("check", *given)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.fixture(scope="module")
def committed():
    return board.read(FOLDER)


def test_the_committed_board_has_every_metric(committed):
    entries = [each for _, row in committed for each in row]
    assert {each.column for each in entries if each.implementation == "ganbench"} == set(METRICS_OF_BOARD)
    for check, row in committed:
        assert {each.kind for each in row} == set(check.expects)


def test_the_committed_values_give_the_committed_verdicts(committed):
    for check, row in committed:
        for each in row:
            column = board.Column(each.column, each.metric, each.kind, each.implementation, lambda real, fake: 0.0)
            assert all(None not in values for values in each.values.values()) or any(
                "raises" in f for v in each.faults.values() for f in v
            )
            if all(None not in values for values in each.values.values()):
                again: CheckResult = entry(check, column, each.values, {})
                assert again == each, (check.name, each.column)


def test_most_verdicts_are_those_of_the_paper(committed):
    pairs = board.comparisons(committed)
    assert len(pairs) == 360
    alike = [same for each, _, same, _ in pairs if each.metric not in {"alpha_precision", "beta_recall"}]
    assert sum(alike) / len(alike) > 0.8


def test_the_committed_pages_are_those_of_the_committed_data(committed):
    assert (FOLDER / "board.md").read_text(encoding="utf-8") == board.page(committed, "board.png")
    said = "run python -m ganbench.cli.board_page results/board > docs/sanity-board.md"
    page = (ROOT / "docs" / "sanity-board.md").read_text(encoding="utf-8")
    assert page == board.page(committed, "../results/board/board.png"), said
    assert len(json.loads((FOLDER / "board.json").read_text())) == sum(len(row) for _, row in committed)
