"""Two clouds, one row of scores: the evidence that each metric needs, its value, and how sure it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite, sqrt
from typing import Any

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

from ganbench.cloud import Cloud
from ganbench.dataset import Modes
from ganbench.errors import BadInput, RequestError
from ganbench.external.pieces import coloured
from ganbench.find import check_names
from ganbench.metrics import METRICS
from ganbench.metrics.base import Metric
from ganbench.metrics.features import Features
from ganbench.metrics.prepare import prepare
from ganbench.record import Scores
from ganbench.sources.base import Picture, Source, natural
from ganbench.sources.decode import quietly

USUAL = ("fid", "kid", "precision", "recall", "density", "coverage")
MOST_IMAGE_BYTES = 1 << 30  # of images held at once, for metrics that compare images as images
GROUPS = 10
INTERVAL = 0.95


@dataclass(frozen=True)
class Side:
    """A cloud with its source, and what metrics derive from it."""

    source: Source
    cloud: Cloud
    role: str

    @cached_property
    def features(self) -> Features:
        return Features(self.cloud.values, self.role)

    @property
    def posteriors(self) -> Tensor:
        if self.cloud.posteriors is None:
            raise BadInput("these features know no classes")
        return self.cloud.posteriors

    @cached_property
    def images(self) -> Tensor:
        """All images (n, c, h, w) in [-1, 1], read again; raises BadInput where they are too many or differ in size."""
        sizes = self.cloud.sizes
        if self.cloud.channels == 0 or len(sizes) != 1:
            raise BadInput(f"{self.role}: expected images of one size")
        (height, width), n = next(iter(sizes.items()))
        if 4 * n * self.cloud.channels * height * width > MOST_IMAGE_BYTES:
            raise BadInput(f"{self.role}: {n} images of {width} by {height} are more than this metric holds at once")
        with quietly():
            found = [each for each in self.source.scan() if isinstance(each, Picture)]
        found.sort(key=lambda each: natural(each.name))
        pixels = np.stack([coloured(each.pixels, self.cloud.channels) for each in found])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)

    def part(self, keep: Tensor) -> Side:
        """Return some of the samples, as positions."""
        cloud = self.cloud
        chosen = replace(
            cloud,
            values=cloud.values[keep],
            posteriors=None if cloud.posteriors is None else cloud.posteriors[keep],
            labels=None if cloud.labels is None else cloud.labels[keep],
        )
        side = Side(self.source, chosen, self.role)
        if "images" in self.__dict__:
            side.__dict__["images"] = self.images[keep]
        return side


@dataclass(frozen=True)
class Comparison:
    """What samples are compared with: the reference, and training examples and modes where they are known."""

    real: Side
    train: Side | None
    modes: Modes | None
    identity: dict[str, str]

    def choose(self, asked: Sequence[str] | None, fake: Side) -> list[str]:
        """Return metrics by name: the usual ones, all that can be used, or those asked for.

        Raises UnknownName, or RequestError where one asked for cannot be used.
        """
        if asked is None or list(asked) == ["all"]:
            names = USUAL if asked is None else tuple(METRICS)
            return [name for name in names if not self.unmet(METRICS[name], fake)]
        check_names("metric", asked, METRICS)
        for name in asked:
            if reason := self.unmet(METRICS[name], fake):
                raise RequestError(f"metric {name} cannot be used on {fake.source.name}: {reason}")
        return list(asked)

    def unmet(self, metric: Metric[Any], fake: Side) -> str:
        """Return why a metric cannot be used, or nothing."""
        needs: set[str] = set(metric.needs)
        same = self.real.cloud.classes == fake.cloud.classes
        reasons = {
            "it takes images": needs & {"real_images", "fake_images"} and not fake.cloud.channels,
            "it needs training examples (--train)": "train" in needs and self.train is None,
            "the features know no classes": needs & {"real_posteriors", "fake_posteriors"}
            and fake.cloud.posteriors is None,
            "it needs the same labels on both sides": needs & {"real_labels", "fake_labels"}
            and (not same or fake.cloud.labels is None),
            "the law and the modes are not known": "modes" in needs and self.modes is None,
            "it takes points": "fake_points" in needs and bool(fake.cloud.channels),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def scores(self, fake: Side, names: Sequence[str]) -> tuple[Scores, ...]:
        """Return one Scores with one value for each metric; None with the reason where it is undefined."""
        if self.real.cloud.values.shape[1] != fake.cloud.values.shape[1]:
            raise BadInput(
                f"{fake.source.name}: expected {self.real.cloud.values.shape[1]} features a sample as in "
                f"{self.real.source.name}, got {fake.cloud.values.shape[1]}"
            )
        prepare(self.real.features, fake.features, names)
        return tuple(self.score(METRICS[name], fake) for name in names)

    def score(self, metric: Metric[Any], fake: Side) -> Scores:
        value, reason = self.value(metric, fake)
        needs: set[str] = set(metric.needs)
        looked_at = needs & {"real", "fake", "train", "real_posteriors", "fake_posteriors"}
        return Scores(
            metric=metric.name,
            values=(value,),
            reasons=(reason,),
            better=metric.better,
            version=metric.version,
            features=self.identity if looked_at else {"name": "none"},
            reference=self.real.source.name,
            n_real=len(self.real.cloud),
            n_fake=len(fake.cloud),
            options=dict(metric.options),
        )

    def value(self, metric: Metric[Any], fake: Side) -> tuple[float | None, str]:
        """Return the value of a metric, or None and why not."""
        try:
            value = metric(*(self.evidence(need, fake) for need in metric.needs))
        except RequestError as error:
            return None, str(error)
        return (value, "") if isfinite(value) else (None, f"the value is {value}")

    def evidence(self, need: str, fake: Side) -> Any:
        """Return what a metric's positional argument of that name is filled with."""
        kinds: dict[str, Callable[[], Any]] = {
            "real": lambda: self.real.features,
            "fake": lambda: fake.features,
            "train": lambda: self.train.features if self.train else None,
            "real_posteriors": lambda: self.real.posteriors,
            "fake_posteriors": lambda: fake.posteriors,
            "real_labels": lambda: self.real.cloud.labels,
            "fake_labels": lambda: fake.cloud.labels,
            "real_images": lambda: self.real.images,
            "fake_images": lambda: fake.images,
            "fake_points": lambda: fake.cloud.values,
            "modes": lambda: self.modes,
        }
        return kinds[need]()

    def interval(self, metric: Metric[Any], fake: Side, value: float) -> tuple[float, float] | None:
        """Return a 95 % interval of a value by the jackknife over 10 groups of samples (Efron, 1982, chapter 3).

        A bootstrap would repeat samples, which neighbours read as copies and which biases a Frechet distance upwards.
        None where a group leaves the metric undefined, or fewer than 10 samples for each group.
        """
        n = len(fake.cloud)
        if n < GROUPS * GROUPS:
            return None
        group = torch.arange(n) % GROUPS
        found = [self.value(metric, fake.part((group != i).nonzero().flatten()))[0] for i in range(GROUPS)]
        values = [each for each in found if each is not None]
        if len(values) < GROUPS:
            return None
        error = sqrt((GROUPS - 1) / GROUPS * float(np.square(np.array(values) - np.mean(values)).sum()))
        half = float(student.ppf((1 + INTERVAL) / 2, GROUPS - 1)) * error
        low, high = metric.bounds
        return max(low, value - half), min(high, value + half)
