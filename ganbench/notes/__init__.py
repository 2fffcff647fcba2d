"""The claims of the study notes as experiments: this is the table of contents."""

from __future__ import annotations

from importlib import import_module

from ganbench._util.names import check_names
from ganbench.notes.base import Experiment

CHAPTERS = {
    "inception_score": "The Inception Score and where it fails",
    "two_samples": "Evaluation as a two-sample test",
    "training": "Training",
    "divergences": "f-divergences",
    "wasserstein": "Wasserstein, Lipschitz",
    "references": "Conditional models and references",
    "transport": "Optimal transport",
    "evaluators": "Evaluating the evaluators",
    "published": "Published tables",
}

# One module each, in the order of the atlas.
EXPERIMENTS: tuple[str, ...] = (
    "is_counterexample",
    "is_failures",
    "is_absent_classes",
    "is_classifier",
    "is_estimator",
    "t_statistic",
    "power",
    "optimal_discriminator",
    "early_gradients",
    "worked_examples",
    "bilinear_game",
    "dirac_gan",
    "ring_games",
    "settled_modes",
    "collapse_architectures",
    "dcgan_changes",
    "variational_bounds",
    "fitted_gaussians",
    "covering",
    "kl_against_js",
    "parallel_lines",
    "clipping",
    "lipschitz",
    "emd_monitor",
    "blur",
    "generator_inputs",
    "random_codes",
    "vae_bound",
    "linear_vae",
    "explicit_density",
    "parzen_windows",
    "brenier",
    "evaluators",
    "evaluator_time",
    "control_rows",
    "grid_packing",
    "wgan_gp_toys",
    "six_improvements",
)


def load(name: str) -> Experiment:
    """Return an experiment; raises UnknownName with the nearest names."""
    check_names("experiment", [name], EXPERIMENTS)
    experiment: Experiment = import_module(f"ganbench.notes.{name}").EXPERIMENT
    return experiment
