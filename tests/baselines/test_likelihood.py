"""Baselines without a discriminator: bounds on the likelihood, the likelihood itself, and what is fitted to codes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import exp, log, pi

import pytest
import torch
from torch import Tensor, nn

from ganbench._util.streams import stream
from ganbench.baseline import Baseline
from ganbench.baselines.ae import Autoencoder
from ganbench.baselines.ae_ot import AEOT, heights
from ganbench.baselines.cvae import CVAE
from ganbench.baselines.pixelcnn import PixelCNN
from ganbench.baselines.pixelrnn import PixelRNN
from ganbench.baselines.vae import VAE
from ganbench.baselines.vae_gan import VAEGAN
from ganbench.data import load
from ganbench.data.sources import Finite
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.nets import pixels, recurrent
from tests.baselines.fixtures import (
    DIGITS,
    EXACT,
    MNIST,
    RING,
    Affine,
    Always,
    Logit,
    Recorder,
    as_net,
    batch,
    exactly,
    identity,
    parts,
)
from tests.training.short_runs import trained

POSTERIOR = torch.tensor([[0.5, -1.0, 0.2, -0.3]], dtype=torch.double)  # mean, log variance
LOGITS = torch.tensor([[0.7, -0.2, 1.1]], dtype=torch.double)
KL, BERNOULLI, GAUSSIAN = 0.6561104894, 1.2886602434, 2.9443749993
EPS = torch.tensor([[0.3, -0.4]], dtype=torch.double)


def test_vae_has_its_worked_values() -> None:
    x = torch.tensor([[1.0, -1.0, 1.0]], dtype=torch.double)  # as numbers from 0 to 1: 1, 0, 1
    b = batch(x=x, eps=EPS)
    bernoulli = parts(encode=Always(POSTERIOR), decode=Always(LOGITS))
    exactly(VAE(likelihood="bernoulli").generator_loss(bernoulli, identity(), b), KL + BERNOULLI)
    gaussian = parts(encode=Always(POSTERIOR), decode=Always(LOGITS.sigmoid()))
    b = batch(x=(x + 1) / 2, eps=EPS)
    exactly(VAE(sd=1).generator_loss(gaussian, identity(), b), KL + GAUSSIAN)
    exactly(VAE(sd=1, beta=0).generator_loss(gaussian, identity(), b), GAUSSIAN)
    exactly(VAE(sd=1, beta=3).generator_loss(gaussian, identity(), b), 3 * KL + GAUSSIAN)


def test_the_gaussian_likelihood_is_a_density_in_its_sd() -> None:
    x, decoded = torch.randn(4, 3, dtype=torch.double), torch.randn(4, 3, dtype=torch.double)
    known = -torch.distributions.Normal(decoded, 0.3).log_prob(x).sum(1)
    torch.testing.assert_close(VAE(sd=0.3).nll(x, decoded), known, **EXACT)


def test_pixels_are_summed_and_the_batch_is_averaged() -> None:
    x, decoded = torch.randn(1, 1, 2, 2, dtype=torch.double), torch.zeros(1, 1, 2, 2, dtype=torch.double)
    one = VAE(sd=1).nll(x, decoded)
    torch.testing.assert_close(VAE(sd=1).nll(x.repeat(1, 3, 1, 1), decoded.repeat(1, 3, 1, 1)), 3 * one)
    many = parts(encode=Always(POSTERIOR.repeat(5, 1)), decode=Always(decoded.repeat(5, 1, 1, 1)))
    few = parts(encode=Always(POSTERIOR), decode=Always(decoded))
    losses = [
        VAE().generator_loss(G, identity(), batch(x=x.repeat(n, 1, 1, 1), eps=EPS.repeat(n, 1)))
        for G, n in ((few, 1), (many, 5))
    ]
    torch.testing.assert_close(*losses)


def test_a_posterior_equal_to_the_prior_costs_nothing() -> None:
    G = parts(encode=Always(torch.zeros(1, 4, dtype=torch.double)), decode=Always(LOGITS))
    x = LOGITS.clone()
    exactly(VAE(sd=1).generator_loss(G, identity(), batch(x=x, eps=EPS)), 1.5 * log(2 * pi))


def test_the_bound_is_the_likelihood_where_the_posterior_is_true() -> None:
    """Linear-Gaussian, x = w z + c + sd n; draws of +1 and -1 have the first two moments of a Gaussian's."""
    w, c, sd, x = 0.8, 0.3, 0.5, 1.7
    variance = sd**2 / (w**2 + sd**2)
    mean = w * (x - c) / (w**2 + sd**2)

    distribution = torch.tensor([[mean, log(variance)]] * 2, dtype=torch.double)
    b = batch(x=torch.full((2, 1), x).double(), eps=torch.tensor([[1.0], [-1.0]]).double())
    known = -torch.distributions.Normal(c, (w**2 + sd**2) ** 0.5).log_prob(torch.tensor(x).double())
    bound = VAE(sd=sd).generator_loss(parts(encode=Always(distribution), decode=Affine(w, c)), identity(), b)
    torch.testing.assert_close(bound, known.double(), atol=1e-6, rtol=0)
    other = distribution + torch.tensor([0.1, 0.2]).double()
    assert VAE(sd=sd).generator_loss(parts(encode=Always(other), decode=Affine(w, c)), identity(), b) > known


def test_the_code_is_drawn_with_the_standard_deviation() -> None:
    decode = Recorder(Always(LOGITS))
    VAE().generator_loss(parts(encode=Always(POSTERIOR), decode=decode), identity(), batch(x=LOGITS, eps=EPS))
    sd = torch.tensor([[0.1, -0.15]], dtype=torch.double).exp()
    torch.testing.assert_close(decode.inputs[0], POSTERIOR[:, :2] + sd * EPS, **EXACT)


def test_a_bernoulli_sample_is_the_mean_in_the_range_of_the_data() -> None:
    x = VAE(likelihood="bernoulli").generate(parts(decode=Always(LOGITS)), batch(z=EPS))
    torch.testing.assert_close(x, 2 * LOGITS.sigmoid() - 1, **EXACT)
    assert VAE(likelihood="bernoulli").unsupported(RING, 32)
    assert VAE(likelihood="bernoulli").unsupported(DIGITS, 32) is None
    G, _ = VAE(likelihood="bernoulli").networks(DIGITS)
    assert not any(isinstance(layer, nn.Tanh) for layer in G.modules())  # logits are unbounded


def test_cvae_is_vae_with_the_class_told_to_encoder_and_decoder() -> None:
    class Echo(nn.Module):
        """The class as the distribution's mean, or as the decoded value."""

        def __init__(self, size: int) -> None:
            super().__init__()
            self.size = size

        def forward(self, v: Tensor, y: Tensor) -> Tensor:
            return torch.nn.functional.pad(y[:, None].double(), (0, self.size - 1))

    G = parts(encode=Echo(2), decode=Echo(1))
    b = batch(x=torch.tensor([[3.0], [1.0]]).double(), y=torch.tensor([3, 1]), eps=EPS.T.clone(), z=EPS.T)
    exactly(CVAE(sd=1).generator_loss(G, identity(), b), log(2 * pi) / 2 + (9 + 1) / 4)
    assert CVAE().generate(G, b).tolist() == [[3.0], [1.0]]
    assert CVAE().unsupported(Space((2,), 0, -1, 1), 32)


def test_cvaes_networks_use_the_class() -> None:
    for space in (RING, MNIST):
        G = as_net(CVAE().networks(space)[0])
        x, z = torch.randn(2, *space.shape), torch.randn(2, 2)
        one, two = torch.tensor([0, 1]), torch.tensor([2, 3])
        assert G.encode(x, one).shape == (2, 4)
        assert not torch.allclose(G.encode(x, one), G.encode(x, two))
        assert not torch.allclose(G.decode(z, one), G.decode(z, two))


def test_vae_gan_has_its_worked_values() -> None:
    zeros = torch.zeros(2, 4, dtype=torch.double)
    G = parts(encode=Always(zeros), decode=Always(torch.tensor([[0.2], [1.5]], dtype=torch.double)))
    D = parts(features=nn.Identity(), head=Logit())
    b = batch(x=torch.tensor([[0.5], [-1.0]]).double(), z=EPS, eps=EPS.repeat(2, 1))
    fakes = (log(1 + exp(0.2)) + log(1 + exp(1.5))) / 2  # once for samples, once for reconstructions
    exactly(VAEGAN().discriminator_loss(G, D, b), 2.1434454095 + fakes)
    errors = 0.5 * (0.09 / 2 + 6.25 / 2)
    exactly(VAEGAN(weight=0.1).generator_loss(G, D, b), 1.1 * errors + 2 * 0.3997760737)


def test_vae_gans_encoder_has_no_adversarial_loss_and_its_decoder_is_weighed() -> None:
    class Scale(nn.Module):
        def __init__(self, scale: float) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.tensor(scale).double())

    class Encode(Scale):
        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([self.scale * x, torch.zeros_like(x)], 1)

    class Decode(Scale):
        def forward(self, z: Tensor) -> Tensor:
            return self.scale * z

    b = batch(x=torch.tensor([[2.0]]).double(), z=torch.zeros(1, 1).double(), eps=torch.zeros(1, 1).double())
    D = parts(features=nn.Identity(), head=Logit())
    gradients = {}
    for weight in (0.0, 1.0):
        G = parts(encode=Encode(0.5), decode=Decode(3.0))
        loss = VAEGAN(weight=weight).generator_loss(G, D, b)
        gradients[weight] = dict(zip(G.weights, torch.autograd.grad(loss, list(G.weights.values())), strict=True))
    # code e x = 1, again d e x = 3, error (2 - 3)^2 / 2, divergence (e x)^2 / 2
    for weight in gradients:
        exactly(gradients[weight]["encode.scale"], (3 - 2) * 3 * 2 + 1 * 2)
    exactly(gradients[1.0]["decode.scale"] - gradients[0.0]["decode.scale"], (3 - 2) * 1)
    exactly(gradients[0.0]["decode.scale"], -torch.tensor(-3.0).double().sigmoid().item())


def test_an_autoencoders_loss_is_summed_over_pixels() -> None:
    G = parts(encode=nn.Identity(), decode=Always(torch.zeros(2, 3).double()))
    exactly(Autoencoder().generator_loss(G, identity(), batch(x=torch.tensor([[1.0, 2, 0], [0, 0, 3]]).double())), 7.0)


def test_a_linear_autoencoders_loss_is_the_sum_of_the_remaining_eigenvalues() -> None:
    x = torch.randn(50, 4, dtype=torch.double) @ torch.randn(4, 4, dtype=torch.double)
    x = x - x.mean(0)
    values, vectors = torch.linalg.eigh(x.T.cov(correction=0))
    encode, decode = nn.Linear(4, 2, bias=False), nn.Linear(2, 4, bias=False)
    encode.weight.data, decode.weight.data = vectors[:, 2:].T.contiguous(), vectors[:, 2:].contiguous()
    loss = Autoencoder().generator_loss(parts(encode=encode, decode=decode), identity(), batch(x=x))
    torch.testing.assert_close(loss, values[:2].sum())


def test_an_autoencoder_samples_codes_with_the_mean_and_covariance_of_the_datas() -> None:
    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)) @ torch.tensor([[1.0, 0.5], [0.0, 0.2]]) + 3
    data = replace(load("ring8"), train=Finite(x, torch.zeros(400).long()))
    scale = nn.Linear(2, 2, bias=False)
    G = as_net(nn.ModuleDict({"encode": scale, "decode": nn.Identity()}))
    with torch.no_grad():
        fit = Autoencoder().fit(G, data, stream(0, "fit"))
        codes = scale(x)
        torch.testing.assert_close(fit["mean"], codes.mean(0))
        torch.testing.assert_close(fit["root"] @ fit["root"].T, codes.T.cov(correction=0))
        z = torch.randn(20_000, 2)
        made = Autoencoder().generate(G, batch(z=z, **fit))
    torch.testing.assert_close(made.T.cov(), codes.T.cov(), atol=0.05, rtol=0)
    torch.testing.assert_close(made.mean(0), codes.mean(0), atol=0.05, rtol=0)


def test_an_autoencoder_can_sample_codes_that_are_not_fitted() -> None:
    baseline, data = Autoencoder(codes="random"), load("ring8")
    G = parts(decode=nn.Identity(), encode=nn.Identity())
    assert baseline.fit(G, data, stream(0, "fit")) == {}
    assert torch.equal(baseline.generate(G, batch(z=EPS)), EPS)
    with pytest.raises(BadInput, match="codes must be one of fitted, random, got 'any'"):
        Autoencoder(codes="any")


def test_the_heights_of_a_brenier_potential_have_their_closed_form_on_a_line() -> None:
    """Cells of mass 0.2, 0.5, 0.3 of [-1/2, 1/2]: neighbours' planes meet at -0.3 and 0.2."""
    y, mass = torch.tensor([[0.1], [0.5], [0.9]]), torch.tensor([0.2, 0.5, 0.3])
    known = torch.tensor([0.0, 0.4 * 0.3, 0.4 * 0.3 - 0.4 * 0.2])
    torch.testing.assert_close(heights(y, mass, 300, stream(0, "h")), known - known.mean(), atol=2e-3, rtol=0)


def test_reordering_the_codes_reorders_the_heights() -> None:
    y, mass = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.full((6,), 1 / 6)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    there, here = heights(y[order], mass, 200, stream(0, "h")), heights(y, mass, 200, stream(0, "h"))
    torch.testing.assert_close(there, here[order], atol=1e-5, rtol=0)


def test_every_code_is_drawn_equally_often() -> None:
    y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    h = heights(y, torch.full((20,), 1 / 20), 300, stream(0, "h"))
    w = torch.rand(40_000, 3, generator=torch.Generator().manual_seed(1)) - 0.5
    counts = torch.bincount((w @ y.T + h).argmax(1), minlength=20)
    assert (counts / 2000 - 1).abs().max() < 0.12  # 4 sd of a fair draw are 0.087


def test_a_sample_mixes_neighbouring_codes_and_never_across_a_jump() -> None:
    y = torch.tensor([[0.0, 0.0], [0.1, 0.0], [9.0, 0.0]])
    fitted = {"codes": 10 * y, "y": y, "h": torch.tensor([0.0, -1e-3, -100.0])}
    w = torch.tensor([[-0.2, 0.0]])
    G = parts(decode=nn.Identity())
    assert torch.allclose(AEOT().generate(G, batch(w=w, **fitted)), torch.tensor([[0.25, 0.0]]))
    alone = fitted | {"h": torch.tensor([-100.0, -100.0, 0.0])}  # the code far out has no neighbour
    assert torch.allclose(AEOT().generate(G, batch(w=w, **alone)), torch.tensor([[90.0, 0.0]]))


PIXELS: list[PixelCNN | PixelRNN] = [
    PixelCNN(levels=3, width=8, layers=2),
    PixelRNN(levels=3, width=8, layers=2),
    PixelRNN(memory="diagonal", levels=3, width=8, layers=2),
]
NAMES = ["cnn", "row", "diagonal"]


def pixel_network(baseline: PixelCNN | PixelRNN, scale: float = 1.0) -> nn.Module:
    """A pixel network whose every weight matters, in double precision."""
    G = baseline.networks(DIGITS)[0].double()
    for weight in G.parameters():
        nn.init.normal_(weight, 0.0, scale)
    return G


@pytest.mark.parametrize(("baseline", "side"), list(zip(PIXELS, (5, 4, 4), strict=True)), ids=NAMES)
def test_a_pixels_distribution_depends_on_all_pixels_before_it_and_on_none_after_it(
    baseline: PixelCNN | PixelRNN, side: int
) -> None:
    """On images so small that even the last pixel of the row above is in reach; also those of the blind spot."""
    G = pixel_network(baseline, 0.5)
    x = torch.randn(8, 1, side, side, dtype=torch.double, requires_grad=True)  # in each of 8, other units are at rest
    logits = G(x)
    for i, j in product(range(side), range(side)):
        (gradient,) = torch.autograd.grad(logits[:, :, i, j].square().sum(), x, retain_graph=True)
        used = gradient.abs().sum((0, 1)).flatten() != 0
        place = side * i + j
        assert not used[place:].any(), f"pixel {i}, {j} depends on what comes after it"
        assert used[:place].all(), f"pixel {i}, {j} does not depend on all that comes before it"


@pytest.mark.parametrize("baseline", PIXELS, ids=NAMES)
def test_the_probabilities_of_all_images_add_up_to_one(baseline: PixelCNN | PixelRNN) -> None:
    baseline = replace(baseline, levels=2, width=4, layers=1)
    G = as_net(pixel_network(baseline, 0.7))
    images = torch.tensor(list(product([-1.0, 1.0], repeat=6)), dtype=torch.double).view(-1, 1, 2, 3)
    nll = torch.stack([baseline.generator_loss(G, identity(), batch(x=image[None])) for image in images])
    torch.testing.assert_close((-nll).exp().sum(), torch.tensor(1.0).double())
    assert nll.std() > 0.1


@pytest.mark.parametrize("baseline", [PixelCNN(), PixelRNN(), PixelRNN(memory="diagonal")], ids=NAMES)
def test_it_starts_with_every_level_equally_likely(baseline: PixelCNN | PixelRNN) -> None:
    G = as_net(baseline.networks(DIGITS)[0])
    x = load("digits").train.examples({"index": torch.arange(4)})[0]
    assert baseline.monitor(G, identity(), batch(x=x)).item() == pytest.approx(log(17) / log(2), abs=1e-5)


def test_the_grey_levels_of_the_digits_survive_the_rounding() -> None:
    x = load("digits").train.examples({"index": torch.arange(50)})[0]
    level = pixels.quantised(x, 17)
    assert level.unique().tolist() == list(range(17))
    torch.testing.assert_close(pixels.grey(level, 17)[:, None], x)


@pytest.mark.parametrize("baseline", PIXELS, ids=NAMES)
def test_samples_invert_the_distribution_that_the_whole_network_states(baseline: PixelCNN | PixelRNN) -> None:
    """Also what is left out of the computation, rows out of reach, is thereby shown not to matter."""
    G = pixel_network(baseline, 0.5)
    u = torch.rand(3, 10, 4, dtype=torch.double)
    with torch.no_grad():
        x = baseline.generate(as_net(G), batch(u=u))
        below = G(x).softmax(1).cumsum(1)
    level = pixels.quantised(x, 3)
    high = below.gather(1, level[:, None])[:, 0]
    low = torch.where(level > 0, below.gather(1, (level - 1).clamp(min=0)[:, None])[:, 0], 0)
    assert x.shape == (3, 1, 10, 4)
    assert (low <= u + 1e-9).all()
    assert (u < high + 1e-9).all()
    assert len(level.unique()) == 3


def test_a_diagonal_layer_is_its_recurrence_pixel_by_pixel() -> None:
    layer = recurrent.DiagonalBiLSTM(3).double()
    x = torch.randn(2, 3, 4, 5, dtype=torch.double)
    sweeps = [slow_sweep(layer, 0, x), slow_sweep(layer, 1, x.flip(3)).flip(3)]
    lower = torch.cat([torch.zeros_like(x[:, :, :1]), sweeps[1][:, :, :-1]], 2)
    torch.testing.assert_close(layer(x), x + sweeps[0] + lower)


def slow_sweep(layer: recurrent.DiagonalBiLSTM, direction: int, x: Tensor) -> Tensor:
    """From the upper left corner: a pixel's own input, the states of its neighbours, and its left one's memory."""
    seen = layer.seen[direction].get_parameter("weight")[:, :, 0, 0], layer.seen[direction].get_parameter("bias")
    above, left = layer.state[direction].get_parameter("weight").unbind(2)
    zero = torch.zeros(len(x), x.shape[1], dtype=torch.double)
    h: dict[tuple[int, int], Tensor] = {}
    c: dict[tuple[int, int], Tensor] = {}
    for i, j in product(range(x.shape[2]), range(x.shape[3])):
        gates = x[:, :, i, j] @ seen[0].T + seen[1]
        gates = gates + h.get((i - 1, j), zero) @ above.T + h.get((i, j - 1), zero) @ left.T
        o, f, k, g = gates.chunk(4, dim=1)
        c[i, j] = f.sigmoid() * c.get((i, j - 1), zero) + k.sigmoid() * g.tanh()
        h[i, j] = o.sigmoid() * c[i, j].tanh()
    rows = [torch.stack([h[i, j] for j in range(x.shape[3])], 2) for i in range(x.shape[2])]
    return torch.stack(rows, 2)


@pytest.mark.parametrize("direction", [0, 1])
def test_both_sweeps_of_a_diagonal_layer_are_used(direction: int) -> None:
    layer = recurrent.DiagonalBiLSTM(3)
    x = torch.randn(1, 3, 3, 4)
    before = layer(x)
    nn.init.zeros_(layer.seen[direction].get_parameter("weight"))
    assert not torch.allclose(layer(x), before)


def test_skewing_moves_each_row_on_by_its_number_and_is_undone() -> None:
    x = torch.arange(1.0, 7.0).view(1, 1, 2, 3)
    assert recurrent.skewed(x)[0, 0].tolist() == [[1, 2, 3, 0], [0, 4, 5, 6]]
    assert torch.equal(recurrent.straight(recurrent.skewed(x)), x)


def test_pixel_models_refuse_what_they_do_not_support() -> None:
    assert PixelCNN().unsupported(RING, 32)
    assert PixelCNN().unsupported(Space((3, 32, 32), 0, -1, 1), 32)
    assert PixelCNN().unsupported(MNIST, 32) is None
    assert "at most 16" in str(PixelRNN().unsupported(MNIST, 32))
    assert PixelRNN().unsupported(DIGITS, 32) is None
    assert PixelCNN().unsupported(Space((1, 8, 8), 0, 0.0, 1.0), 32)
    with pytest.raises(BadInput, match="memory must be one of row, diagonal, got 'both'"):
        PixelRNN(memory="both")
    with pytest.raises(BadInput, match="levels"):
        PixelCNN(levels=1)


WITHOUT: list[Baseline] = [VAE(), CVAE(), Autoencoder(), AEOT()]


@pytest.mark.parametrize("baseline", WITHOUT, ids=lambda b: type(b).__name__)
def test_without_a_discriminator_only_the_generator_is_updated(baseline: Baseline) -> None:
    assert baseline.updates(0) == ("generator",)
    with pytest.raises(BadInput, match="d_steps"):
        replace(baseline, d_steps=1)


def test_a_few_steps_bring_the_loss_down() -> None:
    trainer = trained(VAE(), [0], steps=1, backend="eager")
    first = trainer.update("generator")["generator"].item()
    for _ in range(30):
        last = trainer.update("generator")["generator"].item()
    assert last < first - 5
