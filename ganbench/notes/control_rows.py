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
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed
from ganbench.notes.ledger import Pair, beside
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
    Pair("veegan/grid25/ali/modes-captured", "modes captured, Gaussian fit, grid25", "a blob without a game, not ALI"),
    Pair("veegan/grid25/ali/high-quality", "high quality %, Gaussian fit, grid25", "a blob without a game, not ALI"),
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


def agrees(findings: Findings, measured: str, value: float) -> bool:
    """Whether a mean lies within its 95 % interval, widened by half, of an exact value."""
    return abs(findings.mean(measured) - value) <= 1.5 * findings.half_width(measured)


def blob_passes(findings: Findings) -> Verdict:
    exact = all(
        agrees(findings, f"{column}, Gaussian fit, {name}", findings.mean(f"expected {word} of a blob, {name}"))
        for name in SETS
        for column, word in (("modes captured", "modes"), ("high quality %", "high quality %"))
    )
    none = all(findings.high(f"modes with a fifth of their share, Gaussian fit, {name}") == 0 for name in SETS)
    return confirmed(exact and none and findings.low("modes captured, Gaussian fit, grid25") > 12.5)


def centres_are_perfect(findings: Findings) -> Verdict:
    full = all(
        findings.low(f"modes captured, centre points, {name}") == most for name, most in zip(SETS, (8, 25), strict=True)
    )
    best = all(findings.low(f"high quality %, centre points, {name}") == 100 for name in SETS)
    flat = all(findings.high(f"spread, centre points, {name}") < 1e-3 for name in SETS)
    return confirmed(full and best and flat)


def ceiling_holds(findings: Findings) -> Verdict:
    return confirmed(all(agrees(findings, f"high quality %, real, {name}", CEILING) for name in SETS))


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


CLAIMS = (
    Claim(
        name="modes captured by a blob",
        note="notes 0 and 2, mode collapse; as published tables measure it",
        says="A count of captured modes alone does not tell a generator from a single Gaussian.",
        expected="a single Gaussian captures 17.7 of 25 modes and 4.5 of 8, with 1.52 % and .26 % of high quality",
        source="closed form: noncentral chi-square; a published row has 15.8 modes at 1.6 %",
        shown=(
            "modes captured, Gaussian fit, grid25",
            "high quality %, Gaussian fit, grid25",
            "modes captured, Gaussian fit, ring8",
            "modes with a fifth of their share, Gaussian fit, grid25",
        ),
        rule="means within 1.5 half intervals of the closed form on both sets, over half of the grid's modes captured, "
        "no mode with a fifth of its fair share",
        evaluate=blob_passes,
        remark="One lucky sample captures a mode, so that a Gaussian captures most of them. "
        "A count means something only beside the share of high quality, or when a mode must have a fifth of its share.",
    ),
    Claim(
        name="perfect scores of mere centres",
        note="note 2, mode collapse",
        says="Collapse within modes leaves no trace in the published columns of toy tables.",
        expected="copies of the K centres: all modes, 100 % of high quality, spread 0",
        source="by definition",
        shown=(
            "modes captured, centre points, grid25",
            "high quality %, centre points, grid25",
            "spread, centre points, grid25",
        ),
        rule="all modes and 100 % on both sets in every draw, spread below .001",
        evaluate=centres_are_perfect,
        remark="Highly similar samples are the note's own description of collapse. The published columns "
        "find a generator of K points better than the data; only the spread within modes tells.",
    ),
    Claim(
        name="the ceiling of quality",
        note="note 2, the need for numbers that can be compared",
        says="Even true samples are not all of high quality.",
        expected="98.889 % = 1 - exp(-9/2) in the plane",
        source="closed form",
        shown=("high quality %, real, ring8", "high quality %, real, grid25"),
        rule="both means within 1.5 half intervals of the closed form",
        evaluate=ceiling_holds,
        remark="A published share above it is no better than the data. Three sd leave out .27 % on a line, but "
        "1.1 % in a plane.",
    ),
)
EXPERIMENT = Experiment(
    name="control_rows",
    title="Untrained rows in the published toy tables",
    chapter="published",
    claims=CLAIMS,
    measure=measure,
    draw=draw,
    size=(7.0, 3.0),
)
