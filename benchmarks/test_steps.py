"""One training step, for one seed and for a group, beside an ordinary loop of the same networks."""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.loops import LOOPS, Loop
from benchmarks.steps import trainer
from ganbench import data
from ganbench.training import registry


@pytest.mark.parametrize("seeds", [1, 5, 16])
@pytest.mark.parametrize("name", ["ns_gan", "wgan_gp"])
def test_step_of_a_group(benchmark: BenchmarkFixture, name: str, seeds: int) -> None:
    torch.set_num_threads(1)
    group = trainer(name, "ring8", seeds)
    benchmark.group = f"{name} on ring8"
    benchmark.extra_info["seeds"] = seeds
    benchmark.pedantic(lambda: group.advance(group.done + 1), rounds=20, warmup_rounds=2)


@pytest.mark.parametrize("name", LOOPS)
def test_ordinary_loop(benchmark: BenchmarkFixture, name: str) -> None:
    torch.set_num_threads(1)
    loop = Loop(registry.configure(name, {}, data.load("ring8")), 128)
    benchmark.group = f"{name} on ring8"
    benchmark.pedantic(lambda: LOOPS[name](loop), rounds=20, warmup_rounds=2)
