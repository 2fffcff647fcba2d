"""f-GAN: any f-divergence, estimated from below through its convex conjugate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from ganbench._util.names import check_names
from ganbench.baseline import Baseline, Batch, Net, Order

Pair = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]

FLAT = 30.0  # from here on softplus(-v) is exp(-v) to the last bit, and its logarithm is -v


def jeffrey_conjugate(t: Tensor) -> Tensor:
    """Lambert's w + 1/w + t - 2, w = W(exp(1 - t)): exp(-y) - 1 - y for y = log w, which solves exp(y) + y = 1 - t."""
    goal = 1 - t
    y = torch.where(goal < 1, goal, goal.clamp(min=1).log())  # right of the root: Newton's steps never cross it
    for _ in range(6):
        y = y - (y.exp() + y - goal) / (y.exp() + 1)
    return torch.expm1(-y) - y


# Divergence -> T = g_f(v) and f*(T), both of the discriminator's output v; every g_f increases, so that real is high.
TABLE: dict[str, Pair] = {
    "total_variation": (lambda v: v.tanh() / 2, lambda v: v.tanh() / 2),
    "kl": (lambda v: v, lambda v: (v - 1).exp()),
    "reverse_kl": (lambda v: -(-v).exp(), lambda v: v - 1),
    "pearson": (lambda v: v, lambda v: v.square() / 4 + v),
    "neyman": (lambda v: -torch.expm1(-v), lambda v: -2 * torch.expm1(-v / 2)),
    "hellinger": (lambda v: -torch.expm1(-v), torch.expm1),
    "jeffrey": (lambda v: v, jeffrey_conjugate),
    "jensen_shannon": (lambda v: log(2) - softplus(-v), lambda v: softplus(v) - log(2)),
    "gan": (lambda v: -softplus(-v), softplus),
}


@dataclass(frozen=True)
class FGAN(Baseline):
    """Nowozin et al., 2016, equations 4-9 and tables 1, 2 and 6; one simultaneous step for both (Algorithm 1).

    The divergences jensen_shannon and gan differ by log 4, a constant: they have one gradient, hence one row, which is
    called f_gan:jensen_shannon; f_gan:gan is another name of it.

    Where printed tables let a discriminator's output fall as an example looks more real, the increasing form is used.
    Networks are the shared ones, without the paper's BatchNorm and ELU; ``trick``, which section 3.2 recommends, is off
    so that the generator minimises the divergence that the row is named after.

    Total variation's tanh saturates: on ring8 it is 1 on real and fake alike to three digits after 500 steps, both
    gradients vanish, and under the best setting of the suite `search` three of five seeds of the suite `all` end worse
    than they began (sliced Wasserstein distance 1.14 on average, untrained 0.61). Neyman's learns the ring and loses it
    (0.12, and 0.8 five hundred steps later): its loss grows exponentially where the discriminator errs. On grid25, four
    times as wide, Pearson's and alpha's powers of the discriminator's output send one seed of five far off (27 and 18,
    the others 0.5 to 2.6), and Jeffrey's exponentials make one diverge.
    """

    divergence: str = "kl"
    trick: bool = False  # the generator maximises T instead of f*(T) of its samples (section 3.2)
    alpha: float = 1.5  # of the alpha divergence: 0 would be reverse_kl, 1/2 twice hellinger, 1 kl, 2 half of pearson
    weight: float = 0.3  # of the data in weighted_js; 1/2 is half of jensen_shannon
    order: Order = "simultaneous"

    paper = "Nowozin et al., f-GAN, 2016. arXiv:1606.00709"
    claim = "Any f-divergence can be trained on; its choice decides which compromise is made when data do not fit."
    members: ClassVar = ("divergence", (*(name for name in TABLE if name != "gan"), "weighted_js", "alpha"))
    aliases: ClassVar = MappingProxyType({"gan": "jensen_shannon"})

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names("divergence", [self.divergence], [*self.members[1], *self.aliases])
        self.require(
            isfinite(self.alpha) and self.alpha not in {0, 1}, "alpha", "finite, neither 0 (reverse_kl) nor 1 (kl)"
        )
        self.require(0 < self.weight < 1, "weight", "between 0 and 1")

    def unused_fields(self) -> dict[str, str]:
        used = {"alpha": "alpha", "weight": "weighted_js"}
        mine = {field: f"it belongs to {name}" for field, name in used.items() if self.divergence != name}
        return super().unused_fields() | mine

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        variational, conjugate = self.forms()
        return (conjugate(D(G(b.z))) - variational(D(b.x))).mean()

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        variational, conjugate = self.forms()
        return -(variational if self.trick else conjugate)(D(G(b.z))).mean()

    def monitor(self, G: Net, D: Net, b: Batch) -> Tensor:
        """Return the lower bound on the divergence (equation 4)."""
        return -self.discriminator_loss(G, D, b)

    def forms(self) -> Pair:
        """Return T and f*(T) as functions of the discriminator's output."""
        if self.divergence == "weighted_js":
            return weighted_js(self.weight)
        return alpha_divergence(self.alpha) if self.divergence == "alpha" else TABLE[self.divergence]


def weighted_js(weight: float) -> Pair:
    """Jensen-Shannon divergence with the data weighted by ``weight`` (table 6)."""

    def conjugate(v: Tensor) -> Tensor:
        hidden = -torch.expm1(-softplus(-v.clamp(max=FLAT)) / weight)
        return (1 - weight) * (log(1 - weight) - hidden.log() + relu(v - FLAT))

    return lambda v: -weight * log(weight) - softplus(-v), conjugate


def alpha_divergence(alpha: float) -> Pair:
    """Alpha divergence (table 6); above 1 the conjugate is flat where the printed form is not convex."""
    power = alpha / (alpha - 1)
    if alpha > 1:
        return lambda v: v, lambda v: (relu(1 + (alpha - 1) * v) ** power - 1) / alpha

    def conjugate(v: Tensor) -> Tensor:
        logarithm = softplus(-v.clamp(max=FLAT)).log() - relu(v - FLAT)
        return torch.expm1(power * (logarithm + log(1 - alpha))) / alpha

    return lambda v: 1 / (1 - alpha) - softplus(-v), conjugate
