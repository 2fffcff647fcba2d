"""Statements that a small computation decides: equivalences, constants, and what a printed recipe does.

Note 0: "Optimize a surrogate objective that instead maximizes some distance"; the order of the two steps. Note 1: two
equivalences of objectives, and zeros between pixels. Note 2: D(G(z)) as an autoencoder the other way round. Note 3:
cross entropy and KL divergence differ by a constant; discrete data cannot be differentiated; a GAN's density is
implicit. Nothing here is random: every number is computed to rounding, on grids where there is no formula.
"""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, interpolate, softmax

from ganbench.data import load
from ganbench.nets import discriminator, generator
from ganbench.nets.autoencoder import autoencoder, decoder, encoder
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET

GRID = np.linspace(1e-4, 1 - 1e-4, 9999)  # values of D
P, Q = 0.1, 0.3  # densities of data and of fakes at one point: the best D there is a quarter
STEP = 0.1  # of descent on xy
CODES = 16  # numbers in a code of a picture
PAIRS = {"even": (0.5, 0.5), "uneven": (0.1, 0.95)}  # D of the two samples that each of two generators makes


def objectives() -> dict[str, float]:
    """Return where the objectives of notes 0 and 1 have their optima."""
    x = np.linspace(-2, 2, 4001)
    D = 1 / (1 + np.exp(-(x - 0.5)))  # of some discriminator, as a function of the sample
    log_d = [float(np.mean(np.log(pair))) for pair in PAIRS.values()]
    log_1_d = [float(np.mean(np.log(1 - np.array(pair)))) for pair in PAIRS.values()]
    return {
        "D of a fake, least log D": float(GRID[np.argmin(np.log(GRID))]),
        "D of a fake, largest log(1 - D)": float(GRID[np.argmax(np.log(1 - GRID))]),
        "D of p and q, GAN": float(GRID[np.argmax(P * np.log(GRID) + Q * np.log(1 - GRID))]),
        "D of p and q, log D alone": float(GRID[np.argmax((P - Q) * np.log(GRID))]),
        "G, largest log D": float(x[np.argmax(np.log(D))]),
        "G, least log(1 - D)": float(x[np.argmin(np.log(1 - D))]),
        "one of two, largest log D": float(np.argmax(log_d)),
        "one of two, least log(1 - D)": float(np.argmin(log_1_d)),
    }


def distances() -> dict[str, float]:
    """Return W1 of a point at 0 and one at theta as a maximum over slopes, and after steps of theta up and down it."""
    slopes = np.linspace(-1, 1, 201)
    theta = {"ascent": 1.0, "descent": 1.0}
    for _ in range(5):
        theta = {way: at + (STEP if way == "ascent" else -STEP) * np.sign(at) for way, at in theta.items()}
    return {
        "witness, value": float(np.max(slopes * 1.0)),
        "witness, distance": 1.0,
        "distance at the start": 1.0,
        **{f"distance after {way}": abs(float(at)) for way, at in theta.items()},
    }


def orders() -> dict[str, float]:
    """Return the growth per round of descent in x and ascent in y on xy, by which of them goes first."""
    x_first = np.array([[1, 0], [STEP, 1]]) @ np.array([[1, -STEP], [0, 1]])
    y_first = np.array([[1, -STEP], [0, 1]]) @ np.array([[1, 0], [STEP, 1]])
    at_once = np.array([[1, -STEP], [STEP, 1]])
    named = {"generator first": x_first, "discriminator first": y_first, "both at once": at_once}
    return {f"factor, {name}": float(np.abs(np.linalg.eigvals(each)).max()) for name, each in named.items()}


def upsampling() -> dict[str, float]:
    """Return how the recipe of note 1, zeros between pixels and then a convolution, differs from the transposed one."""
    draws = torch.Generator().manual_seed(0)
    x, kernel = (torch.randn(1, 1, 3, 3, generator=draws, dtype=torch.float64) for _ in range(2))
    spread = torch.zeros(1, 1, 7, 7, dtype=torch.float64)
    spread[:, :, 1:6:2, 1:6:2] = x
    transposed = conv_transpose2d(x, kernel, stride=2, padding=1)
    recipe = conv2d(spread, kernel.flip(2, 3))
    copied = conv2d(interpolate(x, size=(7, 7), mode="nearest"), kernel.flip(2, 3))
    return {
        "upsampling, largest difference": float((transposed - recipe).abs().max()),
        "upsampling, side with zeros": float(spread.shape[-1]),
        "upsampling, side of the output": float(recipe.shape[-1]),
        "upsampling, nearest pixels instead": float((transposed - copied).abs().max()),
    }


def shapes() -> dict[str, float]:
    """Return how large networks of digits are in the middle beside their ends, and where EBGAN's discriminator ends."""
    space = load("digits").space
    z, x = torch.zeros(2, CODES), torch.zeros(2, *space.shape)
    samples, codes = generator(CODES, space).eval()(z), encoder(space, CODES)(x)
    answer = discriminator(space)(samples).reshape(2, -1)
    pictures = decoder(CODES, space).eval()(codes)
    whole = autoencoder(space, CODES)  # EBGAN's and BEGAN's discriminator
    rebuilt = whole["decode"](whole["encode"](x))

    def sizes(*arrays: Tensor) -> list[int]:
        return [each[0].numel() for each in arrays]

    (first, middle, last), (image, code, again) = sizes(z, samples, answer), sizes(x, codes, pictures)
    return {
        "D(G(z)): middle over ends": middle / max(first, last),
        "autoencoder: middle over ends": code / min(image, again),
        "autoencoder: output over input": again / image,
        "EBGAN's discriminator: output over input": rebuilt[0].numel() / image,
    }


def constants() -> dict[str, float]:
    """Return cross entropy less KL divergence over many q for one p, which is the entropy of p."""
    p = np.array([0.1, 0.2, 0.3, 0.4])
    q = np.random.default_rng(0).dirichlet(np.ones(4), 1000)
    cross, kl = -(p * np.log(q)).sum(1), (p * np.log(p / q)).sum(1)
    return {
        "cross entropy less KL": float((cross - kl).mean()),
        "cross entropy less KL, spread": float(np.ptp(cross - kl)),
        "KL, spread": float(np.ptp(kl)),
    }


def choices() -> dict[str, float]:
    """Return the gradient that a generator's scores get through the likeliest symbol, and through probabilities."""
    value = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64)  # what a discriminator says of each symbol
    sizes = {}
    for name in ("argmax", "softmax"):
        scores = torch.tensor([0.5, 0.1, -0.2], dtype=torch.float64, requires_grad=True)
        shares = softmax(scores, 0)
        chosen = torch.zeros(3, dtype=torch.float64)
        chosen[int(shares.argmax())] = 1.0
        said = value @ (chosen + 0.0 * scores if name == "argmax" else shares)
        (gradient,) = torch.autograd.grad(said, scores)
        sizes[f"gradient through {name}"] = float(gradient.norm())
    return sizes


def directions() -> dict[str, float]:
    """Return in how many directions a generator's samples move with its noise: the rank of its Jacobian at one z."""
    space = load("digits").space
    G = generator(CODES, space).double()
    z = torch.randn(CODES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    jacobian: Tensor = torch.autograd.functional.jacobian(lambda one: G(one[None]).flatten(), z)
    return {
        "directions of samples": float(torch.linalg.matrix_rank(jacobian)),
        "numbers in a picture": float(jacobian.shape[0]),
    }


def measure(form: Form) -> Findings:
    """Compute everything; both forms are the same."""
    parts = (objectives(), distances(), orders(), upsampling(), shapes(), constants(), choices(), directions())
    numbers: dict[str, tuple[float, ...]] = {name: (value,) for part in parts for name, value in part.items()}
    curves = {"D": tuple(GRID[::50].tolist())}
    curves["GAN"] = tuple((P * np.log(GRID) + Q * np.log(1 - GRID))[::50].tolist())
    curves["log D alone"] = tuple(((P - Q) * np.log(GRID))[::50].tolist())
    return Findings(numbers, curves)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw the discriminator's two objectives at one point, as functions of D."""
    axes = figure.subplots()
    for name, colour in (("GAN", COLOURS[0]), ("log D alone", COLOURS[1])):
        axes.plot(findings.curves["D"], findings.curves[name], color=colour, label=name)
    axes.axvline(P / (P + Q), color=QUIET, linestyle=":", label="p / (p + q)")
    axes.set(xlabel="D at a point with p = 0.1, q = 0.3", ylabel="objective", ylim=(-0.8, 1.2))
    axes.legend()


EXPERIMENT = Experiment(
    name="worked_examples",
    title="Statements that a small computation decides",
    chapter="training",
    measure=measure,
    draw=draw,
    size=(4.6, 2.6),
    version=2,
)
