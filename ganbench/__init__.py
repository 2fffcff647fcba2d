"""ganbench: which GAN is better, on what evidence?

``score`` compares samples with a reference, ``run`` trains and compares what a suite asks for, ``metrics`` holds every
metric as a function of arrays. What takes long to import is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganbench import metrics as metrics
    from ganbench.cli.api import run as run
    from ganbench.io.source import Reading as Reading
    from ganbench.runs.generator import Generator as Generator
    from ganbench.runs.generator import load as load
    from ganbench.runs.generator import train as train
    from ganbench.runs.loggers import log_to as log_to
    from ganbench.runs.results import Results as Results
    from ganbench.scoring.api import Options as Options
    from ganbench.scoring.api import score as score
    from ganbench.scoring.evaluator import Evaluator as Evaluator
    from ganbench.scoring.report import Report as Report

__version__ = version("ganbench")
__all__ = [
    "Evaluator",
    "Generator",
    "Options",
    "Reading",
    "Report",
    "Results",
    "__version__",
    "load",
    "log_to",
    "metrics",
    "run",
    "score",
    "train",
]

_HOMES = {
    "Evaluator": "ganbench.scoring.evaluator",
    "Generator": "ganbench.runs.generator",
    "Options": "ganbench.scoring.api",
    "Reading": "ganbench.io.source",
    "Report": "ganbench.scoring.report",
    "Results": "ganbench.runs.results",
    "load": "ganbench.runs.generator",
    "log_to": "ganbench.runs.loggers",
    "run": "ganbench.cli.api",
    "score": "ganbench.scoring.api",
    "train": "ganbench.runs.generator",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: most take torch, which the command line's help does not need."""
    if name == "metrics":
        return import_module("ganbench.metrics")
    if name in _HOMES:
        value: object = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
