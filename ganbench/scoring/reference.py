"""The reference of a comparison: drawn from a data set for runs, or rows that have a given mean and covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.dataset import Dataset
from ganbench.dataset import Source as Examples
from ganbench.errors import BadInput, RequestError
from ganbench.features import load as load_features
from ganbench.features.base import Extractor
from ganbench.features.feature_set import Facts, FeatureSet
from ganbench.io.source import Source
from ganbench.metrics import METRICS
from ganbench.metrics.frechet import symmetric_root
from ganbench.metrics.spec import Metric
from ganbench.metrics.user import find_metric, find_metrics
from ganbench.records.record import Scores
from ganbench.scoring.inputs import ExampleInputs, MetricInputs
from ganbench.scoring.scorer import Scorer


class DatasetScorer:
    """Scores samples of one data set by ``metrics``, names or paths; the reference is drawn and extracted once.

    The reference is ``n`` distinct held-out examples chosen by a fixed stream, or all where there are no more; the
    split kept for controls is never touched. Several ``draws`` of the reference share no example; there are fewer
    where the held-out examples do not suffice (``reference_draws``). Examples come in the order of their content,
    unless ``by_content`` is false, as in records of earlier runs. Training examples are all there are, for only among
    all of them are copies found; of a stream, as many as the reference. Raises RequestError for unknown names and
    for metrics whose needs this data set with these ``features`` cannot meet.
    """

    def __init__(
        self,
        data: Dataset,
        metrics: Sequence[str],
        n: int,
        features: str | None = None,
        draws: int = 1,
        *,
        by_content: bool = True,
    ) -> None:
        if n < 1:
            raise BadInput(f"n: expected at least one example of reference, got {n}")
        self.metrics: dict[str, Metric[Any]] = {metric.spec.name: metric for metric in find_metrics(metrics)}
        self.data, self.n, self.extractor, self.by_content = data, n, extractor_of(data, features), by_content
        self.scorers = [
            scorer_of(data, n, self.extractor, draw, by_content) for draw in range(reference_draws(data, n, draws))
        ]
        self.scorer = self.scorers[0]
        for name, metric in self.metrics.items():
            if reason := self.scorer.missing(metric, self.scorer.real):
                raise RequestError(f"metric {name} cannot be used on {data.name}: {reason}")

    def __call__(self, x: Tensor, y: Tensor | None, sets: int = 1) -> list[Scores]:
        """Return one Scores for each metric, with a value for each set of samples and draw of the reference.

        Parameters
        ----------
        x : Tensor (sets * n, *shape)
            The samples, in the data set's space, one set after the other.
        y : Tensor (sets * n,) int64 or None
            The classes that the samples were asked to be of, if they were.
        sets : int
            How many sets of equal size the samples are.
        """
        if sets < 1 or len(x) % sets:
            raise BadInput(f"sets: expected a divisor of {len(x)} samples, got {sets}")
        labels = [None] * sets if y is None else y.split(len(x) // sets)
        parts = [self.inputs(*part) for part in zip(x.split(len(x) // sets), labels, strict=True)]
        metrics = list(self.metrics.values())
        return pooled([[scorer(metrics, part) for part in parts] for scorer in self.scorers])

    def undefined(self, n: int, reason: str) -> list[Scores]:
        """Return what is said of ``n`` samples that there are not, for example of a seed that diverged."""
        return self.scorer.undefined(list(self.metrics.values()), n, reason)

    def inputs(self, x: Tensor, y: Tensor | None) -> MetricInputs:
        """Return samples as metrics are given them; raises BadInput for another shape than the data set's."""
        if x.shape[1:] != self.data.space.shape or (y is not None and y.shape != x.shape[:1]):
            raise BadInput(
                f"expected samples (n, {', '.join(map(str, self.data.space.shape))}) and labels (n,), "
                f"got {tuple(x.shape)} and {'none' if y is None else tuple(y.shape)}"
            )
        return ExampleInputs(
            "fake",
            "the samples",
            len(x),
            lambda: (x.detach().cpu(), None if y is None else y.cpu()),
            self.data.space,
            self.extractor,
            has_posteriors=self.scorer.real.has_posteriors,
            has_labels=y is not None,
            by_content=self.by_content,
        )


def reference_draws(data: Dataset, n: int, draws: int) -> int:
    """Return how many of ``draws`` references of ``n`` held-out examples there are that share none; at least one."""
    return draws if data.held_out.size is None else max(1, min(draws, data.held_out.size // n))


def pooled(scores: Sequence[Sequence[Sequence[Scores]]]) -> list[Scores]:
    """Return one Scores for each metric from those of every draw of the reference and every set of samples."""
    flat = [each for draw in scores for each in draw]
    return [
        replace(
            same[0],
            values=tuple(value for score in same for value in score.values),
            reasons=tuple(reason for score in same for reason in score.reasons),
            draws=len(scores),
        )
        for same in zip(*flat, strict=True)
    ]


def scorer_of(data: Dataset, n: int, extractor: Extractor, draw: int = 0, by_content: bool = True) -> Scorer:
    """Return the scorer of a data set's samples: ``n`` held-out examples are the reference, others for each draw."""
    examples = partial(
        ExampleInputs,
        space=data.space,
        extractor=extractor,
        has_posteriors=extractor(drawn(data.held_out, 1, "reference")[0]).posteriors is not None,
        has_labels=data.space.classes > 0,
        by_content=by_content,
    )
    n_real, n_train = (min(n, data.held_out.size or n), data.train.size or n)
    real = examples(
        "real", f"{data.name}:held_out ({data.split})", n_real, lambda: drawn(data.held_out, n, data.reference, draw)
    )
    train = examples("train", f"{data.name}:train ({n_train})", n_train, lambda: drawn(data.train, n_train, "train"))
    levels = {"levels": "256"} if data.space.is_image else {}
    return Scorer(real, train, data.modes, dict(extractor.identity) | levels, f"{data.name}:modes")


def applicable(data: Dataset, features: str | None = None, own: Sequence[str] = ()) -> list[str]:
    """Return which metrics of the catalogue, and of a user's ``own`` by path, ``data`` and ``features`` can meet."""
    scorer = scorer_of(data, 1, extractor_of(data, features))
    return [name for name in (*METRICS, *own) if not scorer.missing(find_metric(name), scorer.real)]


def extractor_of(data: Dataset, features: str | None) -> Extractor:
    """Return the extractor of that name, or the data set's own; RequestError where it cannot take the data."""
    extractor = load_features(features or data.features)
    if not extractor.accepts(data.space):
        raise RequestError(
            f"features {extractor.name} cannot take {data.name}, examples of shape {data.space.shape} "
            f"in [{data.space.low:g}, {data.space.high:g}]; its own are {data.features}"
        )
    return extractor


def drawn(source: Examples, n: int, name: str, draw: int = 0) -> tuple[Tensor, Tensor]:
    """Return ``n`` different examples, or all where there are no more, in the same order on every machine.

    Those of another ``draw`` are others; of a finite source there must be (draw + 1) n.
    """
    if source.size is None:
        return source.examples(source.distinct(n, stream(0, name, *([draw] if draw else []))))
    order = source.distinct(min((draw + 1) * n, source.size), stream(0, name))
    return source.examples({key: index[draw * n :] for key, index in order.items()})


def rows_of_moments(source: Source) -> FeatureSet:
    """Return d + 1 rows (d + 1, d) float64 with the source's mean and covariance (ddof 1), or raise BadInput.

    With sigma = F'F and H the contrasts of Helmert, which are orthonormal and sum to zero over the rows, these are
    mu + sqrt(d) H'F.
    """
    if source.moments is None:
        raise BadInput(f"{source.name}: expected a mean and a covariance")
    mean, covariance = (torch.from_numpy(each) for each in source.moments())
    rows = mean + len(mean) ** 0.5 * helmert(len(mean)) @ symmetric_root(covariance, f"{source.name}: sigma")
    nothing = Facts(torch.zeros(0, 2, dtype=torch.int64), torch.zeros(0), torch.zeros(0, 2, dtype=torch.int32))
    return FeatureSet(rows, None, None, (), (), nothing, 0, {"moments": 1})


def helmert(d: int) -> Tensor:
    """Return (d + 1, d) orthonormal columns that sum to zero: 1/sqrt(k(k+1)) k times, then -k/sqrt(k(k+1))."""
    k = torch.arange(1, d + 1, dtype=torch.float64)
    columns = torch.ones(d + 1, d, dtype=torch.float64).triu()
    columns[torch.arange(1, d + 1), torch.arange(d)] = -k
    return columns / (k * (k + 1)).sqrt()
