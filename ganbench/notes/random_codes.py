"""Random codes: what an autoencoder's decoder makes of them, and a VAE's.

Note 3, autoencoders: "The fatal weakness of the autoencoder is that it cannot generate new images by itself: it needs
an input image to get the hidden code; we cannot just write down some code and get a reasonable image." On the VAE: "To
generate a new picture is then simple: give it a random hidden vector from the standard normal distribution."

Design: an autoencoder and a VAE with 16 codes on the digits. Codes from N(0, 1) into either decoder; codes from the
Gaussian that fits the autoencoder's training codes; and held-out images, encoded and decoded. Numbers: Frechet
distance to held-out digits in the shipped classifier's features, 900 images each; its floor is that of real images.
"""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ganbench import data, features
from ganbench._util.streams import stream
from ganbench.baseline import normal
from ganbench.dataset import Dataset
from ganbench.metrics.frechet import fid
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.report.style import COLOURS, QUIET
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

CODES, SAMPLES, SHOWN = 16, 900, 6
ROWS = ("autoencoder, given images", "VAE, N(0, 1)", "autoencoder, fitted Gaussian", "autoencoder, N(0, 1)")


def train(name: str, digits: Dataset, seeds: range, steps: int) -> Trainer:
    """Train a baseline with CODES codes."""
    settings = {"latent": CODES} | ({"sd": 0.3} if name == "vae" else {})
    trainer = Trainer(registry.configure(name, settings, digits), digits, seeds, Plan(steps, batch=64))
    trainer.run(points=1)
    return trainer


def pictures(trainer: Trainer, x: Tensor) -> dict[str, Tensor]:
    """Images (seeds, n, 1, 8, 8) of an autoencoder: of given ones, of random codes, and of codes from the fit."""
    stacked, given, drawn = trainer.updates.stacked["G"], [], []
    for seed, row in zip(trainer.seeds, trainer.state["average"], strict=True):
        model = stacked.net(row, {})
        z = normal(CODES)(SAMPLES, stream(seed, "random_codes", "z"))
        with torch.no_grad():
            given.append(model.decode(model.encode(x)))
            drawn.append(model.decode(z))
    fitted, _ = Sampler(trainer).draw(SAMPLES)
    return dict(zip(ROWS, (torch.stack(given), fitted, fitted, torch.stack(drawn)), strict=True))


def measure(form: Form) -> Findings:
    """Distances of all kinds of images, and of real ones that are not in the reference."""
    seeds, steps = (range(3), 1000) if form.name == "fast" else (range(10), 10_000)
    digits, extract = data.load("digits"), features.load("digits")
    real, _ = digits.held_out.examples({"index": torch.arange(digits.held_out.size or 0)})
    spare, _ = digits.control.examples({"index": torch.arange(digits.control.size or 0)})
    made = pictures(train("ae", digits, seeds, steps), spare)
    made["VAE, N(0, 1)"], _ = Sampler(train("vae", digits, seeds, steps)).draw(SAMPLES)
    reference = extract(real).values
    numbers = {name: tuple(fid(reference, extract(x).values) for x in images) for name, images in made.items()}
    numbers["real images"] = (fid(reference, extract(spare).values),)
    return Findings(numbers, {name: tuple(images[0, :SHOWN].flatten().tolist()) for name, images in made.items()})


def draw(findings: Findings, figure: Figure) -> None:
    """Left: six images of each kind. Right: their distances."""
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    stack = [torch.cat(list(torch.tensor(findings.curves[name]).view(SHOWN, 8, 8)), 1) for name in ROWS]
    left.imshow(torch.cat(stack), cmap="gray_r", vmin=-1, vmax=1, aspect="auto")
    left.set(xticks=[], yticks=[4 + 8 * i for i in range(len(ROWS))], yticklabels=ROWS)
    left.grid(visible=False)
    means, errors = [findings.mean(name) for name in ROWS], [findings.half_width(name) for name in ROWS]
    right.barh(range(len(ROWS)), means, xerr=errors, color=COLOURS[0], height=0.6)
    right.axvline(findings.mean("real images"), color=QUIET, linestyle="--")
    right.set(yticks=[], ylim=(len(ROWS) - 0.5, -0.5), xlabel="Frechet distance (dashed: real)")


EXPERIMENT = Experiment(
    name="random_codes",
    title="Random codes",
    chapter="references",
    measure=measure,
    draw=draw,
)
