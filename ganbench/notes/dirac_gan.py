"""Dirac-GAN, the smallest GAN: twelve variants of its game, with every number known.

Note 0: "the generator loss and the discriminator loss keep oscillating"; "no robust stopping criterion". Note 1:
maximising log D(G(z)) and minimising log(1 - D(G(z))) are "equivalent". Note 3: "D and G need good synchrony, such as k
updates of D for one of G". Note 4: "without WGAN one adds noise to both distributions, so that they overlap". Design:
Mescheder et al., 2018, section 2 and notebook: step 0.2, start (1, 1), 500 steps, simultaneous or alternating with 1 or
5 discriminator steps. Number: the distance to the equilibrium, 1.4142 at the start. Nothing is random.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from matplotlib.figure import Figure

from ganbench.notes._dirac import GAMES, STEP, Game, Order, distance, non_saturating, trajectory
from ganbench.notes.base import Claim, Experiment, Findings, Form, Matrix, Verdict, confirmed, wrong
from ganbench.report.style import ALARM, SAMPLE

ORDERS: dict[str, tuple[Order, int]] = {
    "simultaneous": ("simultaneous", 1),
    "alternating": ("alternating", 1),
    "alternating, 5 discriminator steps": ("alternating", 5),
}
DRAWN = ("linear", "gan", "ns_gan", "wgan", "wgan_gp", "r1", "instance_noise", "consensus")
ORBITING = ("linear", "gan", "wgan", "wgan_gp")
CALMED = ("r1", "r1_critical", "ns_r1", "consensus")
SHOWN_STEPS = 150
FINE = 0.02  # the step at which the non-saturating game follows its flow
TIMES = {"fast": (100, 400, 1600), "full": (100, 400, 1600, 6400)}
GROWN = sqrt(2) * (1 + STEP**2) ** 50  # of the linear game after 100 simultaneous steps


def measure(form: Form) -> Findings:
    """Run every game in every order of updates."""
    paths = {(name, order): trajectory(game, *how) for name, game in GAMES.items() for order, how in ORDERS.items()}
    numbers: dict[str, tuple[float, ...]] = {
        f"{name}_{order}": (float(distance(paths[name, full])[-1]),)
        for name in GAMES
        for order, full in zip(("simultaneous", "alternating", "five"), ORDERS, strict=True)
    }
    numbers["linear_100"] = (float(distance(paths["linear", "simultaneous"])[100]),)
    frozen = paths["wgan_gp", "alternating, 5 discriminator steps"]
    numbers["frozen_theta"] = (float(abs(frozen[-1, 0])),)
    numbers["frozen_motion"] = (float(np.ptp(frozen[-100:], axis=0).max()),)
    numbers["decay"] = (decay(TIMES[form.name]),)
    columns = tuple(f"{order}, {step} steps" for order in ORDERS for step in (100, 500))
    cells = tuple(
        tuple(float(distance(paths[name, order])[step]) for order in ORDERS for step in (100, 500)) for name in GAMES
    )
    table = Matrix(tuple(game.title for game in GAMES.values()), columns, cells)
    return Findings(numbers, curves(paths), {"distance to the equilibrium": table})


def curves(paths: dict[tuple[str, str], np.ndarray]) -> dict[str, tuple[float, ...]]:
    """Return the simultaneous paths that the figure shows."""
    return {
        f"{parameter} of {name}": tuple(np.round(paths[name, "simultaneous"][: SHOWN_STEPS + 1, i], 4).tolist())
        for name in DRAWN
        for i, parameter in enumerate(("theta", "psi"))
    }


def decay(times: tuple[int, ...]) -> float:
    """Return the worst ratio of the non-saturating game's distance to sqrt(8 / t), which averaging its flow gives.

    Over a turn r r' = -theta^2 psi^2 / 2 is -r^4 / 16, so r(t)^-2 grows by 1/8 per unit of time.
    """
    path = distance(trajectory(Game("", non_saturating), "alternating", steps=round(times[-1] / FINE), step=FINE))
    ratios = [float(path[round(time / FINE)] / sqrt(8 / time)) for time in times]
    return max(ratios, key=lambda ratio: abs(ratio - 1))


def oscillates(findings: Findings) -> Verdict:
    exact = abs(findings.mean("linear_100") / GROWN - 1) < 1e-9
    return confirmed(exact and all(findings.mean(f"{name}_simultaneous") > 0.9 for name in ORBITING))


def calms(findings: Findings) -> Verdict:
    noise = [findings.mean(f"instance_noise_{order}") for order in ("simultaneous", "alternating")]
    ns = [findings.mean(f"ns_gan_{order}") for order in ("simultaneous", "alternating")]
    others = [findings.mean(f"{name}_simultaneous") for name in CALMED]
    orbiting = [findings.mean(f"{name}_{order}") for name in ORBITING for order in ("simultaneous", "alternating")]
    return confirmed(max(others) < noise[0] < 1e-3 and noise[1] < 1e-3 < min(ns) and max(ns) < min(orbiting))


def needs_more_than_k(findings: Findings) -> Verdict:
    return confirmed(all(findings.mean(f"{name}_five") > 0.5 for name in ORBITING))


def differs(findings: Findings) -> Verdict:
    goes, stays = findings.mean("decay"), findings.mean("gan_alternating") > 0.9
    return wrong(abs(goes - 1) < 0.02 and stays and findings.mean("ns_gan_alternating") < 0.3)


def freezes(findings: Findings) -> Verdict:
    return confirmed(findings.mean("frozen_motion") < 1e-9 and abs(findings.mean("frozen_theta") - 0.7) < 1e-6)


def draw(findings: Findings, figure: Figure) -> None:
    """Theta against psi, from the start to the equilibrium or around it."""
    axes = figure.subplots(2, 4, sharex=True, sharey=True)
    for ax, name in zip(axes.flat, DRAWN, strict=True):
        theta, psi = findings.curves[f"theta of {name}"], findings.curves[f"psi of {name}"]
        ax.plot(theta, psi, color=SAMPLE if name in ORBITING else "#009E73", linewidth=0.9)
        ax.plot(theta[:1], psi[:1], "o", color="black", markersize=3)
        ax.plot(0, 0, "+", color=ALARM, markersize=8, markeredgewidth=1.6)
        ax.set(title=GAMES[name].title, xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal")
    for ax in axes[1]:
        ax.set_xlabel("generator θ")
    for ax in axes[:, 0]:
        ax.set_ylabel("discriminator ψ")


CLAIMS = (
    Claim(
        name="oscillation of the Dirac-GAN",
        note="note 0, optimisation challenges",
        says="The losses of generator and discriminator keep oscillating.",
        expected="unregularised games circle; the linear one's distance grows by √(1+h²) a step, to 10.0504 after 100",
        source="closed form; Mescheder et al. 2018, section 2",
        shown=("linear_100", "gan_simultaneous", "wgan_simultaneous", "wgan_gp_simultaneous"),
        rule="the linear game's distance after 100 steps equals √2·(1+h²)^50 to 1e-9, "
        "and GAN, WGAN and WGAN-GP are still at more than 0.9 after 500",
        evaluate=oscillates,
        remark="The equilibrium is known here, so no noise, network or data can be blamed: the flow itself is a "
        "circle. Discrete simultaneous steps spiral outwards, and clipping or a penalty only bound the orbit.",
    ),
    Claim(
        name="regularisers of the Dirac-GAN",
        note="note 4, advantages of WGAN",
        says="Without WGAN one adds noise to both distributions so that they overlap, which makes training easier.",
        expected="R1, consensus < instance noise < 0.001 < NS-GAN < the orbiting games, after 500 steps",
        source="Mescheder et al. 2018, theorem 4.1 and figure 3; own exact table",
        shown=("instance_noise_simultaneous", "r1_simultaneous", "consensus_simultaneous", "ns_gan_simultaneous"),
        rule="that order holds of simultaneous steps; with alternating ones noise also ends below 0.001, NS-GAN above",
        evaluate=calms,
        remark="Noise on both distributions gives the discriminator a gradient that points back, and so do a penalty "
        "on its gradient at real data and consensus. The Wasserstein variants do not converge in this game, with or "
        "without "
        "a penalty. The authors' notebook halves one term of consensus, which has a row of its own.",
    ),
    Claim(
        name="k discriminator steps of the Dirac-GAN",
        note="note 3, disadvantages of GANs",
        says="D and G are hard to balance: one must synchronise them well, such as k updates of D for one of G.",
        expected="5 discriminator steps bring none of the unregularised games nearer than 0.5 to the equilibrium",
        source="own exact table",
        shown=("linear_five", "gan_five", "wgan_five", "wgan_gp_five"),
        rule="all four distances after 500 alternating rounds with 5 discriminator steps exceed 0.5",
        evaluate=needs_more_than_k,
        remark="More discriminator steps change the shape of the orbit, not that it is one. Balance by k is no "
        "substitute for a term that damps the game.",
    ),
    Claim(
        name="two objectives of the Dirac-GAN",
        note="note 1, objectives",
        says="Maximising E log D(G(z)) and minimising E log(1 - D(G(z))) are equivalent.",
        expected="different games: NS-GAN approaches the equilibrium like √(8/t) (ratio 1), GAN does not approach it",
        source="closed form, by averaging over a turn",
        shown=("decay", "ns_gan_alternating", "gan_alternating"),
        rule="NS-GAN's distance is within 2 % of √(8/t) at all times measured (step 0.02), below 0.3 after 500 "
        "alternating steps of 0.2, where GAN's is above 0.9",
        evaluate=differs,
        remark="The two share their fixed point and nothing else: the generator's gradient per fake logit s is D - 1 "
        "for one and -D for the other. That alone turns an endless orbit into a slow approach.",
        correct="Both ask for the same sign of D; as objectives they differ, by the factor (1 - D) / D in the "
        "gradient.",
    ),
    Claim(
        name="no stopping rule for the Dirac-GAN",
        note="note 0, optimisation challenges",
        says="There is no robust stopping criterion in practice.",
        expected="WGAN-GP with 5 discriminator steps stands still at |θ| = 0.7 and ψ = 0, where the data are at 0",
        source="closed form: the penalty's kink holds where k·weight² ≥ 4",
        shown=("frozen_theta", "frozen_motion"),
        rule="neither theta nor psi moves by 1e-9 in the last 100 rounds, and |θ| is 0.7 to 1e-6",
        evaluate=freezes,
        remark="Losses, weights and samples have stopped changing, and the generator is wrong by 0.7. A rule that "
        "stops when nothing changes any more stops here.",
    ),
)
EXPERIMENT = Experiment("dirac_gan", "Dirac-GAN", "training", CLAIMS, measure, draw, size=(7.0, 3.9))
