"""The claims on mode collapse, k, unrolling and the loss as a monitor, with their rules."""

from __future__ import annotations

from ganbench.experiments.base import Claim, Findings, Verdict, confirmed, difference

SWEEP = {"slow": 1, "slow_2": 2, "slow_5": 5, "slow_10": 10}  # the slow critic's k, by game


def collapses(found: Findings) -> Verdict:
    return confirmed(found.high("modes_slow") < 7)


def synchrony(found: Findings) -> Verdict:
    rises = found.low("modes_for_each_doubling_of_k") > 0
    return confirmed(rises and found.low("modes_even") > found.mean("modes_slow"))


def unrolling(found: Findings) -> Verdict:
    gain, width = difference(found.numbers["modes_unrolled"], found.numbers["modes_slow"], paired=True)
    return confirmed(gain - width > 0)


def no_stopping(found: Findings) -> Verdict:
    # A usable criterion falls with the distance: a correlation that is clearly above one half.
    return confirmed(found.low("correlation") < 0.5)


CLAIMS = (
    Claim(
        name="mode collapse on a ring",
        note="note 0, optimisation challenges; note 2",
        says="The generator often gets stuck producing a few types of samples.",
        expected="with a critic that learns at a tenth of the generator's rate, fewer than 7 of 8 modes",
        source="direction only; the setting is that of Metz et al. 2016",
        shown=("modes_slow", "modes_even", "quality_slow", "quality_even"),
        rule="the interval of the modes covered, a mean over the last quarter of the run, ends below 7",
        judge=collapses,
        remark="Which of the modes are covered depends on the pace of the critic more than on the loss, "
        "which is the same in all games. A number for collapse means nothing without the rates.",
    ),
    Claim(
        name="k critic steps on a ring",
        note="note 1, k; note 3, disadvantages of GANs",
        says="D and G need good synchrony, such as k updates of D for one of G.",
        expected="of k = 1, 2, 5, 10 steps of a slow critic, more cover more modes; so does an equal rate",
        source="direction only",
        shown=(
            "modes_for_each_doubling_of_k",
            *(f"modes_{name}" for name in SWEEP),
            *(f"gradients_{name}" for name in SWEEP),
            *(f"modes_{name}_at_equal_gradients" for name in SWEEP),
            "modes_even",
        ),
        rule="at equal generator's steps the interval of the modes gained with each doubling of k, a slope for each "
        "seed, is above 0, and the even game's interval is above the mean at k = 1",
        judge=synchrony,
        remark="More critic steps and a higher rate both help a critic that has fallen behind. Steps have a price: k = "
        "10 costs 5.5 times the gradients of k = 1. Where all have cost as much, a larger k is still ahead on "
        "average, but seeds differ too much to be sure. That k brings no orbit to rest is shown by the Dirac-GAN.",
    ),
    Claim(
        name="unrolling on a ring",
        note="note 2, mode collapse",
        says="One line against mode collapse improves the optimisation.",
        expected="a generator that looks 5 critic steps ahead covers more modes than one that does not",
        source="Metz et al. 2016, section 3.1; direction only",
        shown=("modes_unrolled", "modes_slow"),
        rule="the paired interval of the gain in modes is above 0",
        judge=unrolling,
        remark="The steps looked ahead are plain gradient steps of 0.1 here, where the paper unrolls Adam. The critic "
        "itself moves as slowly as in the game without.",
    ),
    Claim(
        name="the loss as a monitor",
        note="note 0, optimisation challenges",
        says="There is no robust stopping criterion in practice.",
        expected="no rank correlation of the generator's loss with FID that is surely above 0.5",
        source="direction only",
        shown=("correlation",),
        rule="the low end of the correlation's interval over seeds is below 0.5",
        judge=no_stopping,
        remark="The loss is relative to a critic that changes with it. Whether a sample is good must be seen from the "
        "samples.",
    ),
)
