"""Two clouds, one row of scores: the evidence that each metric needs, and its value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ganbench.dataset import Modes
from ganbench.errors import BadInput, RequestError
from ganbench.external.choice import Wanted
from ganbench.external.gaussian import FRECHET
from ganbench.external.sides import Side
from ganbench.metrics.base import Metric
from ganbench.metrics.prepare import prepare
from ganbench.record import Scores

OF_REFERENCE = {"real", "real_posteriors", "real_labels", "real_images"}


@dataclass(frozen=True)
class Comparison:
    """What samples are compared with: the reference, and training examples and modes where they are known."""

    real: Side
    train: Side | None
    modes: Modes | None
    identity: dict[str, str]

    def choose(self, wanted: Wanted, fakes: Sequence[Side]) -> list[Metric[Any]]:
        """Return the metrics that can be used on one of the sets or more.

        Raises RequestError where one that was asked for by name cannot be used on every set, and where none is left.
        """
        chosen = []
        for metric in wanted.metrics:
            reasons = [self.unmet(metric, fake) for fake in fakes]
            for fake, reason in zip(fakes, reasons, strict=True):
                if reason and metric.name in wanted.required:
                    raise RequestError(f"metric {metric.name} cannot be used on {fake.source.name}: {reason}")
            chosen += [metric] * (not all(reasons))
        if not chosen:
            raise RequestError(f"no metric can be used on {fakes[0].source.name}")
        return chosen

    def unmet(self, metric: Metric[Any], fake: Side) -> str:
        """Return why a metric cannot be used, or nothing."""
        needs: set[str] = set(metric.needs)
        same = self.real.cloud.classes == fake.cloud.classes
        reasons = {
            "of the reference only the mean and the covariance are known": self.real.n is None
            and bool(needs & OF_REFERENCE)
            and metric.name not in FRECHET,
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

    def scores(self, fake: Side, metrics: Sequence[Metric[Any]]) -> tuple[Scores, ...]:
        """Return one Scores with one value for each metric; None with the reason where it is undefined."""
        if self.real.cloud.values.shape[1] != fake.cloud.values.shape[1]:
            raise BadInput(
                f"{fake.source.name}: expected {self.real.cloud.values.shape[1]} features a sample as in "
                f"{self.real.source.name}, got {fake.cloud.values.shape[1]}"
            )
        usable = [metric.name for metric in metrics if not self.unmet(metric, fake)]
        prepare(self.real.features, fake.features, usable)
        return tuple(self.score(metric, fake) for metric in metrics)

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
            n_real=self.real.n or 0,
            n_fake=len(fake.cloud),
            options=dict(metric.options),
        )

    def value(self, metric: Metric[Any], fake: Side) -> tuple[float | None, str]:
        """Return the value of a metric, or None and why not."""
        if reason := self.unmet(metric, fake):
            return None, reason
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
