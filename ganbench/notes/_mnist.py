"""Real MNIST for the full form of an experiment, where its files are."""

from __future__ import annotations

from ganbench import data
from ganbench.data.mnist import HERE, MD5, located
from ganbench.dataset import Dataset
from ganbench.notes.base import Form


def mnist(form: Form) -> Dataset | None:
    """Return MNIST for the full form where its files are; it is never downloaded for an experiment."""
    return data.load("mnist", form.folder, download=False) if at_hand(form) else None


def at_hand(form: Form) -> bool:
    """Whether all of MNIST's files are where the full form looks for them; the fast form needs none."""
    folder = form.folder or HERE
    return form.name == "full" and all(located(folder, name) for name in MD5)
