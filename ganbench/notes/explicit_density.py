"""A density that can be written down can be tested, and is slow to draw from.

Note 3: "Generative models consist of two parts, train and generate (there is no test)." On PixelRNN/CNN: "based on an
explicit distribution, p(x) by maximum likelihood, expanded by the chain rule into a product of conditional
distributions", and: "since the generating time is too long, it seems not so good."

Design: a known distribution over the 64 black-and-white images of 2 by 3 pixels, exp(N(0, 1.5^2)) normalised; a
PixelCNN learns it from 20 000 draws. Its likelihood is exact, so everything is: the sum over all images, and the cross
entropy, which exceeds the distribution's entropy by KL(distribution || model). On the digits: held-out bits per pixel,
and how often a network is evaluated in turn to draw a sample. Numbers: sum 1; log 64 = 4.1589 nats before training, the
entropy after; 64 calls for 8 by 8 pixels, where a GAN's generator needs 1.
"""

from __future__ import annotations

from itertools import product
from math import log

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganbench import data
from ganbench._util.streams import stream
from ganbench.baseline import Batch, Net
from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.nets import pixels
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

SHAPE = (2, 3)
DRAWS, PLACES = 20_000, 10
LABEL = "law"  # of the stream that draws the distribution; another label would draw another one


def images() -> Tensor:
    """All black-and-white images, (64, 1, 2, 3) in {-1, 1}."""
    return torch.tensor(list(product((-1.0, 1.0), repeat=6))).view(-1, 1, *SHAPE)


def distribution() -> Tensor:
    """The distribution to be learnt, (64,) float64."""
    return (1.5 * torch.randn(64, generator=stream(0, "explicit_density", LABEL), dtype=torch.float64)).softmax(0)


def drawn() -> Dataset:
    """Return images drawn once from the distribution."""
    index = torch.multinomial(distribution(), DRAWS, replacement=True, generator=stream(0, "explicit_density", "data"))
    source = Finite(images()[index], torch.zeros(DRAWS, dtype=torch.long))
    space = Space(shape=(1, *SHAPE), classes=0, low=-1.0, high=1.0)
    return Dataset("six pixels", space, source, source, source, "images drawn once", "pixels")


def log_densities(G: Net, x: Tensor, levels: int) -> Tensor:
    """Log p of each image under a PixelCNN, (n,), in nats and float64."""
    with torch.no_grad():
        return -pixels.nll(G, x, levels).double()


def model_of(trainer: Trainer, index: int) -> Net:
    """Return the model of one seed, by the index of the seed."""
    return trainer.updates.stacked["G"].net(trainer.state["average"][index], {})


def learn_distribution(seeds: range, steps: int) -> tuple[dict[str, list[float]], list[list[float]]]:
    """Return sums over all images and cross entropies before and after training, and the course of the latter."""
    rows: dict[str, list[float]] = {}
    path: list[list[float]] = []
    small = drawn()
    method = registry.configure("pixelcnn", {"levels": 2, "width": 8, "layers": 1, "lr": 5e-3, "ema": 0.9}, small)
    trainer = Trainer(method, small, seeds, Plan(steps, batch=128))

    def evaluate(when: str) -> None:
        models = [log_densities(model_of(trainer, index), images(), 2) for index in range(len(seeds))]
        rows[f"sum over all images{when}"] = [float(model.exp().sum()) for model in models]
        rows[f"cross entropy{when}"] = [-float(distribution() @ model) for model in models]
        path.append(rows[f"cross entropy{when}"])

    evaluate(", before")
    trainer.run(points=PLACES, watch=lambda _: evaluate(""))
    return rows, path


def on_digits(seeds: range, steps: int) -> tuple[list[float], int, int]:
    """Held-out bits per pixel; how often PixelCNN's and a GAN's network is called in turn for a batch of samples."""
    digits = data.load("digits")
    method = registry.configure("pixelcnn", {"width": 12, "layers": 2, "lr": 3e-3, "ema": 0.9}, digits)
    trainer = Trainer(method, digits, seeds, Plan(steps, batch=32))
    trainer.run(points=1)
    x, _ = digits.held_out.examples({"index": torch.arange(digits.held_out.size or 0)})
    bits = [-float(log_densities(model_of(trainer, i), x, 17).mean()) / (64 * log(2)) for i in range(len(seeds))]
    counted = calls(trainer, "beside", {"u": torch.rand(4, 8, 8, generator=stream(0, "explicit_density", "u"))})
    gan = registry.configure("ns_gan", {}, digits)
    other = Trainer(gan, digits, [0], Plan(1))
    return bits, counted, calls(other, "", {"z": torch.randn(4, gan.latent, generator=stream(0, "explicit_density"))})


def calls(trainer: Trainer, part: str, noise: dict[str, Tensor]) -> int:
    """How often that part of the generator runs, one run after another, to draw one batch."""
    stacked, count = trainer.updates.stacked["G"], [0]

    def count_call(*_: object) -> None:
        count[0] += 1

    with stacked.skeleton.get_submodule(part).register_forward_hook(count_call):
        trainer.baseline.generate(model_of(trainer, 0), Batch(noise))
    return count[0]


def measure(form: Form) -> Findings:
    """The known distribution exactly, the digits by held-out likelihood and by calls."""
    seeds = range(3) if form.name == "fast" else range(10)
    rows, path = learn_distribution(seeds, 500 if form.name == "fast" else 5000)
    bits, mine, theirs = on_digits(seeds, 120 if form.name == "fast" else 2000)
    p = distribution()
    numbers = {name: tuple(values) for name, values in rows.items()} | {
        "entropy of the distribution": (-float(p @ p.log()),),
        "bits per pixel, held out": tuple(bits),
        "calls in turn, PixelCNN": (float(mine),),
        "calls in turn, GAN": (float(theirs),),
    }
    return Findings(numbers, {f"cross entropy {i}": tuple(at[i] for at in path) for i in range(len(seeds))})


def draw(findings: Findings, figure: Figure) -> None:
    """The test loss as it falls to the entropy."""
    axis = figure.subplots()
    for i in range(len(findings.numbers["cross entropy"])):
        axis.plot(range(PLACES + 1), findings.curves[f"cross entropy {i}"], "o-", color=COLOURS[i % 7], markersize=3)
    axis.axhline(
        findings.mean("entropy of the distribution"), color=QUIET, linestyle="--", label="entropy of the distribution"
    )
    axis.axhline(log(64), color=QUIET, linestyle=":", label="log 64")
    axis.set(xlabel="tenths of the training", ylabel="cross entropy, nats", title="An exact test of a generative model")
    axis.legend()


EXPERIMENT = Experiment(
    name="explicit_density",
    title="An explicit density",
    chapter="references",
    measure=measure,
    draw=draw,
)
