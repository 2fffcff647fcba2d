"""The gradients of discriminators where they are penalised, and elsewhere.

Note 2, WGAN-GP, makes three statements: "WGAN-GP only punishes the region of x where the norm of the gradient is
greater than 1." "Although the gradient penalty cannot keep all values within the limit, the gradient will after all not
be infinite, so the Lipschitz constraint still holds." And: "It does not guarantee that the gradient's norm is at most 1
at every x; that is, it does not solve the discriminator's 1-Lipschitz problem at the root. Against this, Spectral
Normalization GAN came later." Also: "The Lipschitz constraint only cares that all gradients are less than C;
what C is does not matter."

Design: real points on the ring of radius L = sqrt 2, fakes N(0, 0.1^2) at its centre; discriminator 2-64-64-64-1.
Penalties act on the spokes between, where the optimal gradient norm s maximises s L - k (s - 1)^2: it is 1 + L / 2k,
above 1 for any weight k of the penalty, one-sided or two-sided. Norms are measured on the spokes and on a grid over the
square of side 6, for WGAN-GP with k = 10 (the paper) and 0.1 (its code's toys), WGAN-LP and SNGAN. Worked: a linear
discriminator of slope s pays 10 (s - 1)^2. Numbers: 2.5 at slope 0.5, where the one-sided penalty is 0; norms 1.071 and
8.07; spectral norm: <= 1.
"""

from __future__ import annotations

from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from ganbench._util.streams import stream
from ganbench.baseline import Batch, Net, gradient
from ganbench.nets.layers import SpectralNorm
from ganbench.notes._discriminators import DiscriminatorAlone, tower, toy_ring, train
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry

METHODS: dict[str, tuple[str, dict[str, float]]] = {
    "wgan_gp": ("wgan_gp", {"penalty": 10.0}),
    "wgan_gp, weak": ("wgan_gp", {"penalty": 0.1}),
    "wgan_lp": ("wgan_lp", {"penalty": 10.0}),
    "sngan": ("sngan", {}),
}
SLOPES = (0.0, 0.5, 1.0, 2.0)
SIDE, CELLS = 6.0, 61


def small_gaussian(n: int, draws: torch.Generator) -> Tensor:
    """Fakes: N(0, 0.1^2) in the plane, (n, 2)."""
    return 0.1 * torch.randn(n, 2, generator=draws)


def penalty_of_line(name: str, slope: float) -> float:
    """What a linear discriminator of that slope pays in a baseline, real and fake points being the same."""
    method = registry.configure(name, {"penalty": 10.0}, toy_ring())
    discriminator = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Flatten(0)).double()
    weights = {"0.weight": torch.tensor([[0.6 * slope, 0.8 * slope]], dtype=torch.float64)}
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    batch = Batch({"x": x, "z": x, "eps": torch.full((2, 1), 0.25, dtype=torch.float64)})
    return float(method.discriminator_loss(Net(nn.Identity(), {}, {}), Net(discriminator, weights, {}), batch))


def spokes(seed: int, n: int = 4000) -> Tensor:
    """Points between fresh real and fake ones, where the penalties act, (n, 2)."""
    data, draws = toy_ring(), stream(seed, "lipschitz", "spokes")
    x, _ = data.train.examples(data.train.indices(n, draws))
    share = torch.rand(n, 1, generator=draws)
    return (share * x + (1 - share) * small_gaussian(n, draws)).double()


def square() -> Tensor:
    """The grid, (CELLS^2, 2)."""
    line = torch.linspace(-SIDE / 2, SIDE / 2, CELLS, dtype=torch.float64)
    return torch.cartesian_prod(line, line)


def norms(D: Net, points: Tensor) -> Tensor:
    """Norm of the discriminator's gradient at each point."""
    return gradient(D, points).norm(dim=1)


def measure(form: Form) -> Findings:
    """Gradients of trained discriminators on and off the spokes, and the penalty of linear ones."""
    seeds, steps = (range(5), 600) if form.name == "fast" else (range(10), 5000)
    numbers: dict[str, tuple[float, ...]] = {}
    curves: dict[str, tuple[float, ...]] = {}
    data = toy_ring()
    for name, (baseline, settings) in METHODS.items():
        net = partial(tower, [2, 64, 64, 64], wrap=SpectralNorm if name == "sngan" else None)
        method = registry.configure(baseline, settings, data)
        discriminators = train(
            DiscriminatorAlone(method=method, net=net, fakes=small_gaussian, discriminator_lr=1e-3), data, seeds, steps
        )
        on = [norms(D, spokes(seed)) for seed, D in zip(seeds, discriminators, strict=True)]
        off = [norms(D, square()) for D in discriminators]
        numbers[f"{name}: mean on the spokes"] = tuple(float(each.mean()) for each in on)
        pairs = list(zip(on, off, strict=True))
        numbers[f"{name}: largest anywhere"] = tuple(max(float(each.max()) for each in pair) for pair in pairs)
        numbers[f"{name}: share of the square above 1"] = tuple(float((each > 1).double().mean()) for each in off)
        curves[f"{name} off"] = tuple(off[0].tolist())
    for name in ("wgan_gp", "wgan_lp"):
        numbers |= {f"{name}: paid at slope {slope}": (penalty_of_line(name, slope),) for slope in SLOPES}
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """Gradient norms over the square for each method, red above 1; dots where the spokes end."""
    axes = figure.subplots(1, len(METHODS), sharey=True)
    titles = {"wgan_gp": "WGAN-GP, 10", "wgan_gp, weak": "WGAN-GP, 0.1", "wgan_lp": "WGAN-LP, 10", "sngan": "SNGAN"}
    half = SIDE / 2
    for axis, name in zip(axes, METHODS, strict=True):
        grid = torch.tensor(findings.curves[f"{name} off"]).view(CELLS, CELLS).T
        shown = axis.imshow(grid, extent=(-half, half, -half, half), origin="lower", cmap="RdBu_r", vmin=0, vmax=2)
        centres = toy_ring().modes
        if centres is not None:
            axis.plot(*centres.centres.T, "o", color=COLOURS[6], markersize=3)
        axis.plot(0, 0, "x", color=QUIET, markersize=5)
        axis.set(title=f"{titles[name]}\nup to {findings.mean(f'{name}: largest anywhere'):.2f}")
        axis.grid(visible=False)
    figure.colorbar(shown, ax=axes, label="gradient of the discriminator", shrink=0.9, extend="max")


EXPERIMENT = Experiment(
    name="lipschitz",
    title="Gradients of discriminators away from the data",
    chapter="wasserstein",
    version=2,
    measure=measure,
    draw=draw,
)
