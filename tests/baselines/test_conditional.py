"""Networks that are told a class or a code, or that predict one."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ganbench.baseline import Baseline, Net
from ganbench.baselines.acgan import ACGAN
from ganbench.baselines.cgan import CGAN
from ganbench.baselines.infogan import InfoGAN
from ganbench.baselines.ns_gan import NonSaturatingGAN
from ganbench.baselines.projection import Projection
from ganbench.data import load
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets.conditional import ConditionalBatchNorm, Conditioned, Projected
from ganbench.nets.joint import Joint, Labelled, Scaled
from ganbench.nets.layers import BatchNorm, SpectralNorm
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from tests.baselines.fixtures import (
    CLASSES_FAKE,
    CLASSES_REAL,
    LOGITS_FAKE,
    LOGITS_REAL,
    MNIST,
    RING,
    Always,
    First,
    Logit,
    as_net,
    batch,
    exactly,
    identity,
)
from tests.runs.command import TINY, ganbench, suite
from tests.training.short_runs import trained

LABELLED: list[Baseline] = [CGAN(), CGAN(fusion="hadamard"), ACGAN(), Projection()]


def fresh_nets(baseline: Baseline, space: Space = RING) -> tuple[Net, Net]:
    torch.manual_seed(0)
    G, D = baseline.networks(space)
    return as_net(G), as_net(D)


@pytest.mark.parametrize("baseline", LABELLED, ids=lambda b: type(b).__name__)
def test_a_conditional_baseline_refuses_data_without_labels(baseline: Baseline) -> None:
    assert baseline.unsupported(Space((2,), 0, -1, 1), 32)
    assert baseline.unsupported(RING, 32) is None


@pytest.mark.parametrize("baseline", LABELLED, ids=lambda b: type(b).__name__)
def test_a_conditional_generator_makes_the_class_that_it_is_asked_for(baseline: Baseline) -> None:
    G, _ = fresh_nets(baseline)
    z = torch.randn(8, 2).repeat_interleave(2, 0)
    x = baseline.generate(G, batch(z=z, y=torch.arange(16) % 2))
    if isinstance(baseline, Projection):  # its classes are alike until they are trained
        G.weights["layers.1.shift.weight"].data[0] += 1
        x = baseline.generate(G, batch(z=z, y=torch.arange(16) % 2))
    assert ((x[::2] - x[1::2]).abs().sum(1) > 1e-4).all()


@pytest.mark.parametrize("baseline", LABELLED, ids=lambda b: type(b).__name__)
def test_the_labels_of_samples_are_those_asked_for(baseline: Baseline) -> None:
    sampler = Sampler(trained(baseline, [0], steps=1))
    _, y = sampler.draw(5)
    assert torch.equal(y, sampler.batch("sample", 0, 256)["y"][:1, :5])


def test_cgan_on_logits_has_the_non_saturating_losses() -> None:
    D = as_net(Logit())
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, y=torch.tensor([0, 1]))
    exactly(CGAN().discriminator_loss(as_net(First()), D, b), 2.1434454095)
    exactly(CGAN().generator_loss(as_net(First()), D, b), 0.3997760737)


def test_cgans_discriminator_uses_the_label_of_real_and_of_fake_pairs() -> None:
    G, D = fresh_nets(CGAN())
    x, z, y = torch.randn(6, 2), torch.randn(6, 2), torch.tensor([0, 1, 2, 3, 4, 5])
    assert not torch.allclose(D(x, y), D(x, y.flip(0)))
    before = CGAN().discriminator_loss(G, D, batch(x=x, z=z, y=y))
    after = CGAN().discriminator_loss(G, D, batch(x=x, z=z, y=y.flip(0)))
    assert not torch.allclose(before, after)


def test_the_discriminator_is_given_the_label_that_the_generator_was_given() -> None:
    class Told(nn.Module):
        def forward(self, z: Tensor, y: Tensor) -> Tensor:
            return y[:, None].double() + 0 * z

    class Match(nn.Module):
        """High exactly where the example is its label."""

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return -10 * (x[:, 0] - y).abs()

    y = torch.tensor([3, 1, 2])
    b = batch(x=y[:, None].double(), z=torch.zeros(3, 1), y=y)
    exactly(CGAN().generator_loss(as_net(Told()), as_net(Match()), b), log(2))
    exactly(CGAN().discriminator_loss(as_net(Told()), as_net(Match()), b), 2 * log(2))
    exactly(Projection().discriminator_loss(as_net(Told()), as_net(Match()), b), 2)
    assert Projection().generator_loss(as_net(Told()), as_net(Match()), b) == 0


def test_a_label_is_planes_beside_an_image_and_indicators_beside_a_point() -> None:
    y = torch.tensor([2, 0])
    told = Labelled(Joint(nn.Identity()), 3)(torch.full((2, 2), 7.0), y)
    assert told.tolist() == [[7, 7, 0, 0, 1], [7, 7, 1, 0, 0]]
    planes = Labelled(Joint(nn.Identity(), flat=False), 3)(torch.full((2, 1, 2, 2), 7.0), y)
    assert planes.shape == (2, 4, 2, 2)
    assert planes[0, :, 1, 0].tolist() == [7, 0, 0, 1]
    _, D = fresh_nets(CGAN(), MNIST)
    assert D(torch.zeros(2, 1, 28, 28), y).shape == (2,)


def test_the_hadamard_product_with_ones_is_the_unconditional_generator() -> None:
    told = Scaled(nn.Linear(2, 3), 4, 2)
    nn.init.ones_(told.scale.weight)
    z = torch.randn(5, 2)
    assert torch.equal(told(z, torch.tensor([0, 1, 2, 3, 0])), told.net(z))
    told.scale.weight.data[1] = torch.tensor([2.0, 0.0])
    assert torch.equal(told(z, torch.ones(5).long()), told.net(z * torch.tensor([2.0, 0.0])))


def test_an_unknown_fusion_is_refused() -> None:
    with pytest.raises(BadInput, match="fusion must be one of concat, hadamard"):
        CGAN(fusion="add")


def heads() -> tuple[Net, Net, dict[str, Tensor]]:
    """Fixtures L and K at once: examples are the discriminator's outputs."""
    x, z = torch.cat([LOGITS_REAL, CLASSES_REAL], 1), torch.cat([LOGITS_FAKE, CLASSES_FAKE], 1)
    return as_net(First()), identity(), {"x": x, "z": z}


def test_acgan_has_its_worked_values() -> None:
    G, D, tensors = heads()
    b = batch(**tensors, y=torch.tensor([0, 2]), y_fake=torch.tensor([1, 2]))
    exactly(ACGAN().discriminator_loss(G, D, b), 4.4307095098)
    exactly(ACGAN().generator_loss(G, D, b), 1.3300593357)
    named = batch(**tensors, y=torch.tensor([0, 2]), y_fake=torch.tensor([0, 0]))
    exactly(ACGAN().monitor(G, D, named), 0.5)


def test_acgan_without_class_terms_is_the_non_saturating_gan() -> None:
    G, D, tensors = heads()
    b = batch(**tensors, y=torch.tensor([0, 2]), y_fake=torch.tensor([1, 2]))
    exactly(ACGAN(weight=0).discriminator_loss(G, D, b), 2.1434454095)
    exactly(ACGAN(weight=0).generator_loss(G, D, b), 0.3997760737)


def test_both_losses_of_acgan_fall_when_the_class_is_named_right() -> None:
    """A class term of the wrong sign would make one of the losses fall when the name is wrong."""
    G, D, tensors = heads()
    right, wrong = (batch(**tensors, y=y, y_fake=y) for y in (torch.tensor([0, 1]), torch.tensor([2, 0])))
    assert ACGAN().discriminator_loss(G, D, right) < ACGAN().discriminator_loss(G, D, wrong)
    assert ACGAN().generator_loss(G, D, right) < ACGAN().generator_loss(G, D, wrong)


def test_the_projection_has_its_worked_values() -> None:
    D = Projected(nn.Identity(), 3, 2, wrap=lambda layer: layer).double()
    D.psi.weight.data[:] = torch.tensor([[0.5, 0.25, -1.0]])  # type: ignore[operator]
    D.psi.bias.data[:] = 0.1  # type: ignore[operator]
    D.V.weight.data[:] = torch.tensor([[0.2, 0.1, -0.4], [-1.0, 0.3, 0.6]])  # type: ignore[operator]
    phi = torch.tensor([[1.0, -2.0, 0.5]] * 2, dtype=torch.double)
    told = D(phi, torch.tensor([0, 1]))
    torch.testing.assert_close(told, torch.tensor([-0.6, -1.7], dtype=torch.double), atol=1e-6, rtol=0)


def test_projection_has_the_hinge_loss() -> None:
    D = as_net(Logit())
    b = batch(x=LOGITS_REAL, z=LOGITS_FAKE, y=torch.tensor([0, 1]))
    exactly(Projection().discriminator_loss(as_net(First()), D, b), 3.1)
    exactly(Projection().generator_loss(as_net(First()), D, b), -0.85)


@pytest.mark.parametrize("space", [RING, MNIST], ids=["points", "images"])
def test_every_layer_of_the_projection_discriminator_is_spectrally_normalised(space: Space) -> None:
    _, D = Projection().networks(space)
    covered = {id(p) for layer in D.modules() if isinstance(layer, SpectralNorm) for p in layer.parameters()}
    assert covered == {id(p) for p in D.parameters()}
    assert D(torch.zeros(3, *space.shape), torch.tensor([0, 1, 2])).shape == (3,)


def test_projections_features_of_images_are_sums_over_all_places() -> None:
    """They do not change where a picture inside a border of zeros is moved by whole strides; a flattening's do."""
    _, D = Projection().networks(MNIST)
    x = torch.zeros(1, 1, 28, 28)
    x[:, :, 8:16, 8:16] = torch.rand(8, 8)
    features = [D.get_submodule("features")(each) for each in (x, x.roll((4, 4), (2, 3)))]
    assert features[0].shape == (1, 32)
    torch.testing.assert_close(*features)


def test_projections_generator_sees_twice_as_many_examples() -> None:
    assert [Projection().batch_size(update, 8) for update in ("discriminator", "generator")] == [8, 16]


def test_projections_rates_fall_to_zero_in_a_straight_line() -> None:
    for progress, share in ((0.0, 1.0), (0.25, 0.75), (0.999, 0.001)):
        rates = [optimizer.schedule()["lr"] for optimizer in Projection().optimizers(progress)]
        assert rates == pytest.approx([2e-4 * share] * 2)


@pytest.mark.parametrize("space", [RING, MNIST], ids=["points", "images"])
def test_a_conditioned_generator_has_no_bias_before_a_norm_and_at_first_no_opinion_about_classes(space: Space) -> None:
    G, _ = Projection().networks(space)
    assert isinstance(G, Conditioned)
    norms = [i for i, layer in enumerate(G.layers) if isinstance(layer, ConditionalBatchNorm)]
    assert len(norms) >= 2
    for i in norms:
        before = [layer for layer in list(G.layers)[:i] if hasattr(layer, "bias")][-1]
        assert before.bias is None
    z = torch.randn(16, 2)
    torch.testing.assert_close(G(z, torch.zeros(16).long()), G(z, torch.ones(16).long()))


def test_conditional_normalisation_scales_and_shifts_by_class() -> None:
    layer = ConditionalBatchNorm(2, 3)
    layer.gain.weight.data[1], layer.shift.weight.data[1] = torch.tensor([2.0, 3.0]), torch.tensor([-1.0, 0.5])
    x = torch.randn(8, 2, 3, 3)
    plain, told = layer(x, torch.zeros(8).long()), layer(x, torch.ones(8).long())
    torch.testing.assert_close(told[:, 0], 2 * plain[:, 0] - 1)
    torch.testing.assert_close(told[:, 1], 3 * plain[:, 1] + 0.5)


def test_infogan_has_its_worked_values() -> None:
    _, D, tensors = heads()
    baseline = InfoGAN(categories=3, continuous=0)

    class Codes(First):  # the fixture's generator leaves the codes out of what it returns
        def forward(self, v: Tensor, *rest: Tensor) -> Tensor:
            return v[:, :4]

    b = batch(**tensors, category=torch.tensor([1, 2]), code=torch.zeros(2, 0, dtype=torch.double))
    exactly(baseline.generator_loss(as_net(Codes()), D, b), 1.3300593357)
    exactly(baseline.discriminator_loss(as_net(Codes()), D, b), 2.1434454095 + 0.9302832620)
    exactly(baseline.monitor(as_net(Codes()), D, b), 0.1683290267)


def test_infogans_continuous_codes_have_a_unit_gaussian_likelihood() -> None:
    baseline = InfoGAN(categories=1, continuous=1)
    code, mean = torch.tensor([[0.3], [-0.5]], dtype=torch.double), torch.tensor([[0.1], [0.2]], dtype=torch.double)
    fake = torch.cat([torch.zeros(2, 2, dtype=torch.double), mean], 1)  # logit, the one category, the code's mean
    b = batch(z=torch.zeros(2, 0).double(), category=torch.zeros(2).long(), code=code)
    exactly(baseline.nlls(fake, b)[1], 1.0514385332)
    exactly(baseline.monitor(as_net(Always(fake)), identity(), b), -0.3582913526)


def test_infogans_continuous_codes_weigh_less_than_its_category() -> None:
    fake = torch.tensor([[0.0, 2.0, 1.0, 0.4]], dtype=torch.double)  # logit, two categories, the code's mean
    b = batch(category=torch.tensor([1]), code=torch.tensor([[-0.6]], dtype=torch.double))
    category, continuous = (float(nll) for nll in InfoGAN(categories=2, continuous=1).nlls(fake, b))
    assert (category, continuous) == pytest.approx((1.3132616875, 0.5 + 0.9189385332), abs=1e-9)
    exactly(InfoGAN(categories=2, continuous=1).price(fake, b), category + 0.1 * continuous)
    exactly(InfoGAN(categories=2, continuous=1, weight=0.5, continuous_weight=0.0).price(fake, b), category / 2)


@pytest.mark.parametrize("space", [RING, MNIST], ids=["points", "images"])
def test_infogan_reads_codes_by_a_hidden_layer_of_its_own(space: Space) -> None:
    _, D = InfoGAN().networks(space)
    assert D(torch.randn(4, *space.shape)).shape == (4, 13)
    own = [type(layer) for layer in D.get_submodule("Q").children()]
    assert own == [nn.Linear, BatchNorm, nn.LeakyReLU, nn.Linear]
    assert D.get_submodule("Q.0").weight.shape[0] == 128


def test_the_product_with_a_vector_for_each_class_gets_a_longer_noise_unless_it_is_set() -> None:
    ring, digits = load("ring8"), load("digits")
    latents = [registry.configure(name, {}, ring).latent for name in ("cgan:concat", "cgan:hadamard")]
    assert latents == [2, 16]
    assert registry.configure("cgan:hadamard", {}, digits).latent == digits.latent
    assert registry.configure("cgan:hadamard", {"latent": 3}, ring).latent == 3


def test_perfect_codes_carry_all_of_their_entropy() -> None:
    baseline = InfoGAN(categories=4, continuous=0)
    category = torch.tensor([0, 1, 2, 3])
    fake = torch.cat([torch.zeros(4, 1), 100 * torch.eye(4)], 1)
    read, _ = baseline.nlls(fake, batch(category=category, code=torch.zeros(4, 0)))
    assert log(4) - read == pytest.approx(log(4))


def test_the_information_reaches_the_generator_and_the_reading_head() -> None:
    b = batch(x=torch.randn(6, 2), z=torch.randn(6, 2), category=torch.arange(6) % 3, code=torch.rand(6, 2))
    gradients: dict[tuple[str, float], list[Tensor]] = {}
    for weight in (0.0, 1.0):
        baseline = InfoGAN(categories=3, weight=weight, continuous_weight=0.0)
        G, D = fresh_nets(baseline)
        for name, loss, mover in (("G", baseline.generator_loss, G), ("D", baseline.discriminator_loss, D)):
            learnt = [value for key, value in mover.weights.items() if not key.startswith("head.")]
            gradients[name, weight] = list(torch.autograd.grad(loss(G, D, b), learnt))
    for name in "GD":
        assert not any(torch.allclose(a, c) for a, c in zip(gradients[name, 0.0], gradients[name, 1.0], strict=True))


def test_infogan_without_information_is_the_non_saturating_gan() -> None:
    baseline = InfoGAN(categories=3, weight=0, continuous_weight=0)
    G, D = fresh_nets(baseline)
    b = batch(x=torch.randn(6, 2), z=torch.randn(6, 2), category=torch.arange(6) % 3, code=torch.rand(6, 2))
    fake = baseline.generate(G, b)

    class FirstOutput(nn.Module):
        def forward(self, v: Tensor) -> Tensor:
            return D(v)[:, 0]

    plain = batch(x=b.x, z=fake)
    base, head = NonSaturatingGAN(), as_net(FirstOutput())
    torch.testing.assert_close(
        baseline.discriminator_loss(G, D, b), base.discriminator_loss(as_net(First()), head, plain)
    )
    torch.testing.assert_close(baseline.generator_loss(G, D, b), base.generator_loss(as_net(First()), head, plain))


def test_infogans_generator_is_faster_than_its_discriminator() -> None:
    assert [optimizer.schedule()["lr"] for optimizer in InfoGAN().optimizers(0.0)] == [1e-3, 2e-4]


@pytest.mark.parametrize("name", [name for name in registry.everyone() if registry.load(name).conditional])
def test_whoever_is_asked_for_a_class_refuses_unlabelled_data_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = load("digits")
    unlabelled = replace(digits, space=replace(digits.space, classes=0))
    monkeypatch.setattr("ganbench.data.load", lambda name, folder=None, download=True: unlabelled)
    text = TINY.replace('["ns_gan", "noise"]', f'["{name}"]').replace("ring8", "digits")
    done = ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"ganbench: {name} ")
    assert done.stderr.endswith(" digits: it needs labelled data\n")
    assert not (tmp_path / "out").exists()
