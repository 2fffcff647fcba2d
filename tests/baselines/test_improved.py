"""Improved techniques, mixed objectives, attention and pyramids."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganbench.baselines.feature_matching import FeatureMatching
from ganbench.baselines.gan_mse import GANMSE
from ganbench.baselines.historical_averaging import HistoricalAveraging
from ganbench.baselines.lapgan import LAPGAN, enlarged
from ganbench.baselines.minibatch_discrimination import Closeness, MinibatchDiscrimination
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.sagan import SAGAN
from ganbench.dataset import Space
from ganbench.nets.attention import SelfAttention
from ganbench.nets.layers import SpectralNorm
from tests.baselines.fixtures import (
    DIGITS,
    EXACT,
    LOGITS_FAKE,
    LOGITS_REAL,
    MNIST,
    RING,
    Always,
    Logit,
    Recorder,
    as_net,
    batch,
    curved,
    exactly,
    identity,
    logits,
    parts,
    shift_gradient,
)
from tests.training.short_runs import trained, weights


def test_feature_matching_compares_batch_means_and_not_pairs() -> None:
    real = torch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]], dtype=torch.double)
    fake = torch.tensor([[0.0, 1.0, 1.0], [1.0, 1.0, 3.0]], dtype=torch.double)
    D = parts(features=nn.Identity(), head=Logit())
    G = identity()
    exactly(FeatureMatching().generator_loss(G, D, batch(x=real, z=fake)), 3.5)  # pairs would give 8
    exactly(FeatureMatching().generator_loss(G, D, batch(x=real, z=real.flip(0))), 0.0)


def test_feature_matchings_discriminator_has_the_original_loss() -> None:
    D = parts(features=nn.Identity(), head=Logit())
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE)
    exactly(FeatureMatching().discriminator_loss(identity(), D, b), 2.1434454095)


@pytest.mark.parametrize("space", [RING, MNIST], ids=["points", "images"])
def test_the_features_matched_are_those_of_the_discriminators_last_hidden_layer(space: Space) -> None:
    _, D = FeatureMatching().networks(space)
    assert isinstance(D, nn.ModuleDict)
    assert sum(isinstance(layer, nn.Linear) for layer in D["head"].modules()) == 1
    x = torch.randn(3, *space.shape)
    assert D["features"](x).ndim == 2
    assert D["head"](D["features"](x)).shape == (3,)


def test_closeness_has_its_worked_values() -> None:
    layer = Closeness(2, 2, 2).double()
    layer.T.data = torch.tensor([[[1.0, 0.0], [0.5, -1.0]], [[0.0, 1.0], [0.25, 0.5]]], dtype=torch.double)
    f = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]], dtype=torch.double)
    known = [[1.2706705665, 1.3969041036], [1.2706705665, 1.4602787403], [1.2706705665, 1.5096349570]]
    torch.testing.assert_close(layer(f), torch.cat([f, torch.tensor(known, dtype=torch.double)], 1), **EXACT)


def test_closeness_counts_equal_samples_and_ignores_distant_ones() -> None:
    layer = Closeness(3, 4, 2)
    torch.testing.assert_close(layer(torch.ones(5, 3))[:, 3:], torch.full((5, 4), 5.0))
    torch.testing.assert_close(layer(1e4 * torch.randn(5, 3))[:, 3:], torch.ones(5, 4))


def test_real_and_fake_batches_are_not_mixed() -> None:
    """In one batch, collapsed fakes would also change the outputs for real examples."""
    baseline = MinibatchDiscrimination(kernels=4)
    D = as_net(baseline.networks(RING)[1])
    D.weights["2.weight"].data[:] = 1.0
    recorder = Recorder(D)
    b = batch(x=torch.randn(6, 2), z=torch.zeros(6, 2))
    loss = baseline.discriminator_loss(identity(), as_net(recorder), b)
    assert [len(v) for v in recorder.inputs] == [6, 6]
    torch.testing.assert_close(loss, NonSaturatingGAN().discriminator_loss(identity(), D, b))


def test_closeness_has_no_weight_at_first_and_gets_a_gradient() -> None:
    baseline = MinibatchDiscrimination(kernels=4)
    D = as_net(baseline.networks(RING)[1])
    x = torch.randn(6, 2)
    torch.testing.assert_close(D(x)[:3], D(x[:3]))
    loss = baseline.discriminator_loss(identity(), D, batch(x=x, z=torch.zeros(6, 2)))
    (gradient,) = torch.autograd.grad(loss, D.weights["2.weight"])
    assert gradient[0, -4:].abs().min() > 0


def test_historical_averaging_adds_the_squared_distance_from_the_mean_of_the_past() -> None:
    class Weighed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.double))

        def forward(self, v: Tensor) -> Tensor:
            return v.flatten()

    class Copy(Weighed):
        def forward(self, v: Tensor) -> Tensor:
            return v

    G, D, _ = as_net(Copy()), as_net(Weighed()), None
    means = {"mean G.w": torch.tensor([0.0, 2.0]).double(), "mean D.w": torch.tensor([1.0, 5.0]).double()}
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, past=torch.tensor(3.0).double(), **means)
    baseline = HistoricalAveraging(weight=0.5)
    exactly(baseline.generator_loss(G, D, b), 0.3997760737 + 0.5 * 1)
    exactly(baseline.discriminator_loss(G, D, b), 2.1434454095 + 0.5 * 9)
    after = baseline.next_state(G, D, b)
    torch.testing.assert_close(after["mean G.w"], torch.tensor([0.25, 2.0]).double())
    torch.testing.assert_close(after["mean D.w"], torch.tensor([1.0, 4.25]).double())
    assert after["past"] == 4


def test_the_carried_mean_is_that_of_all_past_weights() -> None:
    """Weights before each update of the generator, the first weights counted as an entry of their own."""
    trainer = trained(HistoricalAveraging(), [0], steps=0, backend="eager")
    name = "mean G.0.bias"
    carried = trainer.state["carried"]
    entries = [carried[name][0].clone()]
    for _ in range(3):
        entries.append(trainer.updates.stacked["G"].layout.tensors(trainer.state["G"]["weights"][0])["0.bias"].clone())
        trainer.advance(trainer.done + 1)
        torch.testing.assert_close(carried[name][0], torch.stack(entries).mean(0))
    assert (entries[-1] - entries[0]).abs().max() > 0


def test_without_weight_historical_averaging_is_the_non_saturating_gan() -> None:
    baselines = HistoricalAveraging(weight=0), NonSaturatingGAN()
    averaged, plain = (trained(baseline, [0], backend="eager") for baseline in baselines)
    torch.testing.assert_close(weights(averaged, 0), weights(plain, 0), atol=1e-6, rtol=0)


def test_gan_mse_has_its_worked_values() -> None:
    G, D, b = curved()
    exactly(GANMSE(weight=10).generator_loss(G, D, b), 15.9430392376)
    exactly(GANMSE(weight=1, adversarial=0).generator_loss(G, D, b), 1.5625)
    exactly(GANMSE().discriminator_loss(G, D, b), 2.6675783759)
    exactly(GANMSE(weight=0).generator_loss(*logits()), 0.3997760737)


def test_squared_error_alone_is_least_at_the_mean_of_the_data() -> None:
    """The shift's gradient vanishes where the fakes' mean is the data's; no fake does better than the constant."""
    G, D, b = curved()
    alone = GANMSE(weight=1, adversarial=0)
    mean = b.x.mean(0)
    constant = batch(x=b.x, z=mean.expand(2, 2))
    assert shift_gradient(alone.generator_loss(G, D, constant), G) == [0.0, 0.0]
    blur = alone.generator_loss(G, D, constant)
    torch.testing.assert_close(blur, (b.x - mean).square().mean())  # the trace of the covariance over d
    swapped = alone.generator_loss(G, D, batch(x=b.x, z=b.x.flip(0)))
    assert blur < swapped


def attention() -> SelfAttention:
    layer = SelfAttention(8, lambda conv: conv).double()
    layer.gamma.data.fill_(0.7)
    return layer


def test_attention_does_nothing_at_first() -> None:
    x = torch.randn(2, 8, 3, 3)
    assert torch.equal(SelfAttention(8, SpectralNorm)(x), x)


def test_attention_is_the_weighted_mean_that_the_paper_defines() -> None:
    layer, x = attention(), torch.randn(1, 8, 2, 3, dtype=torch.double)
    places = x[0].flatten(1).T

    def dense(conv: nn.Module, v: Tensor) -> Tensor:
        return conv(v[None, :, None, None])[0, :, 0, 0]

    expected = []
    for _j, here in enumerate(places):
        energies = torch.stack([dense(layer.f, there) @ dense(layer.g, here) for there in places])
        weight = energies.exp() / energies.exp().sum()
        attended = sum((w * dense(layer.h, there) for w, there in zip(weight, places, strict=True)), torch.zeros(()))
        expected.append(here + 0.7 * dense(layer.v, attended))
    torch.testing.assert_close(layer(x)[0].flatten(1).T, torch.stack(expected))


@pytest.mark.parametrize(("space", "side"), [(DIGITS, 4), (MNIST, 14)], ids=["8", "28"])
def test_sagan_attends_at_half_size_in_both_networks_and_normalises_all_layers(space: Space, side: int) -> None:
    baseline, sizes = SAGAN(), []
    G, D = baseline.networks(space)
    for net, inputs in ((G, torch.randn(2, 2)), (D, torch.randn(2, *space.shape))):
        (layer,) = [layer for layer in net.modules() if isinstance(layer, SelfAttention)]
        layer.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[2:])))
        net(inputs)
        inside = {id(p) for one in net.modules() if isinstance(one, SpectralNorm) for p in one.parameters()}
        bare = {name for name, p in net.named_parameters() if id(p) not in inside and p.ndim > 1}
        assert not bare
    assert sizes == [(side, side), (side, side)]


def test_sagan_has_the_hinge_loss_and_a_faster_discriminator() -> None:
    G, D, b = logits()
    exactly(SAGAN().discriminator_loss(G, D, b), 3.1)
    exactly(SAGAN().generator_loss(G, D, b), -0.85)
    assert [optimizer.schedule()["lr"] for optimizer in SAGAN().optimizers(0.0)] == [1e-4, 4e-4]
    assert SAGAN().unsupported(RING, 32)


def test_a_laplacian_pyramid_of_real_images_puts_them_together_again() -> None:
    x = torch.randn(2, 1, 8, 8)
    G = as_net(LAPGAN(levels=2).networks(DIGITS)[0])
    b = batch(x=x, z=torch.randn(2, 2), z0=torch.randn(2, 1, 8, 8), z1=torch.randn(2, 1, 4, 4))
    inputs = {name: real for name, real, _ in LAPGAN(levels=2).pairs(G, b)}
    assert list(inputs) == ["detail0", "detail1", "small"]
    torch.testing.assert_close(inputs["small"], avg_pool2d(x, 4))
    again = inputs["small"]
    for name in ("detail1", "detail0"):
        detail, blurred = inputs[name].chunk(2, dim=1)
        torch.testing.assert_close(blurred, enlarged(again))
        again = blurred + detail
    torch.testing.assert_close(again, x)


def test_every_level_of_a_pyramid_adds_its_losses() -> None:
    G, _ = (as_net(net) for net in LAPGAN(levels=2).networks(DIGITS))
    zero = Always(torch.zeros(2, dtype=torch.double))
    D = parts(detail0=zero, detail1=zero, small=zero)
    b = batch(x=torch.randn(2, 1, 8, 8), z=torch.randn(2, 2), z0=torch.randn(2, 1, 8, 8), z1=torch.randn(2, 1, 4, 4))
    exactly(LAPGAN(levels=2).discriminator_loss(G, D, b), 6 * torch.tensor(2.0).double().log().item())
    exactly(LAPGAN(levels=2).generator_loss(G, D, b), 3 * torch.tensor(2.0).double().log().item())


def test_a_sample_is_made_from_the_small_image_upwards() -> None:
    small = torch.tensor([[[[0.5]]]])
    G = parts(
        small=Always(small),
        detail0=Always(torch.full((1, 1, 4, 4), 0.1)),
        detail1=Always(torch.full((1, 1, 2, 2), -0.2)),
    )
    x = LAPGAN(levels=2).generate(G, batch(z=torch.zeros(1, 2), z0=torch.zeros(1, 1, 4, 4), z1=torch.zeros(1, 1, 2, 2)))
    torch.testing.assert_close(x, torch.full((1, 1, 4, 4), 0.4))


def test_a_pyramid_needs_images_that_can_be_halved() -> None:
    assert LAPGAN().unsupported(RING, 32)
    assert LAPGAN(levels=3).unsupported(MNIST, 32)
    assert LAPGAN(levels=2).unsupported(MNIST, 32) is None


@pytest.mark.parametrize(("side", "levels"), [(16, 1), (28, 2), (32, 2), (64, 3), (14, 1)])
def test_a_pyramid_ends_at_seven_or_eight_pixels(side: int, levels: int) -> None:
    space = Space((1, side, side), 10, -1.0, 1.0)
    assert LAPGAN().levels_on((side, side)) == levels
    assert LAPGAN().unsupported(space, 32) is None
    assert set(LAPGAN().noise(space)) == {"z", *(f"z{i}" for i in range(levels))}


def test_images_of_eight_pixels_have_no_level_unless_one_is_asked_for() -> None:
    assert "no level is left" in str(LAPGAN().unsupported(DIGITS, 32))
    assert LAPGAN(levels=1).unsupported(DIGITS, 32) is None
