"""A sample depends on its seed and its number, and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from ganbench._util.streams import stream
from ganbench.baseline import Batch, Net, integers, normal
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.data import load
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.nets import dcgan, mlp
from ganbench.training.batches import AHEAD, BatchSampler
from ganbench.training.sampler import ROWS, Sampler
from tests.training.short_runs import trained


@dataclass(frozen=True)
class Normed(NonSaturatingGAN):
    """Its generator has BatchNorm."""

    def networks(self, space: Space) -> tuple[nn.Module, nn.Module]:
        return dcgan.generator(self.latent, space, width=4), mlp.discriminator(space, width=8)


@dataclass(frozen=True)
class Remembering(NonSaturatingGAN):
    """Generates the i-th of ten fitted examples."""

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        x, _ = data.train.examples(data.train.indices(10, stream))
        return {"kept": x}

    def generate(self, G: Net, b: Batch) -> Tensor:
        return b.kept[b.index % 10]


def test_asking_for_more_samples_leaves_the_first_ones_as_they_were() -> None:
    sampler = Sampler(trained(NonSaturatingGAN(), [0, 1]))
    few, many = sampler.draw(10)[0], sampler.draw(2 * ROWS + 3)[0]
    assert many.shape == (2, 2 * ROWS + 3, 2)
    assert torch.equal(few, many[:, :10])


def test_samples_of_a_seed_are_the_same_to_the_last_bit_in_any_group() -> None:
    alone, together = Sampler(trained(NonSaturatingGAN(), [7])), Sampler(trained(NonSaturatingGAN(), [3, 7]))
    assert torch.equal(alone.draw(8)[0][0], together.draw(8)[0][1])


def test_a_sample_does_not_depend_on_its_batch_even_under_batch_norm() -> None:
    trainer = trained(Normed(latent=3), [0], dataset="digits")
    sampler = Sampler(trainer)
    batch = sampler.batch("sample", 0, 4)
    whole = sampler.generate(sampler.net, batch)
    one = sampler.generate(sampler.net, {k: v if k == "progress" else v[:, :1] for k, v in batch.items()})
    torch.testing.assert_close(one, whole[:, :1])
    assert sampler.buffers["2.mean"].abs().max() > 0  # statistics were gathered, not left at their start


@pytest.mark.parametrize("seeds", [[7], [3, 7]])
def test_samples_come_from_the_averaged_weights_and_not_from_the_last(seeds: list[int]) -> None:
    trainer = trained(NonSaturatingGAN(lr=0.05), seeds, 5)
    G, _ = NonSaturatingGAN().networks(trainer.data.space)
    z = torch.randn(ROWS, 2, generator=stream(7, "sample", "z", 0))[:16]
    samples = Sampler(trainer).draw(16)[0][-1]
    made = {}
    for name, rows in (("average", trainer.state["average"]), ("last", trainer.state["G"]["weights"])):
        nn.utils.vector_to_parameters(rows[-1], G.parameters())
        made[name] = G(z).detach()
    torch.testing.assert_close(samples, made["average"], atol=1e-5, rtol=0)
    assert (samples - made["last"]).abs().max() > 1e-2


def test_sampling_leaves_the_trainer_as_it_was() -> None:
    trainer = trained(Normed(latent=3), [0], dataset="digits")
    before = trainer.checkpoint()["state"]
    Sampler(trainer).draw(5)
    assert all(
        torch.equal(old, new)
        for old, new in zip(before["G"]["buffers"].values(), trainer.state["G"]["buffers"].values(), strict=True)
    )
    assert torch.equal(before["average"], trainer.state["average"])


def test_fitted_tensors_and_running_numbers_reach_generate() -> None:
    x, _ = Sampler(trained(Remembering(), [0, 1], 1)).draw(ROWS + 20)
    assert torch.equal(x[:, :10], x[:, 10:20])
    assert torch.equal(x[:, ROWS], x[:, ROWS % 10])
    assert not torch.equal(x[0, :10], x[1, :10])


def test_batches_come_from_streams_named_by_seed_update_and_name() -> None:
    source = load("digits").train
    noise = {"z": normal(3), "code": integers(5)}
    device = torch.device("cpu")
    both = BatchSampler("discriminator", [4, 9], 6, source, noise, device)
    alone = BatchSampler("discriminator", [9], 6, source, noise, device)
    other = BatchSampler("generator", [9], 6, source, noise, device)
    for count in (0, 1, AHEAD - 1, AHEAD, 3):
        batch = alone.draw(count)
        assert all(torch.equal(both.draw(count)[name][1], batch[name][0]) for name in batch)
        assert not torch.equal(batch["z"], other.draw(count)["z"])
    first = torch.randn(AHEAD * 6, 3, generator=stream(9, "play", "critic", "z", 0))[:6]
    assert torch.equal(alone.draw(0)["z"][0], first)


def test_no_two_updates_get_the_same_batch() -> None:
    sampler = BatchSampler("discriminator", [0], 4, load("ring8").train, {"z": normal(2)}, torch.device("cpu"))
    batches = {tuple(sampler.draw(count)["z"].flatten().tolist()) for count in range(2 * AHEAD)}
    assert len(batches) == 2 * AHEAD


def test_another_noise_disturbs_no_draw_of_the_others() -> None:
    source, device = load("ring8").train, torch.device("cpu")
    plain = BatchSampler("discriminator", [0], 4, source, {"z": normal(2)}, device).draw(5)
    richer = BatchSampler("discriminator", [0], 4, source, {"a": normal(7), "z": normal(2)}, device).draw(5)
    assert all(torch.equal(plain[name], richer[name]) for name in plain)
