"""f-GAN's twelve divergences: table values, their own definitions, and known relations among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf, log

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.special import lambertw
from scipy.stats import norm
from torch import Tensor

from ganbench.baselines.f_gan import FGAN, jeffrey_conjugate
from ganbench.errors import BadInput, UnknownName
from tests.baselines.fixtures import P, Q, curved, largest_gradient, logits, shift_gradient, three_points

Curve = Callable[[Tensor], Tensor]


def odds(rho: Tensor) -> Tensor:
    return rho.log()


# For each divergence: the baseline, f(u), and the raw number that the best discriminator gives where p/q = rho.
MEMBERS: dict[str, tuple[FGAN, Curve, Curve]] = {
    "total_variation": (FGAN(divergence="total_variation"), lambda u: (u - 1).abs() / 2, lambda r: 50 * (r - 1).sign()),
    "kl": (FGAN(divergence="kl"), lambda u: u * u.log(), lambda r: 1 + r.log()),
    "reverse_kl": (FGAN(divergence="reverse_kl"), lambda u: -u.log(), odds),
    "pearson": (FGAN(divergence="pearson"), lambda u: (u - 1).square(), lambda r: 2 * (r - 1)),
    "neyman": (FGAN(divergence="neyman"), lambda u: (1 - u).square() / u, lambda r: 2 * r.log()),
    "hellinger": (FGAN(divergence="hellinger"), lambda u: (u.sqrt() - 1).square(), lambda r: r.log() / 2),
    "jeffrey": (FGAN(divergence="jeffrey"), lambda u: (u - 1) * u.log(), lambda r: 1 + r.log() - 1 / r),
    "jensen_shannon": (
        FGAN(divergence="jensen_shannon"),
        lambda u: u * u.log() - (u + 1) * ((u + 1) / 2).log(),
        odds,
    ),
    "weighted_js": (
        FGAN(divergence="weighted_js"),
        lambda u: 0.3 * u * u.log() - (0.7 + 0.3 * u) * (0.7 + 0.3 * u).log(),
        lambda r: ((0.3 * r / (0.7 + 0.3 * r)) ** 0.3).logit(),
    ),
    "gan": (FGAN(divergence="gan"), lambda u: u * u.log() - (u + 1) * (u + 1).log(), odds),
    "alpha 0.5": (
        FGAN(divergence="alpha", alpha=0.5),
        lambda u: -4 * (u.sqrt() - 1 - (u - 1) / 2),
        lambda r: -2 * r**-0.5 - (-torch.expm1(-2 * r**-0.5)).log(),
    ),
    "alpha 1.5": (
        FGAN(divergence="alpha", alpha=1.5),
        lambda u: (u**1.5 - 1 - 1.5 * (u - 1)) / 0.75,
        lambda r: 2 * (r.sqrt() - 1),
    ),
}

# Losses on logits: discriminator, generator, generator with the trick; divergences of P, N1 and N2.
VALUES = {
    "total_variation": (0.3505001431, -0.2756308935, -0.2756308935, 0.4, 0.3829249225, 0.2377806430),
    "kl": (1.2990251174, -1.0490251174, -0.85, 0.3600624406, 0.5, 0.1832428859),
    "reverse_kl": (1.5124062441, 0.15, 0.5209304566, 0.3948162052, 0.5, 0.3445348919),
    "pearson": (1.38625, -1.13625, -0.85, 0.7666666667, 1.7182818285, 0.2917234099),
    "neyman": (1.2852022733, -0.6227960292, -0.4790695434, 1.0133333333, 1.7182818285, inf),
    "hellinger": (2.5139521583, -1.8515459142, -0.4790695434, 0.1848261964, 0.2350061948, 0.1150617580),
    "jeffrey": (1.5431617838, -1.2931617838, -0.85, 0.7548786458, 1, 0.5277777778),
    "jensen_shannon": (0.7571510484, -0.5566288931, -0.2933711069, 0.1811316999, 0.2228429644, 0.1058097775),
    "weighted_js": (0.5844312535, -0.0519537590, 0.0385842324, 0.0752289587, 0.0949104739, 0.0414545440),
    "gan": (2.1434454095, -1.2497760737, 0.3997760737, -1.2051626612, -1.1634513968, -1.2804845836),
    "alpha 0.5": (10.1672063916, -11.2735370557, -1.6002239263, 0.3696523928, 0.4700123897, 0.2301235160),
    "alpha 1.5": (1.8134583333, -1.5634583333, -0.85, 0.3646172404, 0.6066552195, 0.1591808856),
}

every = pytest.mark.parametrize("name", MEMBERS)
SMOOTH = [name for name in MEMBERS if name != "total_variation"]


def bound(baseline: FGAN, best: Curve, p: Tensor, q: Tensor) -> float:
    """E_p[T] - E_q[f*(T)] for discrete distributions at the best discriminator of p/q."""
    variational, conjugate = baseline.forms()
    v = best(p / q)
    return ((p * variational(v)).sum() - (q * conjugate(v)).sum()).item()


def divergence(name: str, p: Tensor, q: Tensor) -> float:
    """Bound of the member of that name, at its best discriminator."""
    baseline, _, best = MEMBERS[name]
    return bound(baseline, best, p, q)


@every
def test_losses_on_logits(name: str) -> None:
    baseline = MEMBERS[name][0]
    losses = baseline.discriminator_loss(*logits()), baseline.generator_loss(*logits())
    trick = replace(baseline, trick=True).generator_loss(*logits())
    assert [loss.item() for loss in (*losses, trick)] == pytest.approx(VALUES[name][:3], abs=1e-9)
    assert baseline.monitor(*logits()).item() == -losses[0].item()


@every
def test_the_best_discriminator_attains_the_divergence_and_no_other_exceeds_it(name: str) -> None:
    baseline, _, best = MEMBERS[name]
    G, D, b = three_points(best(P / Q))
    loss = baseline.discriminator_loss(G, D, b)
    assert baseline.monitor(G, D, b).item() == pytest.approx(VALUES[name][3], abs=1e-9)
    assert largest_gradient(loss, D) < 1e-9
    stream = torch.Generator().manual_seed(1)
    for _ in range(20):
        other = best(P / Q) + torch.randn(3, generator=stream, dtype=torch.double)
        assert baseline.monitor(*three_points(other)).item() <= VALUES[name][3] + 1e-12


GAUSSIANS = [
    (name, *distribution)
    for name in MEMBERS
    for distribution in ((1.0, 1.0, 4), (0.5, 1.5, 5))
    if VALUES[name][distribution[2]] < inf
]


@pytest.mark.parametrize(("name", "q_mean", "q_sd", "column"), GAUSSIANS)
def test_the_best_discriminator_attains_the_divergence_of_gaussians(
    name: str, q_mean: float, q_sd: float, column: int
) -> None:
    """By quadrature over the line, N(0, 1) against N(q_mean, q_sd^2); one of them is infinitely far in one way."""
    baseline, _, best = MEMBERS[name]
    variational, conjugate = baseline.forms()

    def integrand(x: float) -> float:
        p, q = norm.pdf(x), norm.pdf(x, q_mean, q_sd)
        v = best(torch.tensor(np.exp(norm.logpdf(x) - norm.logpdf(x, q_mean, q_sd)), dtype=torch.double))
        return float(p * variational(v).item() - q * conjugate(v).item())

    edges = [0.5] if q_sd == 1 else [-1.4624160245, 0.6624160245]  # where the densities cross
    total = sum(quad(integrand, a, b, epsabs=1e-10)[0] for a, b in zip([-9, *edges], [*edges, 10], strict=True))
    assert total == pytest.approx(VALUES[name][column], abs=1e-7)


@pytest.mark.parametrize("name", SMOOTH)
def test_forms_follow_from_the_definition_of_f(name: str) -> None:
    """At the best discriminator T = f'(rho) and f*(T) = rho f'(rho) - f(rho); the gradient of f* is rho."""
    baseline, f, best = MEMBERS[name]
    rho = torch.logspace(-1.5, 1.5, 31, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(f(rho).sum(), rho)
    v = best(rho.detach()).requires_grad_()
    variational, conjugate = (form(v) for form in baseline.forms())
    torch.testing.assert_close(variational, gradient, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(conjugate, (rho * gradient - f(rho)).detach(), rtol=1e-9, atol=1e-9)
    up, over = (torch.autograd.grad(form.sum(), v, retain_graph=True)[0] for form in (conjugate, variational))
    torch.testing.assert_close(up / over, rho.detach(), rtol=1e-8, atol=1e-9)


@every
def test_a_discriminator_s_output_is_high_for_real(name: str) -> None:
    variational, _ = MEMBERS[name][0].forms()
    v = torch.linspace(-6, 6, 200, dtype=torch.double)
    assert (variational(v).diff() > 0).all()


@pytest.mark.parametrize("name", SMOOTH)
def test_the_trick_agrees_at_equality_only(name: str) -> None:
    """Where p = q both generators are pulled alike, for the gradient of f* is 1 there; elsewhere they are not."""
    baseline, _, best = MEMBERS[name]
    one, two = (best(torch.tensor(rho, dtype=torch.double)).requires_grad_() for rho in (1.0, 2.0))
    pulls = [
        [torch.autograd.grad(form(v), v)[0].item() for form in baseline.forms()] for v in (one, two)
    ]  # of T, of f*(T)
    assert pulls[0][1] == pytest.approx(pulls[0][0], abs=1e-9)
    assert pulls[1][1] == pytest.approx(2 * pulls[1][0], abs=1e-9)


# Relations.


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kl", "reverse_kl"),
        ("pearson", "neyman"),
        ("total_variation", "total_variation"),
        ("hellinger", "hellinger"),
        ("jensen_shannon", "jensen_shannon"),
        ("gan", "gan"),
        ("jeffrey", "jeffrey"),
    ],
)
def test_swapping_the_distributions_swaps_the_divergence(one: str, other: str) -> None:
    assert divergence(one, P, Q) == pytest.approx(divergence(other, Q, P), abs=1e-12)


def alpha_divergence(alpha: float, p: Tensor, q: Tensor) -> float:
    def above(rho: Tensor) -> Tensor:
        return (rho ** (alpha - 1) - 1) / (alpha - 1)

    def below(rho: Tensor) -> Tensor:
        return -torch.expm1(rho ** (alpha - 1) / (1 - alpha)).log()

    return bound(FGAN(divergence="alpha", alpha=alpha), above if alpha > 1 else below, p, q)


@pytest.mark.parametrize("alpha", [-0.5, 0.3, 1.7])
def test_alpha_swaps_with_one_minus_alpha(alpha: float) -> None:
    assert alpha_divergence(alpha, P, Q) == pytest.approx(alpha_divergence(1 - alpha, Q, P), abs=1e-12)


@pytest.mark.parametrize(
    ("alpha", "name", "factor", "tolerance"),
    [
        (2.0, "pearson", 0.5, 1e-12),
        (-1.0, "neyman", 0.5, 1e-12),
        (0.5, "hellinger", 2.0, 1e-12),
        (1.00001, "kl", 1.0, 1e-5),
        (0.01, "reverse_kl", 1.0, 1e-2),
    ],
)
def test_alpha_contains_its_special_cases(alpha: float, name: str, factor: float, tolerance: float) -> None:
    assert alpha_divergence(alpha, P, Q) == pytest.approx(factor * divergence(name, P, Q), abs=tolerance)


def test_jensen_shannon_s_relations() -> None:
    twice = divergence("jensen_shannon", P, Q)
    assert twice == pytest.approx(2 * 0.0905658499, abs=1e-9)
    assert divergence("gan", P, Q) == pytest.approx(twice - log(4), abs=1e-12)
    half = bound(FGAN(divergence="weighted_js", weight=0.5), lambda r: (r / (1 + r)).sqrt().logit(), P, Q)
    assert half == pytest.approx(twice / 2, abs=1e-12)
    apart = (torch.tensor([1 - 1e-12, 1e-12], dtype=torch.double), torch.tensor([1e-12, 1 - 1e-12], dtype=torch.double))
    assert divergence("jensen_shannon", *apart) == pytest.approx(2 * log(2), abs=1e-9)
    assert divergence("weighted_js", *apart) == pytest.approx(-0.3 * log(0.3) - 0.7 * log(0.7), abs=1e-9)


def test_known_inequalities() -> None:
    values = {name: divergence(name, P, Q) for name in MEMBERS}
    assert values["jeffrey"] == pytest.approx(values["kl"] + values["reverse_kl"], abs=1e-12)
    assert values["total_variation"] ** 2 <= values["kl"] / 2
    assert values["hellinger"] / 2 <= values["total_variation"] <= values["hellinger"] ** 0.5
    assert values["kl"] <= log(1 + values["pearson"])


@pytest.mark.parametrize(
    ("name", "curvature"),
    [
        *[(name, 1.0) for name in ("kl", "reverse_kl", "alpha 0.5", "alpha 1.5")],
        *[(name, 2.0) for name in ("pearson", "neyman", "jeffrey")],
        *[(name, 0.5) for name in ("hellinger", "jensen_shannon")],
        ("weighted_js", 0.21),
    ],
)
def test_nearby_distributions_differ_by_half_the_curvature_times_chi_squared(name: str, curvature: float) -> None:
    near = Q + 1e-4 * torch.tensor([1.0, -2.0, 1.0], dtype=torch.double)
    chi_squared = ((near - Q).square() / Q).sum().item()
    assert divergence(name, near, Q) / chi_squared == pytest.approx(curvature / 2, rel=2e-3)


# Stability.


def test_jeffrey_s_conjugate_is_lambert_s_function_wherever_that_can_be_computed() -> None:
    t = torch.linspace(-650, 30, 1201, dtype=torch.double)
    w = lambertw(np.exp(1 - t.numpy())).real
    torch.testing.assert_close(jeffrey_conjugate(t), torch.from_numpy(w + 1 / w + t.numpy() - 2), rtol=1e-9, atol=1e-9)


# Raw numbers at which single precision has room for the loss; the others grow like exp(300).
BOTH = dict.fromkeys(MEMBERS, (-300.0, 300.0))
ROOM = BOTH | {
    "kl": (-300.0,),
    "jeffrey": (-300.0,),
    "alpha 0.5": (-300.0,),
    "reverse_kl": (300.0,),
    "neyman": (300.0,),
}


@pytest.mark.parametrize("name", [name for name in MEMBERS if name != "hellinger"])  # which has room on neither side
def test_a_confident_discriminator_s_losses_and_gradients_are_numbers(name: str) -> None:
    for point in ROOM[name]:
        v = torch.tensor(point, requires_grad=True)
        for form in MEMBERS[name][0].forms():
            value = form(v)
            (gradient,) = torch.autograd.grad(value, v)
            assert value.isfinite()
            assert gradient.isfinite()


def test_weighted_js_s_conjugate_goes_on_as_a_line() -> None:
    _, conjugate = FGAN(divergence="weighted_js").forms()
    values = conjugate(torch.tensor([29.0, 31.0, 200.0], dtype=torch.double))
    assert values.diff().tolist() == pytest.approx([0.7 * 2, 0.7 * 169], abs=1e-9)


def test_alpha_s_conjugate_beyond_what_the_best_discriminator_says() -> None:
    """Below 1 it goes on as 4 exp(v) for alpha = 1/2; above 1 it is flat, -1/alpha, below f'(0) = -1/(alpha - 1)."""
    _, conjugate = FGAN(divergence="alpha", alpha=0.5).forms()
    v = torch.tensor([25.0, 35.0, 80.0], dtype=torch.double)
    assert (conjugate(v) / v.exp()).tolist() == pytest.approx([4, 4, 4], rel=1e-9)
    _, conjugate = FGAN(divergence="alpha", alpha=1.5).forms()
    low = torch.tensor([-2.0, -3.0, -50.0], dtype=torch.double)
    assert conjugate(low).tolist() == pytest.approx([-1 / 1.5] * 3, abs=1e-12)


def test_both_are_updated_at_once_unless_set_otherwise() -> None:
    assert FGAN().updates(0) == ("both",)
    assert FGAN(order="discriminator_first", d_steps=2).updates(0) == ("discriminator", "discriminator", "generator")


def test_the_two_names_of_one_divergence_have_the_same_gradients() -> None:
    for alias, name in FGAN.aliases.items():
        gradients = []
        for divergence in (alias, name):
            G, D, b = curved()
            baseline = FGAN(divergence=divergence)
            pull = shift_gradient(baseline.generator_loss(G, D, b), G)
            gradients.append([*pull, *tabled(baseline)])
        assert gradients[0] == pytest.approx(gradients[1], abs=1e-15)


def tabled(baseline: FGAN) -> list[float]:
    """Gradient of the discriminator's loss on three points, in the discriminator's values."""
    G, D, b = three_points(torch.tensor([0.3, -0.2, 1.1]))
    (gradient,) = torch.autograd.grad(baseline.discriminator_loss(G, D, b), D.weights["values"])
    return [float(value) for value in gradient]


def test_every_divergence_is_a_member_and_others_are_unknown() -> None:
    field, names = FGAN.members
    assert field == "divergence"
    assert {name.split()[0] for name in MEMBERS} == {*names, *FGAN.aliases}
    with pytest.raises(UnknownName, match="did you mean 'hellinger'"):
        FGAN(divergence="helinger")
    with pytest.raises(BadInput, match="alpha must be"):
        FGAN(divergence="alpha", alpha=1.0)
    with pytest.raises(BadInput, match="weight must be"):
        FGAN(divergence="weighted_js", weight=1.0)
