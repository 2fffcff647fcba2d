"""The one scorer, of runs and of files: what each metric is given, what it lacks and why, and its value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite
from time import perf_counter
from typing import Any

from ganbench.dataset import Modes
from ganbench.errors import BadInput, RequestError
from ganbench.metrics.prepare import prepare
from ganbench.metrics.spec import Metric
from ganbench.records.record import Scores
from ganbench.scoring.inputs import MetricInputs

DISTANCES = "distances"  # that neighbour and kernel metrics share
OF_REFERENCE = {"real", "real_posteriors", "real_labels", "real_images"}
EXTRACTED = {"real", "fake", "train", "real_posteriors", "fake_posteriors"}
POSTERIORS = {"real_posteriors", "fake_posteriors"}
LABELS = {"real_labels", "fake_labels"}
IMAGES = {"real_images", "fake_images"}
OF_MOMENTS = ("fid", "fid_infinity")  # read nothing of a reference but its mean and covariance


@dataclass(frozen=True)
class Step:
    """What is being computed: the ``place``-th of ``count`` metrics of a set, or, at 0, the distances that they share.

    ``seconds`` is what it took, None where it begins.
    """

    metric: str
    of: str
    place: int
    count: int
    seconds: float | None = None


MetricProgress = Callable[[Step], None]


def unreported(_step: Step) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Scorer:
    """Scores sets of samples against one reference.

    Attributes
    ----------
    real : MetricInputs
        The reference.
    train : MetricInputs or None
        Examples that the generator was trained on, for metrics of copying.
    modes : Modes or None
        The modes of the reference's distribution, where they are known.
    identity : dict of str
        What features depend on: the extractor, its weights and preprocessing.
    modes_name : str
        What scores call the modes.
    """

    real: MetricInputs
    train: MetricInputs | None
    modes: Modes | None
    identity: dict[str, str]
    modes_name: str = "modes"

    def __call__(
        self, metrics: Sequence[Metric[Any]], fake: MetricInputs, progress: MetricProgress = unreported
    ) -> list[Scores]:
        """Return one Scores with one value for each metric; None with the reason where it is undefined.

        Parameters
        ----------
        metrics : sequence of metrics
            As in ``ganbench.metrics.METRICS``.
        fake : MetricInputs
            One set of samples.
        progress : callable
            Called with each Step that begins, and again with its seconds when it has ended.

        Raises
        ------
        BadInput
            Where the samples have another number of features than the reference.
        """
        step = Step(DISTANCES, fake.name, 0, len(metrics))
        with timed(step, progress):
            self.share_distances([metric for metric in metrics if not self.missing(metric, fake)], fake)
        scores = []
        for place, metric in enumerate(metrics, 1):
            with timed(replace(step, metric=metric.spec.name, place=place), progress):
                scores.append(self.score(metric, fake))
        return scores

    def share_distances(self, metrics: Sequence[Metric[Any]], fake: MetricInputs) -> None:
        """Make the one pass over distances that neighbour and kernel metrics share; each says later what it lacks."""
        if not any({"real", "fake"} <= set(metric.spec.needs) for metric in metrics):
            return
        try:
            real, samples = self.real.features, fake.features
        except RequestError:  # the extractor refuses the samples, and so does every metric that asks it
            return
        if real.dim != samples.dim:
            raise BadInput(
                f"{fake.name}: expected {real.dim} features a sample as in {self.real.name}, got {samples.dim}"
            )
        try:
            prepare(real, samples, metrics)
        except RequestError:
            return

    def score(self, metric: Metric[Any], fake: MetricInputs) -> Scores:
        """Return the value of one metric with all that makes it comparable."""
        return self.described(metric, *self.value(metric, fake), fake.n or 0)

    def undefined(self, metrics: Sequence[Metric[Any]], n_fake: int, reason: str) -> list[Scores]:
        """Return what is said of samples that there are not: no value for any metric, and why."""
        return [self.described(metric, None, reason, n_fake) for metric in metrics]

    def described(self, metric: Metric[Any], value: float | None, reason: str, n_fake: int) -> Scores:
        """Return a value with its identity."""
        needs: set[str] = set(metric.spec.needs)
        return Scores(
            metric=metric.spec.name,
            values=(value,),
            reasons=(reason,),
            better=metric.spec.better,
            version=metric.spec.version,
            features=self.identity if needs & EXTRACTED else {"name": "none"},
            reference=self.reference(needs),
            n_real=(self.real.n or 0) if needs & OF_REFERENCE else 0,
            n_fake=n_fake,
            options=dict(metric.spec.options),
        )

    def reference(self, needs: set[str]) -> str:
        """Return what samples are compared with, in words."""
        parts = [self.real.name] if needs & OF_REFERENCE else []
        parts += [self.train.name] if self.train and "train" in needs else []
        parts += [self.modes_name] if "modes" in needs else []
        return " and ".join(parts) or "none"

    def value(self, metric: Metric[Any], fake: MetricInputs) -> tuple[float | None, str]:
        """Return the value of a metric, or None and why not."""
        if reason := self.missing(metric, fake):
            return None, reason
        try:
            value = metric(*(self.input(need, fake) for need in metric.spec.needs))
        except RequestError as error:
            return None, str(error)
        return (value, "") if isfinite(value) else (None, f"the value is {value}")

    def input(self, need: str, fake: MetricInputs) -> Any:
        """Return what a metric's positional argument of that name is filled with."""
        makers: Mapping[str, Callable[[], Any]] = {
            "real": lambda: self.real.features,
            "fake": lambda: fake.features,
            "train": lambda: self.train and self.train.features,
            "real_posteriors": lambda: self.real.posteriors,
            "fake_posteriors": lambda: fake.posteriors,
            "real_labels": lambda: self.real.labels,
            "fake_labels": lambda: fake.labels,
            "real_images": lambda: self.real.images,
            "fake_images": lambda: fake.images,
            "fake_points": lambda: fake.points,
            "modes": lambda: self.modes,
        }
        return makers[need]()

    def missing(self, metric: Metric[Any], fake: MetricInputs) -> str:
        """Return what a metric lacks to be used on samples, or nothing. This is the only table of such reasons."""
        needs: set[str] = set(metric.spec.needs)
        lacks = {
            "of the reference only the mean and the covariance are known": bool(needs & OF_REFERENCE)
            and self.real.n is None
            and metric.spec.name not in OF_MOMENTS,
            "it takes images": bool(needs & IMAGES) and not fake.is_image,
            "it needs training examples (--train)": "train" in needs and self.train is None,
            f"features {fake.features_name} know no classes": bool(needs & POSTERIORS) and not fake.has_posteriors,
            f"the reference has no labels{because(self.real)}": bool(needs & LABELS) and not self.real.classes,
            f"the samples have no labels{because(fake)}": bool(needs & LABELS) and not fake.classes,
            "samples and reference have labels of different classes": bool(needs & LABELS)
            and self.real.classes != fake.classes,
            "the distribution and its modes are not known": "modes" in needs and self.modes is None,
            "it takes points": "fake_points" in needs and fake.is_image,
        }
        return next((reason for reason, holds in lacks.items() if holds), "")

    def select(
        self, metrics: Sequence[Metric[Any]], required: frozenset[str], fakes: Sequence[MetricInputs]
    ) -> list[Metric[Any]]:
        """Return the metrics that can be used on one of the sets or more.

        Raises RequestError where a ``required`` one cannot be used on every set, and where none is left.
        """
        selected = []
        for metric in metrics:
            reasons = [self.missing(metric, fake) for fake in fakes]
            for fake, reason in zip(fakes, reasons, strict=True):
                if reason and metric.spec.name in required:
                    raise RequestError(f"metric {metric.spec.name} cannot be used on {fake.name}: {reason}")
            selected += [metric] * (not all(reasons))
        if not selected:
            raise RequestError(f"no metric can be used on {fakes[0].name}")
        return selected

    def against(self, real: MetricInputs) -> Scorer:
        """Return the same scorer with another reference."""
        return replace(self, real=real)


@contextmanager
def timed(step: Step, progress: MetricProgress) -> Iterator[None]:
    """Tell of a step when it begins and when it has ended."""
    progress(step)
    start = perf_counter()
    yield
    progress(replace(step, seconds=perf_counter() - start))


def because(inputs: MetricInputs) -> str:
    """Return why the labels that a set has are not used, in parentheses, or nothing."""
    return f" ({inputs.unused_labels})" if inputs.unused_labels else ""
