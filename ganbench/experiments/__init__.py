"""The claims of the study notes as experiments: this is the table of contents."""

from __future__ import annotations

from importlib import import_module

from ganbench.experiments.base import Experiment
from ganbench.find import check_names

CHAPTERS = {
    "inception_score": "The Inception Score and where it fails",
    "two_samples": "Evaluation as a two-sample test",
    "game": "The game",
    "divergences": "f-divergences",
    "wasserstein": "Wasserstein, Lipschitz",
    "references": "Conditional models and references",
    "transport": "Optimal transport",
    "evaluators": "Evaluating the evaluators",
    "published": "Published tables",
}

# One module each, in the order of the atlas.
EXPERIMENTS: tuple[str, ...] = (
    "is_failures",
    "optimal_critic",
    "early_gradients",
    "bilinear_game",
    "dirac_gan",
    "parallel_lines",
    "evaluators",
    "evaluator_time",
)


def load(name: str) -> Experiment:
    """Return an experiment; raises UnknownName with the nearest names."""
    check_names("experiment", [name], EXPERIMENTS)
    found: Experiment = import_module(f"ganbench.experiments.{name}").EXPERIMENT
    return found
