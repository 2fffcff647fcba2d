"""How steep critics are where they are looked at, and where they are not.

Note 2, WGAN-GP, makes three statements: "WGAN-GP only punishes the region of x where the norm of the gradient is
greater than 1." "Although the gradient penalty cannot keep all values within the limit, the gradient will after all not
be infinite, so the Lipschitz constraint still holds." And: "It does not guarantee that the gradient's norm is at most 1
at every x; that is, it does not solve the discriminator's 1-Lipschitz problem at the root. Against this, Spectral
Normalization GAN came later." Also: "The Lipschitz constraint only cares that all gradients are less than C;
what C is does not matter."

Design: real points on the ring of radius L = sqrt 2, fakes N(0, 0.1^2) at its centre; critic 2-64-64-64-1. Penalties
act on the spokes between, where the best slope s maximises s L - k (s - 1)^2: it is 1 + L / 2k, above 1 for any weight
k of the penalty, one-sided or two-sided. Slopes are measured on the spokes and on a grid over the square of side 6, for
WGAN-GP with k = 10 (the paper) and 0.1 (its code's toys), WGAN-LP and SNGAN. Worked: a linear critic of slope s pays
10 (s - 1)^2. Numbers: 2.5 at slope 0.5, where the one-sided penalty is 0; slopes 1.071 and 8.07; spectral norm: <= 1.
"""

from __future__ import annotations

from functools import partial
from math import sqrt

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ganbench import roster
from ganbench.experiments._critics import CriticAlone, tower, toy_ring, train
from ganbench.experiments.base import Claim, Experiment, Findings, Form, Verdict, confirmed, wrong
from ganbench.game import Batch, Player, gradient
from ganbench.nets.layers import SpectralNorm
from ganbench.report.style import COLOURS, QUIET
from ganbench.streams import stream

GAMES: dict[str, tuple[str, dict[str, float]]] = {
    "wgan_gp": ("wgan_gp", {"penalty": 10.0}),
    "wgan_gp, weak": ("wgan_gp", {"penalty": 0.1}),
    "wgan_lp": ("wgan_lp", {"penalty": 10.0}),
    "sngan": ("sngan", {}),
}
BEST = {label: 1 + sqrt(2) / (2 * settings["penalty"]) for label, (_, settings) in GAMES.items() if settings}
SLOPES = (0.0, 0.5, 1.0, 2.0)
SIDE, CELLS = 6.0, 61


def blob(n: int, draws: torch.Generator) -> Tensor:
    """Fakes: N(0, 0.1^2) in the plane, (n, 2)."""
    return 0.1 * torch.randn(n, 2, generator=draws)


def penalty_of_line(name: str, slope: float) -> float:
    """What a linear critic of that slope pays in a baseline, real and fake points being the same."""
    game = roster.configure(name, {"penalty": 10.0}, toy_ring())
    critic = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0)).double()
    weights = {"0.weight": torch.tensor([[0.6 * slope, 0.8 * slope]], dtype=torch.float64)}
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    batch = Batch({"x": x, "z": x, "eps": torch.full((2, 1), 0.25, dtype=torch.float64)})
    return float(game.critic_loss(Player(nn.Identity(), {}, {}), Player(critic, weights, {}), batch))


def spokes(seed: int, n: int = 4000) -> Tensor:
    """Points between fresh real and fake ones, where the penalties act, (n, 2)."""
    data, draws = toy_ring(), stream(seed, "lipschitz", "spokes")
    x, _ = data.train.examples(data.train.tickets(n, draws))
    share = torch.rand(n, 1, generator=draws)
    return (share * x + (1 - share) * blob(n, draws)).double()


def square() -> Tensor:
    """The grid, (CELLS^2, 2)."""
    line = torch.linspace(-SIDE / 2, SIDE / 2, CELLS, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


def slopes(D: Player, points: Tensor) -> Tensor:
    """Norm of the critic's gradient at each point."""
    return gradient(D, points).norm(dim=1)


def measure(form: Form) -> Findings:
    """Slopes of trained critics on and off the spokes, and what lines pay."""
    seeds, steps = (range(3), 600) if form.name == "fast" else (range(10), 5000)
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = toy_ring()
    for name, (baseline, settings) in GAMES.items():
        net = partial(tower, [2, 64, 64, 64], wrap=SpectralNorm if name == "sngan" else None)
        game = roster.configure(baseline, settings, data)
        critics = train(CriticAlone(game=game, net=net, fakes=blob, critic_lr=1e-3), data, seeds, steps)
        on = [slopes(D, spokes(seed)) for seed, D in zip(seeds, critics, strict=True)]
        off = [slopes(D, square()) for D in critics]
        numbers[f"{name}: mean on the spokes"] = tuple(float(each.mean()) for each in on)
        pairs = list(zip(on, off, strict=True))
        numbers[f"{name}: largest anywhere"] = tuple(max(float(each.max()) for each in pair) for pair in pairs)
        numbers[f"{name}: share of the square above 1"] = tuple(float((each > 1).double().mean()) for each in off)
        curves[f"{name} off"] = tuple(off[0].tolist())
    for name in ("wgan_gp", "wgan_lp"):
        numbers |= {f"{name}: paid at slope {slope}": (penalty_of_line(name, slope),) for slope in SLOPES}
    return Findings(numbers, curves)


def pays_below_one(found: Findings) -> Verdict:
    """WGAN-GP pays 10 (s - 1)^2 at all four slopes, WGAN-LP only at 2: to 1e-9."""
    two = all(abs(found.mean(f"wgan_gp: paid at slope {s}") - 10 * (s - 1) ** 2) < 1e-9 for s in SLOPES)
    one = all(abs(found.mean(f"wgan_lp: paid at slope {s}") - 10 * max(0.0, s - 1) ** 2) < 1e-9 for s in SLOPES)
    return wrong(two and one)


def still_lipschitz(found: Findings) -> Verdict:
    """The mean slope within 10 % of 1 + L / 2k for each penalty, and its interval above 1."""
    near = all(abs(found.mean(f"{name}: mean on the spokes") / best - 1) < 0.1 for name, best in BEST.items())
    return wrong(near and all(found.low(f"{name}: mean on the spokes") > 1 for name in BEST))


def root(found: Findings) -> Verdict:
    """Each penalty leaves slopes above 1, interval included; spectral normalisation none above 1 + 1e-6."""
    above = all(found.low(f"{name}: largest anywhere") > 1 for name in BEST)
    return confirmed(above and max(found.numbers["sngan: largest anywhere"]) <= 1 + 1e-6)


def draw(found: Findings, figure: Figure) -> None:
    """Slopes over the square for each game, red above 1; dots where the spokes end."""
    axes = figure.subplots(1, len(GAMES), sharey=True)
    titles = {"wgan_gp": "WGAN-GP, 10", "wgan_gp, weak": "WGAN-GP, 0.1", "wgan_lp": "WGAN-LP, 10", "sngan": "SNGAN"}
    half = SIDE / 2
    for axis, name in zip(axes, GAMES, strict=True):
        grid = torch.tensor(found.curves[f"{name} off"]).view(CELLS, CELLS).T
        shown = axis.imshow(grid, extent=(-half, half, -half, half), origin="lower", cmap="RdBu_r", vmin=0, vmax=2)
        centres = toy_ring().modes
        if centres is not None:
            axis.plot(*centres.centres.T, "o", color=COLOURS[6], markersize=3)
        axis.plot(0, 0, "x", color=QUIET, markersize=5)
        axis.set(title=f"{titles[name]}\nup to {found.mean(f'{name}: largest anywhere'):.2f}")
        axis.grid(visible=False)
    figure.colorbar(shown, ax=axes, label="slope of the critic", shrink=0.9, extend="max")


CLAIMS = (
    Claim(
        name="the two sides of the penalty",
        note="note 2, WGAN-GP; note 4, gradient penalty",
        says="WGAN-GP punishes x only where the norm of the gradient is greater than 1.",
        expected="a slope of 0.5 pays 2.5 in WGAN-GP, 0 in WGAN-LP; a slope of 2 pays 10 in both",
        source="closed form; Gulrajani et al., 2017, equation 3",
        shown=("wgan_gp: paid at slope 0.5", "wgan_lp: paid at slope 0.5", "wgan_gp: paid at slope 2.0"),
        rule="both penalties at slopes 0, 0.5, 1, 2 to 1e-9",
        judge=pays_below_one,
        remark="The published penalty pulls every slope to 1, flat ones too. The one-sided form is another method.",
        correct="WGAN-GP: k E(|grad D| - 1)^2. Only WGAN-LP (Petzka et al., 2018) has k E max(0, |grad D| - 1)^2.",
    ),
    Claim(
        name="the penalty as a constraint",
        note="note 2, WGAN-GP",
        says="The gradient will not be infinite, so under the penalty the Lipschitz constraint still holds.",
        expected="mean slope between real and fake points 1 + L / 2k = 1.071 for weight 10, 8.07 for weight 0.1",
        source="closed form, for points at distance L = sqrt 2",
        shown=tuple(f"{name}: mean on the spokes" for name in BEST),
        rule="mean slopes within 10 % of 1 + L / 2k, and above 1 with their intervals",
        judge=still_lipschitz,
        remark="Any network has finite slopes; being 1-Lipschitz asks for more. The penalty is a price, and the critic "
        "pays it: its slope settles above 1, by more the smaller the weight. The estimate of W1 grows alike.",
        correct="A constraint is met only if |grad D| <= 1 at every x; under the penalty the best slope is 1 + L / 2k.",
    ),
    Claim(
        name="slopes away from the data",
        note="note 2, WGAN-GP",
        says="WGAN-GP does not ensure slopes of at most 1 at every x; against this came Spectral Normalization.",
        expected="largest slope above 1 for each penalty, at most 1 for SNGAN's dense critic",
        source="closed form; Miyato et al., 2018, equation 7: a product of 1-Lipschitz layers",
        shown=tuple(f"{name}: largest anywhere" for name in GAMES),
        rule="each penalty above 1, interval included; no slope of a spectrally normalised critic above 1 + 1e-6",
        judge=root,
        remark="With dense layers the bound is global in x. For convolutions the normalised matrix is a surrogate, and "
        "a layer's slope may still exceed 1.",
    ),
)

EXPERIMENT = Experiment(
    name="lipschitz",
    title="How steep critics are off the data",
    chapter="wasserstein",
    claims=CLAIMS,
    measure=measure,
    draw=draw,
)
