"""The summary of a data set: ranks and tiers within leagues, marks of what did not learn, where spread comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ganbench.baseline import Baseline, Control
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.tables import summarise
from ganbench.tables.best import tier
from ganbench.tables.components import components
from ganbench.tables.leagues import LEAGUES, league_of
from ganbench.tables.summary import Entry, Summary
from ganbench.training import registry
from tests.tables.made import scores, seeds_of

QUICK = Path(__file__).parents[2] / "results" / "quick"


def row(baseline: str, *fid: float | None, **changes: Any) -> list[Record]:
    return seeds_of(baseline, scores("fid", *fid), **{"seeds": range(len(fid))} | changes)


def of(*rows: list[Record]) -> Summary:
    (summary,) = summarise([record for each in rows for record in each])
    return summary


def entries(summary: Summary) -> dict[str, Entry]:
    """The entries of an only column, by row."""
    (column,) = summary.columns
    return {entry.row.label: entry for entry in summary.column(column)}


NOISE = row("noise", 400.0, 410.0, 420.0)
GAUSSIAN = row("gaussian", 60.0, 61.0, 62.0)
GANS = [row("gan", 10.0, 11.0, 12.0), row("lsgan", 10.5, 11.5, 12.5), row("wgan", 30.0, 33.0, 31.0)]


def test_ranks_and_tier_are_recomputed_from_the_seeds() -> None:
    cells = entries(of(*GANS))
    logs = {name: np.log(entry.row.values(entry.column)) for name, entry in cells.items()}
    assert {name: entry.rank for name, entry in cells.items()} == {
        name: int(place)
        for name, place in zip(logs, scipy_stats.rankdata([x.mean() for x in logs.values()]), strict=True)
    }
    expected = tier({name: x.tolist() for name, x in logs.items()})
    assert {name for name, entry in cells.items() if entry.in_tier} == expected == {"gan", "lsgan"}
    assert cells["gan"].mean == pytest.approx(scipy_stats.gmean([10.0, 11.0, 12.0]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # scipy's, of seeds that agree
def test_the_tiers_of_the_committed_results_are_those_of_scipys_dunnett() -> None:
    """A row is out where Dunnett's test finds another better than it, in scipy's own quasi-random integral."""
    compared = 0
    for summary in summarise(list(Store(QUICK).read().values())):
        for column in summary.columns:
            losses = {row.label: summary.losses(row, column) for row in summary.ranked(column, "adversarial")}
            entries = {label: summary.entries[label, column.name] for label in losses}
            if not any(entry.in_tier for entry in entries.values()):
                continue
            for label, own in losses.items():
                others = [each for name, each in losses.items() if name != label]
                random = np.random.default_rng(0)
                p = scipy_stats.dunnett(*others, control=own, alternative="less", random_state=random).pvalue.min()
                if abs(p - 0.05) > 0.003:
                    compared += 1
                    assert entries[label].in_tier == (p > 0.05), (summary.dataset, column.name, label, p)
    assert compared > 60


def test_a_league_is_ranked_by_itself() -> None:
    labels, other = row("acgan", 1.0, 1.1, 1.2), row("vae:gaussian", 5.0, 5.5, 5.2)
    cells = entries(of(*GANS, labels, row("cgan:concat", 2.0, 2.1, 2.2), other))
    assert (cells["acgan"].rank, cells["gan"].rank) == (1, 1)
    assert cells["gan"].in_tier
    assert (cells["vae:gaussian"].rank, cells["vae:gaussian"].in_tier) == (None, None)  # alone in its league


def test_controls_are_never_ranked() -> None:
    cells = entries(of(*GANS, row("held_out", 1.0, 1.1, 1.2), NOISE))
    assert {cells[name].rank for name in ("held_out", "noise")} == {None}
    assert cells["gan"].rank == 1


@pytest.mark.parametrize("seeds", [1, 2])
def test_fewer_than_three_seeds_have_no_rank_and_no_tier(seeds: int) -> None:
    cells = entries(of(row("gan", *[1.0, 2.0][:seeds]), row("lsgan", *[8.0, 9.0][:seeds])))
    assert {(entry.rank, entry.in_tier) for entry in cells.values()} == {(None, None)}


def test_a_row_of_which_a_seed_is_undefined_is_not_ranked_by_those_that_are_left() -> None:
    cells = entries(of(*GANS, row("ragan", 1.0, 1.0, None)))
    assert cells["ragan"].rank is None
    assert cells["ragan"].estimate is not None
    assert cells["gan"].rank == 1


def test_equal_rows_share_a_rank() -> None:
    cells = entries(of(row("gan", 1.0, 2.0, 3.0), row("f_gan:gan", 3.0, 2.0, 1.0), row("wgan", 5.0, 6.0, 7.0)))
    assert [cells[name].rank for name in ("gan", "f_gan:gan", "wgan")] == [1, 1, 3]


def test_a_higher_score_is_better_where_the_metric_says_so() -> None:
    better, worse = (
        seeds_of(name, scores("recall", *values, better="higher"))
        for name, values in (("gan", (0.9, 0.91, 0.92)), ("lsgan", (0.2, 0.21, 0.22)))
    )
    cells = entries(of(better, worse))
    assert (cells["gan"].rank, cells["gan"].in_tier, cells["lsgan"].in_tier) == (1, True, False)


def test_how_often_a_row_is_best_does_not_depend_on_the_order_of_records() -> None:
    one, other = entries(of(*GANS)), entries(of(*(group[::-1] for group in GANS[::-1])))
    assert {name: entry.standing for name, entry in one.items()} == {
        name: entry.standing for name, entry in other.items()
    }
    shares = [entry.standing.p_best for entry in one.values() if entry.standing]
    assert sum(shares) == pytest.approx(1)
    assert one["gan"].standing and one["gan"].standing.p_best > 0.5  # noqa: PT018


def test_images_have_learned_where_they_are_nearer_than_noise_and_one_gaussian() -> None:
    below, above = row("ragan", 61.0, 63.0, 62.0), row("ebgan", 500.0, 410.0, 430.0)
    summary = of(*GANS, below, above, NOISE, GAUSSIAN)
    assert summary.marks == {"ragan": "no better than a Gaussian", "ebgan": "did not learn"}
    assert entries(summary)["ragan"].rank is None
    assert entries(summary)["gan"].rank == 1


def test_one_lost_seed_counts_in_the_mean_that_says_whether_a_row_has_learned() -> None:
    assert of(row("ebgan", 5.0, 5.0, 900.0), NOISE, GAUSSIAN).marks == {"ebgan": "no better than a Gaussian"}


def test_points_have_learned_where_more_samples_are_good_than_of_either_floor() -> None:
    def points(name: str, *good: float, far: float = 1.0) -> list[Record]:
        return seeds_of(name, scores("fid", far, far, far), scores("high_quality", *good, better="higher"))

    rows = [
        points("gan", 0.5, 0.4, 0.6),
        points("lsgan", 0.04, 0.05, 0.03),
        points("wgan", 0.01, 0.02, 0.03, far=0.1),  # near by the Frechet distance, which cannot say it
        points("noise", 0.02, 0.03, 0.02),
        points("gaussian", 0.05, 0.06, 0.05),
    ]
    assert of(*rows).marks == {"lsgan": "no better than a Gaussian", "wgan": "did not learn"}


def curve(*values: float) -> list[dict[str, Any]]:
    return [{"step": 100 * i, "metric": "sliced_wasserstein", "value": value} for i, value in enumerate(values)]


def test_a_row_that_is_no_better_than_its_own_start_did_not_learn() -> None:
    still = row("gan", 1.0, 1.0, 1.0, curve=curve(0.4, 0.3, 0.5))
    moved = row("lsgan", 1.0, 1.0, 1.0, curve=curve(0.4, 0.5, 0.3))
    late = row("wgan", 1.0, 1.0, 1.0, curve=curve(0.4, 0.3, 0.5)[1:])  # nothing is known of its start
    assert of(still, moved, late).marks == {"gan": "did not learn"}


def test_seeds_that_diverged_or_failed_are_a_mark_with_their_number() -> None:
    ended: dict[int, Any] = {2: ("diverged", 30, "not finite")}
    diverged = row("gan", 1.0, 2.0, None, ended=ended)
    failed = row("wgan", 1.0, 2.0, None, ended={1: ("error", 0, "no"), 2: ("error", 0, "no")})
    summary = of(diverged, failed, *GANS[1:2])
    assert summary.marks == {
        "gan": "diverged (1 of 3 seeds, 1% to 91%)",
        "wgan": "failed (2 of 3 seeds, 9% to 99%)",
    }
    assert entries(summary)["gan"].rank is None


def test_a_row_that_is_marked_can_still_beat_others_outright() -> None:
    """A tier is never for what three others of its league beat with every seed, whatever else they are."""
    lucky = [row(f"r{i}", *[0.5] * 5, ended={4: ("diverged", 9, "x")}) for i in range(3)]
    summary = of(*lucky, row("gan", 1.0, 1.1, 1.2, 1.3, 1.4), row("lsgan", 1.0, 1.1, 1.2, 1.3, 1.4))
    assert {entries(summary)[name].in_tier for name in ("gan", "lsgan")} == {None}


def test_where_spread_comes_from_is_told_on_the_metrics_scale() -> None:
    values = [(1.0, 2.0, 1.5, 2.5), (4.0, 8.0, 5.0, 9.0), (2.0, 2.5, 3.0, 2.0)]
    scored = [scores("fid", 0.0, values=each, reasons=("",) * 4, draws=2)[0] for each in values]
    summary = of(seeds_of("gan", scored))
    (column,) = summary.columns
    expected = components([np.log(np.array(each).reshape(2, 2)) for each in values])
    assert summary.components(summary.rows[0], column) == expected
    assert None not in (expected.training, expected.sampling, expected.reference)


def test_last_weights_are_tabled_when_they_are_asked_for() -> None:
    both = seeds_of("gan", scores("fid", 1.0, 1.1, 1.2), scores("fid", 5.0, 5.1, 5.2, weights="last"))
    (average,), (last,) = summarise(both), summarise(both, "last")
    assert [len(average.columns), len(last.columns)] == [1, 1]
    assert entries(average)["gan"].mean == pytest.approx(1.1, abs=0.01)
    assert entries(last)["gan"].mean == pytest.approx(5.1, abs=0.01)


def test_controls_and_lost_seeds_have_one_kind_of_weights_and_stand_among_the_last_too() -> None:
    fid = (500.0, 510.0, 520.0)
    rows = [seeds_of("gan", scores("fid", *fid), scores("fid", *fid, weights="last")), NOISE, GAUSSIAN]
    lost = row("wgan", None, None, None, ended=dict.fromkeys(range(3), ("diverged", 30, "not finite")))
    (last,) = summarise([record for each in [*rows, lost] for record in each], "last")
    assert set(last.marks) == {"gan", "wgan"}
    assert entries(last)["noise"].mean == pytest.approx(scipy_stats.gmean([400.0, 410.0, 420.0]))


def test_every_shipped_baseline_is_in_the_league_of_its_class() -> None:
    for name in registry.names():
        cls = registry.load(name)
        (record,) = seeds_of(name, scores("fid", 1.0), seeds=(0,))
        assert league_of(record) == cls.in_league(), name
        assert cls.in_league() in LEAGUES


@pytest.mark.parametrize(
    ("baseline", "league"),
    [
        ("wgan_gp", "adversarial"),
        ("infogan", "adversarial"),  # its codes are no labels
        ("vae_gan", "adversarial"),
        ("projection", "conditional"),
        ("cvae", "conditional"),
        ("pixelcnn", "not adversarial"),
        ("gmmn", "not adversarial"),
        ("ae_ot", "not adversarial"),
        ("held_out", "control"),
        ("gmm", "control"),
    ],
)
def test_leagues_are_what_a_reader_expects(baseline: str, league: str) -> None:
    assert registry.load(baseline).in_league() == league


def test_a_league_follows_from_what_a_baseline_is_unless_it_says_otherwise() -> None:
    own: dict[str, type[Baseline]] = {
        "adversarial": type("Plain", (Baseline,), {}),
        "conditional": type("Labels", (Baseline,), {"conditional": True}),
        "not adversarial": type("Alone", (Baseline,), {"d_steps": 0}),
        "control": type("Floor", (Control,), {}),
    }
    assert {name: cls.in_league() for name, cls in own.items()} == {name: name for name in own}
    chosen: type[Baseline] = type("Own", (Baseline,), {"league": "conditional"})
    assert chosen.in_league() == "conditional"


def test_a_users_baseline_is_in_the_league_that_its_record_says() -> None:
    (said,) = seeds_of("mine.py", scores("fid", 1.0), seeds=(0,), provenance={"league": "conditional"})
    assert league_of(said) == "conditional"
    (early,) = seeds_of("mine.py", scores("fid", 1.0), seeds=(0,), settings={"d_steps": 0})
    assert league_of(early) == "not adversarial"
    (fitted,) = seeds_of("mine.py", scores("fid", 1.0), seeds=(0,), cost={"gradients": 0.0})
    assert league_of(fitted) == "control"
