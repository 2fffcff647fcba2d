"""What a metric is: a pure function of arrays, and beside it the facts that a reader needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, Generic, Literal, ParamSpec

P = ParamSpec("P")

Better = Literal["lower", "higher", "target"]
Law = Literal[
    "identity",  # the ideal value (``ideal``) when fake is real itself
    "symmetric",  # metric(a, b) == metric(b, a)
    "rotation",  # one rotation of both clouds changes nothing
    "translation",  # one shift of both clouds changes nothing
    "scale",  # one positive factor for both clouds changes nothing
    "permutation",  # the order of samples is irrelevant
]
Need = Literal[
    "real",  # Features of the reference, (n, d)
    "fake",  # Features of the samples, (m, d)
    "train",  # Features of the training examples
    "real_posteriors",  # class posteriors of the reference, (n, K)
    "fake_posteriors",  # class posteriors of the samples, (m, K)
    "real_labels",  # (n,) true classes of the reference
    "fake_labels",  # (m,) classes that the samples were asked to be
    "fake_points",  # samples in data space, (m, d)
    "modes",  # the known Modes of the data's law
    "real_images",  # (n, c, h, w)
    "fake_images",  # (m, c, h, w)
]


@dataclass(frozen=True)
class Metric(Generic[P]):
    """A named, documented function; calling it calls the function.

    ``needs`` names the evidence that fills the function's positional arguments, in order.
    ``version`` goes up whenever the value for some input changes. ``ideal`` is the value of a perfect sampler in the
    limit (None where it depends on the data), ``minimum`` the sample size below which the value means little.
    A user's own metric has the ``label`` of its file, and the file's digest.
    """

    function: Callable[P, float]
    needs: tuple[Need, ...]
    better: Better
    ideal: float | None
    bounds: tuple[float, float]
    paper: str
    laws: frozenset[Law]
    minimum: int
    version: int
    label: str = ""
    file_sha256: str = ""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> float:
        return float(self.function(*args, **kwargs))

    @property
    def name(self) -> str:
        return self.label or self.function.__name__

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n", 1)[0]

    @property
    def options(self) -> Mapping[str, Any]:
        """Keyword options and their defaults, and the digest of a user's file: part of a score's identity."""
        parameters = signature(self.function).parameters.values()
        digest = {"file_sha256": self.file_sha256} if self.file_sha256 else {}
        return {p.name: p.default for p in parameters if p.default is not p.empty} | digest


def metric(
    *,
    needs: tuple[Need, ...],
    better: Better,
    ideal: float | None,
    bounds: tuple[float, float],
    paper: str,
    laws: frozenset[Law] | set[Law] = frozenset(),
    minimum: int = 2,
    version: int = 1,
) -> Callable[[Callable[P, float]], Metric[P]]:
    """Put the facts beside the function they describe."""
    return lambda function: Metric(function, needs, better, ideal, bounds, paper, frozenset(laws), minimum, version)
