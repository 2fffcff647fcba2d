"""Historical averaging: each player is held near the mean of its own past."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from ganbench.dataset import Tensors
from ganbench.game import Baseline, Batch, Player


@dataclass(frozen=True)
class HistoricalAveraging(Baseline):
    """Salimans et al., 2016, section 3.3, with ``weight`` times ||theta - mean of past theta||^2 for each player.

    The game is the non-saturating one. The past grows by one entry at each generator's move; the start is its first.
    The paper gives no weight.
    """

    weight: float = 1.0

    paper = "Salimans et al., Improved Techniques for Training GANs, 2016. arXiv:1606.03498"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.weight >= 0, "weight", "0 or more")

    def critic_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        game = (softplus(-D(b.x)) + softplus(D(G(b.z)))).mean()
        return game + self.weight * strayed("D", D, b)

    def generator_loss(self, G: Player, D: Player, b: Batch) -> Tensor:
        return softplus(-D(G(b.z))).mean() + self.weight * strayed("G", G, b)

    def initial_state(self, G: Player, D: Player) -> Tensors:
        means = named("G", G) | named("D", D)
        return means | {"past": next(iter(means.values())).new_ones(())}

    def next_state(self, G: Player, D: Player, b: Batch) -> Tensors:
        past = b.past + 1
        weights = named("G", G) | named("D", D)
        means = {name: getattr(b, name) + (w - getattr(b, name)) / past for name, w in weights.items()}
        return means | {"past": past}


def named(side: str, player: Player) -> Tensors:
    """Return a player's weights under names for the carried state."""
    return {f"mean {side}.{name}": weight for name, weight in player.weights.items()}


def strayed(side: str, player: Player, b: Batch) -> Tensor:
    """Squared distance of a player from the mean of its past."""
    distances = [(weight - getattr(b, name)).square().sum() for name, weight in named(side, player).items()]
    return sum(distances[1:], distances[0])
