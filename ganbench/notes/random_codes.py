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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Verdict, confirmed, difference
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


def cannot_generate(findings: Findings) -> Verdict:
    """Random codes at least twice as far as fitted ones and as given images, differences' intervals above 0."""
    junk = findings.numbers["autoencoder, N(0, 1)"]
    others = [findings.numbers[f"autoencoder, {kind}"] for kind in ("fitted Gaussian", "given images")]
    apart = [difference(junk, other, paired=True) for other in others]
    far = all(findings.mean("autoencoder, N(0, 1)") > 2 * sum(other) / len(other) for other in others)
    return confirmed(far and all(gap - half > 0 for gap, half in apart))


def vae_generates(findings: Findings) -> Verdict:
    """The VAE's N(0, 1) at most half as far as the autoencoder's, the difference's interval above 0."""
    junk, good = findings.numbers["autoencoder, N(0, 1)"], findings.numbers["VAE, N(0, 1)"]
    gap, half = difference(junk, good, paired=True)
    return confirmed(gap - half > 0 and findings.mean("VAE, N(0, 1)") < findings.mean("autoencoder, N(0, 1)") / 2)


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


CLAIMS = (
    Claim(
        name="random codes of an autoencoder",
        note="note 3, autoencoders",
        says="An autoencoder cannot generate: one cannot just write down a code and get a reasonable image.",
        expected="N(0, 1) codes at least twice as far from real digits as codes of the fitted Gaussian",
        source="direction only",
        shown=("autoencoder, N(0, 1)", "autoencoder, fitted Gaussian", "autoencoder, given images", "real images"),
        rule="more than twice the distance of fitted codes and of given images; differences above 0 with intervals",
        evaluate=cannot_generate,
        remark="Nothing in its loss says where codes lie. A Gaussian fitted to the training codes afterwards is enough "
        "to make it generate, so the weakness is of the prior and not of the decoder.",
    ),
    Claim(
        name="random codes of a VAE",
        note="note 3, VAE",
        says="To generate a new picture one gives the decoder a random vector from the standard normal distribution.",
        expected="at most half the distance of the autoencoder's N(0, 1) codes",
        source="direction only",
        shown=("VAE, N(0, 1)", "autoencoder, N(0, 1)", "real images"),
        rule="less than half the autoencoder's distance; difference above 0 with its interval",
        evaluate=vae_generates,
        remark="The divergence in its loss is what puts the codes where they are drawn from later.",
    ),
)

EXPERIMENT = Experiment(
    name="random_codes",
    title="Random codes",
    chapter="references",
    claims=CLAIMS,
    measure=measure,
    draw=draw,
)
