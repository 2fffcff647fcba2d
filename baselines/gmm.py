"""Control: a mixture of Gaussians fitted by expectation-maximisation. What a simple density model achieves."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import prod
from typing import Literal, get_args

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from ganbench.baseline import Batch, Control, Draw, Net, normal, some, uniform
from ganbench.dataset import Dataset, Space, Tensors
from ganbench.errors import BadInput

Covariance = Literal["diag", "full"]
FLOOR = 1e-3  # added to each variance, in units of the data's mean variance


@dataclass(frozen=True)
class GMM(Control):
    """Dempster, Laird & Rubin, 1977: ``components`` Gaussians, clipped to the data's range.

    At most ``limit`` distinct training examples and ``rounds`` rounds; every variance is raised by a floor.
    """

    components: int = 100
    covariance: Covariance = "diag"
    rounds: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.covariance in get_args(Covariance), "covariance", f"one of {', '.join(get_args(Covariance))}")
        for name in ("components", "rounds"):
            self.require(getattr(self, name) >= 1, name, "at least 1")

    def noise(self, space: Space) -> dict[str, Draw]:
        return {"pick": uniform(), "z": normal(prod(space.shape))}

    def fit(self, G: Net, data: Dataset, stream: torch.Generator) -> Tensors:
        """Raise BadInput for fewer training examples than components."""
        source = data.train
        x, _ = some(source, self.limit, stream)
        if len(x) < self.components:
            raise BadInput(f"GMM: components must be at most the {len(x)} training examples, got {self.components}")
        mixture = self.mixture(x.flatten(1).double(), stream)
        means, factors = torch.from_numpy(mixture.means_), torch.from_numpy(mixture.covariances_)
        roots = factors.sqrt() if self.covariance == "diag" else torch.linalg.cholesky(factors)
        edges = {"low": torch.tensor(data.space.low), "high": torch.tensor(data.space.high)}
        shaped = means.unflatten(1, data.space.shape).to(x.dtype)
        weights = torch.from_numpy(mixture.weights_).cumsum(0).to(x.dtype)
        return {"means": shaped, "roots": roots.to(x.dtype), "steps": weights} | edges

    def mixture(self, rows: Tensor, stream: torch.Generator) -> GaussianMixture:
        """Fit the mixture to rows (n, d)."""
        start = int(torch.randint(2**31, (), generator=stream))
        floor = FLOOR * float(rows.var(0, correction=0).mean())
        mixture = GaussianMixture(
            self.components, covariance_type=self.covariance, reg_covar=floor, max_iter=self.rounds, random_state=start
        )
        with warnings.catch_warnings():  # a control need not be at its optimum, and says after how many rounds it stops
            warnings.simplefilter("ignore", ConvergenceWarning)
            return mixture.fit(rows.cpu().numpy())

    def generate(self, G: Net, b: Batch) -> Tensor:
        which = (b.pick[:, None] >= b.steps[:-1]).sum(1)
        roots = b.roots[which]
        spread = b.z * roots if self.covariance == "diag" else (roots @ b.z[..., None]).squeeze(-1)
        return (b.means[which] + spread.unflatten(-1, b.means.shape[1:])).clamp(b.low, b.high)
