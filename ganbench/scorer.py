"""Samples beside the reference: the evidence that metrics need, gathered once, and their scores seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from math import isfinite
from typing import Any

from torch import Tensor

from ganbench.dataset import Dataset
from ganbench.errors import BadInput, RequestError
from ganbench.evidence import Look, asked_for, drawn, in_levels
from ganbench.features import load as load_features
from ganbench.features.base import Extractor
from ganbench.metrics import METRICS
from ganbench.metrics.base import Metric
from ganbench.metrics.prepare import prepare
from ganbench.metrics.user import find_metric, find_metrics
from ganbench.record import Scores

IMAGES = {"real_images", "fake_images"}
POSTERIORS = {"real_posteriors", "fake_posteriors"}
LABELS = {"real_labels", "fake_labels"}
LOOKED_AT = {"real", "fake", "train", *POSTERIORS}  # what an extractor saw
REFERENCE = {"real", "real_images", "real_labels", "real_posteriors"}


class Scorer:
    """Scores samples of one data set by ``metrics``, names or paths; the reference is drawn and looked at once.

    The reference is ``n`` distinct held-out examples chosen by a fixed stream, or all where there are no more; the
    split kept for controls is never touched. Raises RequestError for unknown names and for metrics whose needs
    this data set, looked at by these ``features``, cannot meet.
    """

    def __init__(self, data: Dataset, metrics: Sequence[str], n: int, features: str | None = None) -> None:
        if n < 1:
            raise BadInput(f"n: expected at least one example of reference, got {n}")
        self.metrics: dict[str, Metric[Any]] = {metric.name: metric for metric in find_metrics(metrics)}
        self.data, self.n, self.extractor = data, n, extractor(data, features)
        unmet = obstacles(data, self.extractor)
        for name, metric in self.metrics.items():
            for need in metric.needs:
                if need in unmet:
                    raise RequestError(f"metric {name} cannot be used on {data.name}: {unmet[need]}")

    @cached_property
    def real(self) -> Look:
        """The reference."""
        return self.look("real", *drawn(self.data.held_out, self.n, "reference"))

    @cached_property
    def train(self) -> Look:
        """All training examples, for only among all of them are copies found; of a stream, as many as the reference."""
        size = self.data.train.size
        return self.look("train", *drawn(self.data.train, size or self.n, "train"))

    def __call__(self, x: Tensor, y: Tensor | None) -> tuple[Scores, ...]:
        """Score ``x`` (seeds, n, *shape), asked to be of classes ``y`` (seeds, n) or none: one Scores for each metric.

        A value that is undefined, not finite, or refused by its metric is None, with the reason beside it.
        """
        if x.shape[2:] != self.data.space.shape or (y is not None and y.shape != x.shape[:2]):
            raise BadInput(
                f"expected samples (seeds, n, {', '.join(map(str, self.data.space.shape))}) and labels (seeds, n), "
                f"got {tuple(x.shape)} and {'none' if y is None else tuple(y.shape)}"
            )
        labels = [None] * len(x) if y is None else list(y.cpu())
        looks = [self.look("fake", some.detach().cpu(), y) for some, y in zip(x, labels, strict=True)]
        for look in looks:
            self.prepare(look)
        return tuple(self.scores(metric, looks, x.shape[1]) for metric in self.metrics.values())

    def look(self, name: str, x: Tensor, y: Tensor | None) -> Look:
        """Return examples as they are looked at: images in the 256 levels of a file, so that files score the same."""
        return Look(name, in_levels(x, self.data.space) if self.data.space.is_image else x, y, self.extractor)

    def prepare(self, fake: Look) -> None:
        """Make the one pass over distances that neighbour and kernel metrics share; each says later what it lacks."""
        if any({"real", "fake"} <= set(metric.needs) for metric in self.metrics.values()):
            try:
                prepare(self.real.features, fake.features, self.metrics)
            except RequestError:
                return

    def scores(self, metric: Metric[Any], looks: Sequence[Look], n_fake: int) -> Scores:
        """One metric for every seed, with its identity."""
        needs: set[str] = set(metric.needs)
        outcomes = [self.value(metric, look) for look in looks]
        return Scores(
            metric=metric.name,
            values=tuple(value for value, _ in outcomes),
            reasons=tuple(reason for _, reason in outcomes),
            better=metric.better,
            version=metric.version,
            features=self.identity if needs & LOOKED_AT else {"name": "none"},
            reference=self.reference(needs),
            n_real=len(self.real.x) if needs & REFERENCE else 0,
            n_fake=n_fake,
            options=dict(metric.options),
        )

    @property
    def identity(self) -> dict[str, str]:
        """All that features depend on."""
        levels = {"levels": "256"} if self.data.space.is_image else {}
        return dict(self.extractor.identity) | levels

    def reference(self, needs: set[str]) -> str:
        """What samples are compared with, in words: data set, split and the rule that made it."""
        parts = [f"{self.data.name}:held_out ({self.data.split})"] if needs & REFERENCE else []
        parts += [f"{self.data.name}:train ({len(self.train.x)})"] if "train" in needs else []
        parts += [f"{self.data.name}:modes"] if "modes" in needs else []
        return " and ".join(parts) or "none"

    def value(self, metric: Metric[Any], fake: Look) -> tuple[float | None, str]:
        """Return the metric of one seed's samples, or None and why not."""
        try:
            value = metric(*(self.evidence(need, fake) for need in metric.needs))
        except RequestError as error:
            return None, str(error)
        return (value, "") if isfinite(value) else (None, f"the value is {value}")

    def evidence(self, need: str, fake: Look) -> Any:
        """Return what a metric's positional argument of that name is filled with."""
        kinds: Mapping[str, Callable[[], Any]] = {
            "real": lambda: self.real.features,
            "fake": lambda: fake.features,
            "train": lambda: self.train.features,
            "real_posteriors": lambda: self.real.posteriors,
            "fake_posteriors": lambda: fake.posteriors,
            "real_labels": lambda: self.real.y,
            "fake_labels": lambda: asked_for(fake),
            "real_images": lambda: self.real.x,
            "fake_images": lambda: fake.x,
            "fake_points": lambda: fake.x,
            "modes": lambda: self.data.modes,
        }
        return kinds[need]()

    @staticmethod
    def names(data: Dataset, features: str | None = None) -> list[str]:
        """Metrics that can be used on a data set."""
        return applicable(data, features)


def applicable(data: Dataset, features: str | None = None, own: Sequence[str] = ()) -> list[str]:
    """Return which metrics of the catalogue, and of a user's ``own`` by path, ``data`` and ``features`` can meet."""
    unmet = obstacles(data, extractor(data, features))
    return [name for name in (*METRICS, *own) if not set(find_metric(name).needs) & set(unmet)]


def extractor(data: Dataset, features: str | None) -> Extractor:
    """Return the extractor of that name, or the data set's own; RequestError where it cannot look at the data."""
    found = load_features(features or data.features)
    if not found.accepts(data.space):
        raise RequestError(
            f"features {found.name} cannot look at {data.name}, examples of shape {data.space.shape} "
            f"in [{data.space.low:g}, {data.space.high:g}]; its own are {data.features}"
        )
    return found


def obstacles(data: Dataset, extractor: Extractor) -> dict[str, str]:
    """Needs that cannot be met, each with the reason."""
    unmet: dict[str, str] = {}
    if not data.space.is_image:
        unmet |= dict.fromkeys(IMAGES, "it takes images")
    if len(data.space.shape) != 1:
        unmet["fake_points"] = "it takes points"
    if data.modes is None:
        unmet["modes"] = "its law and modes are not known"
    if not data.space.classes:
        unmet |= dict.fromkeys(LABELS, "it has no labels")
    if extractor(drawn(data.held_out, 1, "reference")[0]).posteriors is None:
        unmet |= dict.fromkeys(POSTERIORS, f"features {extractor.name} know no classes")
    return unmet
