"""Other libraries: a module for each, with a function on arrays for every metric that it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

BALLS = ("precision", "recall")
SCORES = ("inception_score", "inception_score_splits")


@dataclass(frozen=True)
class Peer:
    """A library: the name that it is installed by, our module about it, and the metrics that the module has."""

    name: str
    module: str
    metrics: tuple[str, ...]

    @property
    def version(self) -> str:
        """Its installed version, empty where there is none."""
        try:
            return version(self.name)
        except PackageNotFoundError:
            return ""

    def function(self, metric: str) -> Callable[..., float]:
        """Import the library and return its function for a metric; raises ImportError where it cannot be imported."""
        return getattr(import_module(f"{__name__}.{self.module}"), metric)


PEERS = (
    Peer("pytorch-fid", "pytorch_fid", ("fid",)),
    Peer("clean-fid", "clean_fid", ("fid", "kid")),
    Peer("torch-fidelity", "torch_fidelity", ("fid", "kid", *BALLS, *SCORES)),
    Peer("torchmetrics", "torchmetrics", ("fid", "kid", *SCORES)),
    Peer("prdc", "prdc", (*BALLS, "density", "coverage")),
    Peer("piq", "piq", ("fid", "kid", *BALLS, *SCORES)),
)
