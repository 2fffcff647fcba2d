"""Notes 0 and 2: a generator gets stuck on few modes; one remedy is a better objective, as PacGAN's pairs.

Design: the non-saturating GAN and PacGAN with packs of two on PacGAN's grid of 25 Gaussians (spacing 2, sd .05).
Published: 17.3 +- .8 and 23.8 +- .7 modes (standard errors over 10 runs), reverse KL .70 and .13, with networks of 400
units after 400 000 steps. Here: perceptrons of 2 x 128, Adam 1e-3 instead of 1e-4, the last weights, 2500 samples;
six seeds, batches of 128, 15 000 steps in the full form. The fast one, 1500 steps, asks for a direction; it is too
short for the question, as its share of high quality shows, which is hardly above that of a single Gaussian.
Number: in the full form the GAN finds 14 to 22 modes, PacGAN2 at least 22, with less than .65 of its reverse KL.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from ganbench import data
from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.notes.base import Experiment, Findings, Form
from ganbench.notes.ledger import Reproduction, beside, number
from ganbench.report.style import COLOURS
from ganbench.training import registry
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

N, SEEDS, BATCH = 2500, tuple(range(6)), 128
STEPS = {"fast": 1500, "full": 15_000}
METHODS = {"GAN": "ns_gan", "PacGAN2": "pacgan"}
COLUMNS = {
    "modes": "modes_captured",
    "modes with a fifth": "modes_covered",
    "quality %": "high_quality",
    "reverse KL": "reverse_kl",
}
DIFFERENCES = "2 x 128 units, Adam 1e-3, 15 000 steps (1500 in the fast form); theirs: 400 units, 1e-4, 400 000 steps"
PAIRS = tuple(
    Reproduction(f"pacgan/grid25/{method.lower()}/{theirs}", f"{ours}, {method}", DIFFERENCES)
    for ours, theirs in (
        ("modes", "modes-captured"),
        ("quality %", "high-quality"),
        ("reverse KL", "reverse-kl-of-high-quality-samples"),
    )
    for method in METHODS
)


def measure(form: Form) -> Findings:
    grid = data.load("grid25")
    if grid.modes is None:
        raise BadInput("grid25: expected a mixture with known modes")
    numbers: dict[str, tuple[float, ...]] = {"steps": (float(STEPS[form.name]),)}
    curves: dict[str, tuple[float, ...]] = {}
    for method, name in METHODS.items():
        baseline = registry.configure(name, {"latent": 2, "lr": 1e-3, "ema": 0.0}, grid)
        trainer = Trainer(baseline, grid, SEEDS, Plan(STEPS[form.name], batch=BATCH))
        trainer.advance(STEPS[form.name])
        samples, _ = Sampler(trainer).draw(N)
        for column, metric in COLUMNS.items():
            numbers[f"{column}, {method}"] = tuple(scored(metric, sample, grid.modes) for sample in samples)
        curves[f"x, {method}"] = tuple(samples[0, :, 0].tolist())
        curves[f"y, {method}"] = tuple(samples[0, :, 1].tolist())
    findings = Findings(numbers, curves)
    findings.matrices["Published and measured, 25 Gaussians"] = beside(PAIRS, findings)
    return findings


def scored(metric: str, sample: object, modes: Modes) -> float:
    """Return a score of samples, shares in per cent; samples that no mode counts have the reverse KL of one mode."""
    if metric == "reverse_kl" and not METRICS["modes_captured"](sample, modes):
        return METRICS["reverse_kl"](modes.centres[:1], modes)
    options = {"share": 0.2} if metric == "modes_covered" else {}
    return (100 if metric == "high_quality" else 1) * METRICS[metric](sample, modes, **options)


def draw(findings: Findings, figure: Figure) -> None:
    """Draw one seed's samples of each method, and the modes that each seed finds beside the published mean."""
    axes = figure.subplots(1, 3)
    for place, method in enumerate(METHODS):
        x, y = findings.curves[f"x, {method}"], findings.curves[f"y, {method}"]
        axes[place].plot(x, y, ".", ms=1, color=COLOURS[place], rasterized=True)
        axes[place].set(title=f"{method}, first seed", xlim=(-5, 5), ylim=(-5, 5), aspect="equal")
        values = findings.numbers[f"modes, {method}"]
        published = number(f"pacgan/grid25/{method.lower()}/modes-captured")
        axes[2].plot([place - 0.1] * len(values), values, "o", ms=4, color=COLOURS[place], alpha=0.6)
        error = 1.96 * (published.spread or 0.0)
        axes[2].errorbar([place + 0.15], [published.value], yerr=[error], fmt="ks", ms=4, capsize=3)
    axes[2].set_xticks(range(len(METHODS)), list(METHODS))
    axes[2].set(title="modes: seeds, and published (black)", ylim=(0, 26), xlim=(-0.5, 1.5))


EXPERIMENT = Experiment(
    name="grid_packing",
    title="25 Gaussians: GAN against PacGAN",
    chapter="published",
    measure=measure,
    draw=draw,
    size=(7.4, 2.6),
)
