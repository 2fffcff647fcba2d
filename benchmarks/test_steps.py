"""One step of a game, for one seed and for a group, beside an ordinary loop of the same networks."""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch.nn.functional import softplus

from benchmarks.steps import trainer
from ganbench import data
from ganbench.baselines.ns_gan import NonSaturatingGAN


@pytest.mark.parametrize("seeds", [1, 5, 16])
@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp"])
def test_step_of_a_group(benchmark: BenchmarkFixture, name: str, seeds: int) -> None:
    torch.set_num_threads(1)
    game = trainer(name, "ring8", seeds)
    benchmark.group = f"{name} on ring8"
    benchmark.extra_info["seeds"] = seeds
    benchmark.pedantic(lambda: game.advance(game.done + 1), rounds=20, warmup_rounds=2)


def test_ordinary_loop(benchmark: BenchmarkFixture) -> None:
    torch.set_num_threads(1)
    ring, stream = data.load("ring8"), torch.Generator().manual_seed(0)
    G, D = NonSaturatingGAN().networks(ring.space)
    adam_G, adam_D = (torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (G, D))

    def step() -> None:
        x, _ = ring.train.examples(ring.train.tickets(128, stream))
        adam_D.zero_grad()
        fake = G(torch.randn(128, 2, generator=stream)).detach()
        (softplus(-D(x)) + softplus(D(fake))).mean().backward()
        adam_D.step()
        adam_G.zero_grad()
        softplus(-D(G(torch.randn(128, 2, generator=stream)))).mean().backward()
        adam_G.step()

    benchmark.group = "ns_gan on ring8"
    benchmark.pedantic(step, rounds=20, warmup_rounds=2)
