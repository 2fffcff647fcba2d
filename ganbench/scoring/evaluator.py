"""``Evaluator``: scores of samples that come in batches, as in a training loop, equal to those of ``score``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed, nn

from ganbench.errors import BadInput
from ganbench.features.extraction import Extraction, given
from ganbench.features.feature_set import FeatureSet, packed, unpacked
from ganbench.io.memory import from_memory
from ganbench.io.source import Reading, Source
from ganbench.scoring import api
from ganbench.scoring.api import Options
from ganbench.scoring.named import opened
from ganbench.scoring.pairing import Key
from ganbench.scoring.parts import together
from ganbench.scoring.report import Report

NAME = "the samples"


class SetReport(Report):
    """A report of one set of samples; its ``values`` are by the metric's name alone."""

    @property
    def values(self) -> dict[str, Any]:
        """Values by the metric."""
        return {each.metric: each.values[0] for each in self.rows[0].scores}


class Evaluator:
    """Scores samples that come in batches against a reference, to the bit as ``score`` does of all at once.

    Batches, their order and the processes that they are divided among do not matter: rows are put in the order of
    their content. Under ``torch.distributed`` `compute` gathers what all ranks have seen, and each returns the report.

    Parameters
    ----------
    reference : as of ``score``
        What to compare with; its features are taken once.
    metrics : str or sequence of str, optional
        As of ``score``.
    features : str or callable, optional
        As of ``score``: an extractor's name, or a callable from uint8 images (n, c, h, w) to features (n, d).
    options : Options, optional
        How samples and reference are read. Floats need their black and white: ``Reading(span=(-1, 1))``.

    Raises
    ------
    RequestError
        In one line, for whatever cannot be done as asked; BadInput for a network in train mode.

    Examples
    --------
    >>> import numpy as np
    >>> from ganbench import Evaluator
    >>> real, fake = (np.random.default_rng(seed).normal(size=(100, 2)) for seed in (0, 1))
    >>> evaluator = Evaluator(real, metrics="fid,precision")
    >>> evaluator.update(fake[:60])
    >>> evaluator.update(fake[60:])
    >>> sorted(evaluator.compute().values)
    ['fid', 'precision']
    """

    def __init__(
        self,
        reference: Any,
        metrics: Sequence[str] | str | None = None,
        features: str | Callable[[Any], Any] | None = None,
        *,
        options: Options | None = None,
    ) -> None:
        self.options = options or Options()
        self.metrics, self.features = metrics, features
        self.real, self.dataset = opened(reference, self.reading_of_reference(), self.options.data)
        self.real = self.real.remembering()
        self.known: dict[Key, FeatureSet] = {}
        self.expected: dict[str, str] = {}  # of a state that was loaded
        self.extraction: Extraction | None = None
        self.seen: list[FeatureSet] = []
        refuse_training(features)

    def reading_of_reference(self) -> Reading:
        """Return how the reference is read: in the samples' range, where it has none of its own."""
        return api.beside(self.options, self.options.reference_reading, "--reference-key")

    def __len__(self) -> int:
        return sum(map(len, self.seen))

    def update(self, batch: Any, labels: Any = None) -> None:
        """Take the features of a batch.

        Parameters
        ----------
        batch : array or Tensor
            Images, an array (n, h, w, c) or a tensor (n, c, h, w), uint8 or floats of the range that the options name;
            or features (n, d).
        labels : array_like (n,), optional
            The classes that the samples were asked to be of.

        Raises
        ------
        BadInput
            For floats of an unknown range, a network in train mode, and whatever ``score`` would refuse.
        """
        refuse_training(self.features)
        source = self.source_of(batch, labels)
        if source.kind == "features":
            self.seen.append(given(source))
            return
        if source.extremes:
            raise BadInput(
                "batch: floats may be of several ranges; say which with options=Options(reading=Reading(span=(-1, 1)))"
            )
        self.extraction = self.extraction or self.extraction_of(source)
        if self.expected and self.expected != self.identity():
            raise BadInput("update: the state that was loaded is of other features")
        taken = self.extraction.extract(source, 0)
        if self.seen and self.seen[0].channels != taken.channels:
            taken = self.in_colour(source, taken)
        self.seen.append(taken)

    def source_of(self, batch: Any, labels: Any) -> Source:
        """Return a batch as a source: tensors have their channels first, arrays last, where both would fit."""
        layout = self.options.reading.layout or ("NCHW" if isinstance(batch, Tensor) else "NHWC")
        axes = getattr(batch, "ndim", 0)
        reading = replace(self.options.reading, layout=layout if axes == 4 else self.options.reading.layout)
        if not axes or not len(batch):
            raise BadInput("batch: expected images or features, at least one")
        values = batch if labels is None else Labelled(batch, labels)
        return from_memory(values, reading)

    def extraction_of(self, source: Source) -> Extraction:
        """Return how features are taken of batches such as this."""
        extractor = api.extractor_for(self.real, source, self.dataset, self.features, self.options)
        return Extraction(extractor, None, self.options.skip_broken, self.options.progress)

    def in_colour(self, source: Source, taken: FeatureSet) -> FeatureSet:
        """Return a batch's features as of colour; raises BadInput where those before it were of grey images."""
        if taken.channels == 3 or self.extraction is None:
            raise BadInput("batch: has colour, and the batches before it had grey images alone; expected one kind")
        return self.extraction.extract(source, 3)

    def merge(self, other: Evaluator) -> None:
        """Add what another evaluator has seen; raises BadInput where it takes other features."""
        if other.identity() != self.identity() and self.seen and other.seen:
            raise BadInput("merge: the other evaluator takes other features")
        self.extraction = self.extraction or other.extraction
        self.seen += other.seen

    def identity(self) -> dict[str, str]:
        """Return what features depend on; nothing before the first images."""
        return self.extraction.identity(self.real) if self.extraction else self.expected

    def reset(self) -> None:
        """Forget the samples, not the reference."""
        self.seen, self.expected = [], {}

    def state_dict(self) -> dict[str, Any]:
        """Return the samples' features as tensors and text, for ``torch.save``."""
        parts = [packed(each) for each in self.seen]
        return {
            "identity": json.dumps(self.identity(), sort_keys=True),
            "parts": [{"tensors": dict(tensors), "text": dict(text)} for tensors, text in parts],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the samples of a state; raises BadInput for one of other features."""
        there, here = json.loads(state["identity"]), self.identity()
        if there and here and there != here:
            raise BadInput("state: is of other features than this evaluator takes")
        self.expected = there
        self.seen = [unpacked(part["tensors"], part["text"]) for part in state["parts"]]

    def compute(self) -> SetReport:
        """Return the report of all samples so far, those of all ranks where there are several.

        Raises
        ------
        BadInput
            For fewer than 2 samples, and whatever ``score`` would refuse.
        """
        seen = gathered(self)
        if sum(map(len, seen)) < 2:
            raise BadInput(f"expected at least 2 samples before compute, got {sum(map(len, seen))}")
        whole = together(seen, by_name=False)
        tensors, text = packed(whole)
        source = Source(
            NAME,
            "images" if whole.channels else "features",
            partial(digest_of_set, whole),
            count=len(whole),
            taken=lambda: (dict(tensors), dict(text)),
            made=self.identity() if whole.channels else {"name": "given"},
        )
        known = dict(self.known)
        report = api.compare([source], self.real, self.dataset, self.metrics, self.features, self.options, known)
        self.known = {key: each for key, each in known.items() if key[1] == self.real.digest()}
        return SetReport(**{name: getattr(report, name) for name in report.__dataclass_fields__})


class Labelled(torch.utils.data.Dataset[Any]):
    """A batch with its labels."""

    def __init__(self, batch: Any, labels: Any) -> None:
        self.batch, self.labels = batch, labels
        if len(batch) != len(labels):
            raise BadInput(f"labels: expected {len(batch)}, got {len(labels)}")

    def __len__(self) -> int:
        return len(self.batch)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.batch[index], self.labels[index]


def refuse_training(features: Any) -> None:
    """Raise BadInput for a network whose features would depend on the batch."""
    if isinstance(features, nn.Module) and any(each.training for each in features.modules()):
        raise BadInput("features: the network is in train mode, where they depend on the batch; call .eval() first")


def digest_of_set(features: FeatureSet) -> str:
    """Return the digest of a set's samples in any order."""
    rows = features.facts.digest
    return f"{len(rows)} {rows.sum(0).tolist()} {rows.square().sum(0).tolist()}"


def gathered(evaluator: Evaluator) -> list[FeatureSet]:
    """Return what all ranks have seen."""
    if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_world_size() == 1:
        return evaluator.seen
    states: list[Any] = [None] * distributed.get_world_size()
    distributed.all_gather_object(states, evaluator.state_dict())
    if len({state["identity"] for state in states if state["parts"]}) > 1:
        raise BadInput("compute: the ranks take different features")
    return [unpacked(part["tensors"], part["text"]) for state in states for part in state["parts"]]
