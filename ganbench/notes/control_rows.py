"""Notes 0 and 2 speak of mode collapse; papers measure it by counting modes, and a single Gaussian passes that test.

Design: distributions that nobody trained are scored as the published toy tables score a generator, by 2500 samples:
PacGAN's ring (8 modes, radius 1, sd .01) and grid (25 modes, spacing 2, sd .05). Each row is drawn 40 times (200 in the
full form). Number: for the Gaussian with the data's mean and covariance everything is known: a sample lies within 3 sd
of a centre by a noncentral chi-square distribution, so that the expected share of high quality is .0026 on the ring and
.0152 on the grid, and the expected number of modes with at least one such sample 4.5 of 8 and 17.7 of 25.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from matplotlib.figure import Figure

from ganbench import data
from ganbench._util.streams import stream
from ganbench.dataset import Modes
from ganbench.errors import BadInput
from ganbench.metrics import high_quality, modes_captured, modes_covered, reverse_kl, within_mode_spread
from ganbench.notes._controls import CONTROLS, expected
from ganbench.notes.base import Experiment, Findings, Form, Matrix
from ganbench.notes.ledger import Reproduction, beside
from ganbench.report.style import COLOURS
from ganbench.tables.statistics import interval

SETS = ("ring8", "grid25")
METRIC: dict[str, Callable[..., float]] = {
    "modes captured": modes_captured,
    "modes with a fifth of their share": partial(modes_covered, share=0.2),
    "high quality %": high_quality,
    "reverse KL": reverse_kl,
    "spread": within_mode_spread,
}
CEILING = 98.8891  # % of true samples within 3 sd in the plane, 1 - exp(-9/2)
PAIRS = (
    Reproduction(
        "veegan/grid25/ali/modes-captured", "modes captured, Gaussian fit, grid25", "a blob without a game, not ALI"
    ),
    Reproduction(
        "veegan/grid25/ali/high-quality", "high quality %, Gaussian fit, grid25", "a blob without a game, not ALI"
    ),
)


def measure(form: Form) -> Findings:
    draws = 40 if form.name == "fast" else 200
    numbers: dict[str, tuple[float, ...]] = {}
    matrices = {}
    for name in SETS:
        modes = true_modes(name)
        for control, draw in CONTROLS.items():
            samples = [draw(modes, stream(seed, "control rows", name, control)) for seed in range(draws)]
            for column, metric in METRIC.items():
                scale = 100 if column.endswith("%") else 1
                scores = tuple(scale * metric(each, modes) for each in samples)
                numbers[f"{column}, {control}, {name}"] = scores
        matrices[f"Control rows, {name}"] = Matrix(
            tuple(CONTROLS),
            tuple(METRIC),
            tuple(tuple(interval(numbers[f"{c}, {row}, {name}"]).mean for c in METRIC) for row in CONTROLS),
        )
        modes_expected, quality = expected(modes)
        numbers[f"expected modes of a blob, {name}"] = (modes_expected,)
        numbers[f"expected high quality % of a blob, {name}"] = (quality,)
    findings = Findings(numbers, {}, matrices)
    findings.matrices["A published row beside a blob"] = beside(PAIRS, findings)
    return findings


def true_modes(name: str) -> Modes:
    """Return the modes of a toy; raises BadInput where they are unknown."""
    modes = data.load(name).modes
    if modes is None:
        raise BadInput(f"{name}: expected a mixture with known modes")
    return modes


def draw(findings: Findings, figure: Figure) -> None:
    """Draw modes captured and covered by each control beside its share of high quality."""
    left, right = figure.subplots(1, 2, sharey=True)
    places = range(len(CONTROLS))
    for number, column in enumerate(("modes captured", "modes with a fifth of their share")):
        values = [findings.mean(f"{column}, {control}, grid25") for control in CONTROLS]
        left.barh([place + 0.2 - 0.4 * number for place in places], values, 0.38, color=COLOURS[number], label=column)
    left.plot([findings.mean("expected modes of a blob, grid25")], [1.2], "k|", ms=10, label="closed form")
    left.set_yticks(list(places), list(CONTROLS))
    left.invert_yaxis()
    left.set(xlabel="of the grid's 25 modes", xlim=(0, 25))
    figure.legend(loc="outside upper center", ncols=3)
    right.barh(
        list(places), [findings.mean(f"high quality %, {control}, grid25") for control in CONTROLS], color=COLOURS[2]
    )
    right.axvline(CEILING, color="black", lw=0.8, ls=":")
    right.set(xlabel="high quality, %")


EXPERIMENT = Experiment(
    name="control_rows",
    title="Untrained rows in the published toy tables",
    chapter="published",
    measure=measure,
    draw=draw,
    size=(7.0, 3.0),
)
