"""Two parallel segments, and the Jensen-Shannon divergence of laws that hardly touch."""

from __future__ import annotations

from math import log

import numpy as np
import torch
from scipy.integrate import quad

from ganbench.data.sources import Finite
from ganbench.dataset import Dataset, Space
from ganbench.game import Draw
from ganbench.streams import stream

POINTS = 20_000


def line(at: float) -> Draw:
    """Draw from the unit segment {at} x [0, 1]."""
    return lambda n, draws: torch.stack([torch.full((n,), at), torch.rand(n, generator=draws)], 1)


def lines(seed: int) -> Dataset:
    """Return the segment at 0 as a data set."""
    x = line(0.0)(POINTS, stream(seed, "parallel_lines", "data"))
    source = Finite(x, torch.zeros(POINTS, dtype=torch.long))
    space = Space(shape=(2,), classes=0, low=-1.0, high=2.0)
    return Dataset("segment", space, source, source, source, "points drawn once", "identity")


def discrete_jsd(theta: float) -> float:
    """JSD in nats of uniform laws on 100 places of either segment, over their joint support."""
    places = [[(x, i) for i in range(100)] for x in (0.0, theta)]
    joint = sorted({*places[0], *places[1]})
    p, q = (np.array([each.count(place) / len(each) for place in joint]) for each in places)
    m = (p + q) / 2
    return float(sum(0.5 * (law[law > 0] * np.log(law[law > 0] / m[law > 0])).sum() for law in (p, q)))


def blurred_jsd(distance: float, s: float) -> float:
    """JSD in nats of N(0, s^2) and N(distance, s^2): log 2 - E_p[log(1 + q/p)], by quadrature."""

    def integrand(t: float) -> float:
        logit = (distance / s) * t - (distance / s) ** 2 / 2  # log q/p at t standard deviations from p's mean
        return float(np.exp(-t * t / 2) / np.sqrt(2 * np.pi) * np.logaddexp(0.0, logit))

    kink = distance / s / 2
    return log(2) - sum(quad(integrand, a, b, epsabs=1e-12)[0] for a, b in ((-40, kink), (kink, kink + 40)))
