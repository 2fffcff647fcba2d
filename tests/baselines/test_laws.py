"""Every baseline obeys the rules of the game, whatever its losses are."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from ganbench import data, roster
from ganbench.errors import BadInput
from ganbench.game import Baseline, Control
from ganbench.sample import Sampler
from ganbench.train import Plan, Trainer
from tests.games import weights

STEPS = 3
SHIPPED = [name for name in roster.everyone() if not name.startswith("f_gan:") or name in {"f_gan:kl", "f_gan:gan"}]
NAMES = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SHIPPED]  # one process keeps its games
GAMES = [param for param, name in zip(NAMES, SHIPPED, strict=True) if not issubclass(roster.load(name), Control)]


@cache
def cast(name: str) -> tuple[Baseline, data.Dataset]:
    """The baseline with its defaults, and the first small data set that it plays on."""
    for dataset in ("ring8", "digits"):
        source = data.load(dataset)
        baseline = roster.configure(name, {}, source)
        if baseline.refuses(source.space, 32) is None:
            return baseline, source
    raise AssertionError(f"{name} plays on nothing")


def play(name: str, seeds: tuple[int, ...], steps: int = STEPS, way: str = "eager") -> Trainer:
    baseline, source = cast(name)
    trainer = Trainer(baseline, source, seeds, Plan(STEPS, batch=32, way=way))
    trainer.advance(steps)
    return trainer


@cache
def together(name: str) -> Trainer:
    """Two seeds' game, replayed."""
    return play(name, (3, 7), way="replay")


@pytest.mark.parametrize("name", GAMES)
def test_a_replayed_game_is_the_eager_game_bit_for_bit(name: str) -> None:
    eager = play(name, (3, 7))
    for seat in (0, 1):
        assert torch.equal(weights(together(name), seat), weights(eager, seat))


@pytest.mark.parametrize("name", GAMES)
def test_a_seed_plays_the_same_game_in_any_company(name: str) -> None:
    alone, group = play(name, (7,)).state, together(name).state
    torch.testing.assert_close(alone["G"]["weights"][0], group["G"]["weights"][1], atol=2e-5, rtol=1e-5)
    apart = (alone["D"]["weights"][0] - group["D"]["weights"][1]).abs()
    if apart.numel():  # Adam walks the few weights whose gradient is rounding noise, by no more than its rate each move
        assert (apart < 2e-5).double().mean() > 0.999
        assert apart.max() <= 2 * STEPS * cast(name)[0].n_critic * max(cast(name)[0].lr_pair)


@pytest.mark.parametrize("name", GAMES)
def test_a_restored_game_continues_as_if_nothing_had_happened(name: str) -> None:
    checkpoint = play(name, (3, 7), 1).checkpoint()
    resumed = play(name, (3, 7), 0)
    resumed.restore(checkpoint)
    resumed.advance(STEPS)
    assert torch.equal(weights(together(name), 1), weights(resumed, 1))


@pytest.mark.parametrize("name", GAMES)
def test_whoever_moves_gets_somewhere_and_stays_finite(name: str) -> None:
    before, after = play(name, (3, 7), 0), together(name)
    moved = {move for step in range(STEPS) for move in cast(name)[0].moves(step)}
    for side, movers in (("G", {"generator", "both"}), ("D", {"critic", "both"})):
        change = (after.state[side]["weights"] - before.state[side]["weights"]).abs()
        assert change.isfinite().all()
        assert bool(movers & moved) == bool(change.numel() and change.max() > 0)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_finite_repeatable_and_shaped_like_the_data(name: str) -> None:
    trainer = together(name)
    _, source = cast(name)
    x, y = Sampler(trainer).draw(5)
    assert x.shape == (2, 5, *source.space.shape)
    assert x.isfinite().all()
    assert y.shape == (2, 5)
    assert torch.equal(x, Sampler(trainer).draw(5)[0])
    if not source.space.is_image:
        return
    assert source.space.low <= x.min()
    assert x.max() <= source.space.high


@pytest.mark.parametrize("name", NAMES)
def test_every_baseline_cites_its_paper_and_says_what_it_does(name: str) -> None:
    cls = roster.load(name)
    assert issubclass(cls, Control) or "arXiv:" in cls.paper or "20" in cls.paper
    assert roster.summary(cls).endswith((".", ";", ":"))
    assert not roster.summary(cls).startswith(f"{cls.__name__}(")  # the text that a dataclass writes for itself


@pytest.mark.parametrize("name", [name for name in roster.everyone() if name.startswith("f_gan:")])
def test_every_divergence_makes_a_finite_move(name: str) -> None:
    trainer = play(name, (0,), 1)
    assert weights(trainer, 0).isfinite().all()


def test_a_refusal_is_one_line_and_comes_before_anything_runs() -> None:
    ring = data.load("ring8")
    with pytest.raises(BadInput, match="cannot play on ring8"):
        Trainer(roster.configure("dcgan", {}, ring), ring, [0], Plan(1))
