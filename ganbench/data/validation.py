"""A data set for the search of settings: trained on part of the training examples, scored on the rest of them.

What tables are made of, the held-out examples and the control split, is never seen by a search.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ganbench.data.sources import Finite, Flipped, Pixels, Stacked
from ganbench.dataset import Dataset, Source

EVERY = 3  # of so many training examples one is kept for validation


def validation(data: Dataset) -> Dataset:
    """Return a data set whose held-out examples are every third training example, which are not trained on.

    Where every draw is new there is nothing to divide: the reference is other draws than that of tables.
    """
    train, held_out = divided(data.train)
    finite = train is not held_out
    rule = f"training examples at positions 2 modulo {EVERY} held out" if finite else "other draws as reference"
    return replace(
        data, train=train, held_out=held_out, split=f"validation: {rule}; {data.split}", reference="validation"
    )


def divided(source: Source) -> tuple[Source, Source]:
    """Return what is trained on and what is kept for validation; the same source twice where it never runs out."""
    if isinstance(source, Pixels):
        kept = torch.arange(len(source.levels)) % EVERY == EVERY - 1
        rest = source.part(~kept)
        return Flipped(rest) if isinstance(source, Flipped) else rest, source.part(kept)
    if isinstance(source, Finite):
        kept = torch.arange(len(source.x)) % EVERY == EVERY - 1
        return Finite(source.x[~kept], source.y[~kept]), Finite(source.x[kept], source.y[kept])
    if isinstance(source, Stacked):
        train, held_out = divided(source.source)
        if isinstance(train, Finite) and isinstance(held_out, Finite):
            return Stacked(train, source.classes), Stacked(held_out, source.classes)
    return source, source
