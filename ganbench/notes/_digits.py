"""What experiments on the small digits share: training all seeds, and how far samples are from held-out digits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from ganbench import data, features
from ganbench.baseline import Baseline
from ganbench.metrics.frechet import fid
from ganbench.training.sampler import Sampler
from ganbench.training.trainer import Plan, Trainer

SAMPLES, BATCH = 1200, 64


def trained(baseline: Baseline, seeds: Sequence[int], steps: int) -> tuple[Trainer, float]:
    """Train all seeds to the end; return the trainer, and their mean distance before the first step."""
    trainer = Trainer(baseline, data.load("digits"), seeds, Plan(steps, BATCH))
    before = distances(Sampler(trainer).draw(SAMPLES)[0])
    trainer.advance(steps)
    return trainer, sum(before) / len(before)


def distances(samples: Tensor) -> tuple[float, ...]:
    """Return each seed's Frechet distance to the held-out digits, in the shipped classifier's features."""
    extract = features.load("digits")
    return tuple(fid(held_out(), extract(each).values) for each in samples)


@cache
def held_out() -> Tensor:
    """Features of all held-out digits."""
    source = data.load("digits").held_out
    return features.load("digits")(source.examples({"index": torch.arange(source.size or 0)})[0]).values
