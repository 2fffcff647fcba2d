"""Real MNIST for the full form of an experiment, where its files are."""

from __future__ import annotations

from ganbench import data
from ganbench.data.mnist import HERE, MD5, located
from ganbench.dataset import Dataset
from ganbench.experiments.base import Form


def mnist(form: Form) -> Dataset | None:
    """Return MNIST for the full form where it is at hand; it is never downloaded for an experiment's sake."""
    return data.load("mnist", form.folder, download=False) if at_hand(form) else None


def at_hand(form: Form) -> bool:
    """Whether all of MNIST's files lie where the full form looks; the fast form looks at none."""
    folder = form.folder or HERE
    return form.name == "full" and all(located(folder, name) for name in MD5)
