"""Historical averaging: each network is held near the mean of its own past weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ganbench.baseline import Baseline, Batch, Net
from ganbench.dataset import Tensors
from ganbench.losses import logistic, non_saturating


@dataclass(frozen=True)
class HistoricalAveraging(Baseline):
    """Salimans et al., 2016, section 3.3, with ``weight`` times ||theta - mean of past theta||^2 for each network.

    The losses are otherwise the non-saturating ones. The past grows by one entry at each update of the generator; the
    first weights are its first. The paper gives no weight.
    """

    weight: float = 1.0

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"
    claim = "A pull towards the mean of past weights reaches equilibria of games where gradient descent circles."

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def discriminator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return logistic(D(b.x), D(G(b.z))) + self.weight * squared_drift("D", D, b)

    def generator_loss(self, G: Net, D: Net, b: Batch) -> Tensor:
        return non_saturating(D(G(b.z))) + self.weight * squared_drift("G", G, b)

    def initial_state(self, G: Net, D: Net) -> Tensors:
        means = named("G", G) | named("D", D)
        return means | {"past": next(iter(means.values())).new_ones(())}

    def next_state(self, G: Net, D: Net, b: Batch) -> Tensors:
        past = b.past + 1
        weights = named("G", G) | named("D", D)
        means = {name: getattr(b, name) + (w - getattr(b, name)) / past for name, w in weights.items()}
        return means | {"past": past}


def named(letter: str, net: Net) -> Tensors:
    """Return a network's weights under names for the carried state."""
    return {f"mean {letter}.{name}": weight for name, weight in net.weights.items()}


def squared_drift(letter: str, net: Net, b: Batch) -> Tensor:
    """Squared distance of a network's weights from the mean of its past."""
    distances = [(weight - getattr(b, name)).square().sum() for name, weight in named(letter, net).items()]
    return sum(distances[1:], distances[0])
