"""Every baseline obeys the rules of the baseline, whatever its losses are."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from ganbench import data
from ganbench.baseline import Control
from ganbench.errors import BadInput
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer
from tests.training.short_runs import configured, weights

STEPS = 3
SHIPPED = [
    name for name in registry.everyone() if not name.startswith("f_gan:") or name in {"f_gan:kl", "f_gan:pearson"}
]
HEAVY = {"biggan", "stylegan2"}  # a quarter of a minute to trace
NAMES = [  # one process keeps a baseline's trainers
    pytest.param(name, marks=[pytest.mark.xdist_group(name), *([pytest.mark.slow] if name in HEAVY else [])])
    for name in SHIPPED
]
TRAINED = [param for param, name in zip(NAMES, SHIPPED, strict=True) if not issubclass(registry.load(name), Control)]
# One of each kind of training; tracing the others takes seconds each, so they belong to the slow tests.
TYPICAL = {"ns_gan", "wgan_gp", "sngan", "began", "infogan", "mad_gan", "r3gan", "vae:gaussian", "gmmn", "consensus"}
TRACED = [
    pytest.param(*each.values, marks=each.marks if each.values[0] in TYPICAL else [*each.marks, pytest.mark.slow])
    for each in TRAINED
]


cast = cache(configured)


def trained(name: str, seeds: tuple[int, ...], steps: int = STEPS, backend: str = "eager") -> Trainer:
    baseline, source = cast(name)
    trainer = Trainer(baseline, source, seeds, Plan(STEPS, batch=32, backend=backend))
    trainer.advance(steps)
    return trainer


@cache
def together(name: str) -> Trainer:
    """The baseline with two seeds, traced."""
    return trained(name, (3, 7), backend="traced")


@pytest.mark.parametrize("name", TRAINED)
def test_traced_training_is_eager_training_bit_for_bit(name: str) -> None:
    eager = trained(name, (3, 7))
    for place in (0, 1):
        assert torch.equal(weights(together(name), place), weights(eager, place))


@pytest.mark.parametrize("name", TRAINED)
def test_a_seed_is_the_same_to_the_last_bit_alone_and_in_a_group(name: str) -> None:
    assert torch.equal(weights(trained(name, (7,)), 0), weights(together(name), 1))


@pytest.mark.parametrize("name", TRAINED)
def test_restored_training_continues_as_if_nothing_had_happened(name: str) -> None:
    checkpoint = trained(name, (3, 7), 1).checkpoint()
    resumed = trained(name, (3, 7), 0)
    resumed.restore(checkpoint)
    resumed.advance(STEPS)
    assert torch.equal(weights(together(name), 1), weights(resumed, 1))


@pytest.mark.parametrize("name", TRAINED)
def test_updated_networks_change_and_stay_finite(name: str) -> None:
    before, after = trained(name, (3, 7), 0), together(name)
    updates = {update for step in range(STEPS) for update in cast(name)[0].updates(step)}
    for letter, kinds in (("G", {"generator", "both"}), ("D", {"discriminator", "both"})):
        change = (after.state[letter]["weights"] - before.state[letter]["weights"]).abs()
        assert change.isfinite().all()
        assert bool(kinds & updates) == bool(change.numel() and change.max() > 0)


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
def test_every_baseline_cites_its_paper_and_says_what_it_does_and_claims(name: str) -> None:
    cls = registry.load(name)
    assert issubclass(cls, Control) or (cls.claim.endswith(".") and cls.__dict__["claim"] == cls.claim)
    assert issubclass(cls, Control) or "arXiv:" in cls.paper or "20" in cls.paper
    assert registry.summary(cls).endswith((".", ";", ":"))
    assert not registry.summary(cls).startswith(f"{cls.__name__}(")  # the text that a dataclass writes for itself


@pytest.mark.parametrize("name", [name for name in registry.everyone() if name.startswith("f_gan:")])
def test_every_divergence_makes_a_finite_update(name: str) -> None:
    trainer = trained(name, (0,), 1)
    assert weights(trainer, 0).isfinite().all()


def test_a_refusal_is_one_line_and_comes_before_anything_runs() -> None:
    ring = data.load("ring8")
    with pytest.raises(BadInput, match="ring8: it needs square images"):
        Trainer(registry.configure("dcgan", {}, ring), ring, [0], Plan(1))
