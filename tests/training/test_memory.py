"""How much memory a group needs is said before anything is made; batches that a method cannot fill are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganbench import data
from ganbench.baselines.gmmn import GMMN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.pacgan import PacGAN
from ganbench.errors import BadInput
from ganbench.training import memory
from ganbench.training.memory import GIB, check_fits, needed
from ganbench.training.trainer import Plan, Trainer
from tests.runs.command import TINY, ganbench, suite


def test_what_a_seed_needs_holds_its_state_and_grows_with_the_batch_by_what_a_pass_keeps() -> None:
    ring, baseline = data.load("ring8"), NonSaturatingGAN()
    state = sum(leaf.nbytes for leaf in Trainer(baseline, ring, [0], Plan(1, 8)).leaves)
    small, large = (needed(baseline, ring, batch) for batch in (1000, 2000))
    assert needed(baseline, ring, 1) > state
    passes = 1000 * 128 * 4  # bytes of one hidden layer for a thousand more examples
    assert 4 * passes < large - small < 40 * passes  # two layers, real and generated, forwards and backwards


def test_a_group_that_does_not_fit_is_refused_with_the_size_of_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    ring, baseline = data.load("ring8"), NonSaturatingGAN()
    each = needed(baseline, ring, 64)
    monkeypatch.setattr(memory, "available", lambda device: 7 * each)
    check_fits("ns_gan", baseline, ring, 64, 7, "cpu", 1)
    with pytest.raises(BadInput) as told:
        check_fits("ns_gan", baseline, ring, 64, 8, "cpu", 1)
    said = f"8 seeds of ns_gan on ring8 together need about {8 * each / GIB:.1f} GiB, and {7 * each / GIB:.1f} GiB are"
    assert str(told.value) == f"{said} free: --group 7 fits"
    with pytest.raises(BadInput, match=r"are free \(2 groups at a time\): --group 3 fits"):
        check_fits("ns_gan", baseline, ring, 64, 7, "cpu", 2)


def test_where_nobody_says_what_is_free_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda device: 0)
    check_fits("ns_gan", NonSaturatingGAN(), data.load("ring8"), 64, 10**9, "cpu", 1)


def test_a_run_whose_group_does_not_fit_ends_in_one_line_and_runs_in_groups_that_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = needed(NonSaturatingGAN(), data.load("ring8"), 16)
    monkeypatch.setattr(memory, "available", lambda device: 3 * each)
    request = ["run", "--suite", suite(tmp_path, TINY), "--baseline", "ns_gan", "--seeds", "0-3", "--jobs", "1"]
    request += ["--out", str(tmp_path / "results")]
    refused = ganbench(*request)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "--group 3 fits" in refused.stderr
    assert not (tmp_path / "results").exists()
    assert ganbench(*request, "--dry-run").exit_code == 2
    done = ganbench(*request, "--group", "3")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("baseline", "batch", "reason"),
    [
        (PacGAN(pack=3), 299, ""),
        (PacGAN(pack=3), 300, "an update takes 3 x 300 examples of the 899 there are: the batch must be at most 299"),
        (PacGAN(pack=900), 1, "an update takes 900 x 1 examples of the 899 there are: there are too few"),
        (GMMN(enlarged=4), 300, "an update takes 4 x 300 examples of the 899 there are: the batch must be at most 224"),
        (NonSaturatingGAN(), 5000, ""),  # drawn with replacement
    ],
)
def test_an_update_of_several_batches_needs_as_many_examples(
    baseline: NonSaturatingGAN, batch: int, reason: str
) -> None:
    def trainer() -> Trainer:
        return Trainer(baseline, data.load("digits"), [0], Plan(1, batch, backend="eager"))

    if reason:
        with pytest.raises(BadInput, match=f"does not support digits: {reason}"):
            trainer()
    else:
        trainer()
