"""Samples scored as another tool scores them: each number of a protocol by its own network, reference and estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from ganbench import features as extractors
from ganbench._util.streams import stream
from ganbench.errors import BadInput
from ganbench.features.base import Extractor
from ganbench.features.extraction import Extraction
from ganbench.features.feature_set import FeatureSet
from ganbench.io.fingerprint import remembering
from ganbench.io.source import Source
from ganbench.records.record import Scores
from ganbench.scoring import api
from ganbench.scoring.controls import controls
from ganbench.scoring.inputs import FileInputs
from ganbench.scoring.intervals import Interval
from ganbench.scoring.named import opened, opened_samples
from ganbench.scoring.pairing import Key, Pair, Pairing
from ganbench.scoring.protocols import Number, Protocol, numbers_of, protocol_of, refuse_contradiction
from ganbench.scoring.report import ByProtocol, Report, Row
from ganbench.scoring.scorer import OF_REFERENCE, Scorer
from ganbench.scoring.warnings import Comparison, Warned, warnings_of

ODD = {  # conversions by which a picture differs from what the tools themselves would make of the file
    "transparen": "transparency, which this package puts on white",
    "scaled from": "more than 8 bits, which this package scales",
    "EXIF": "an orientation in EXIF, which this package applies",
}


@dataclass(frozen=True)
class ProtocolTask:
    """Numbers that share a network and a reference; ``mean`` names the statistics, "" stands for samples."""

    features: str
    mean: str
    numbers: tuple[Number, ...]


def score_by(
    name: str, samples: Any, reference: Any, asked: Any, features: api.Features, options: api.Options
) -> Report:
    """Return the report of a protocol; arguments as in ``ganbench.score``.

    Raises UnknownName for a protocol or number that there is not, and BadInput where features or the reference
    contradict the protocol.
    """
    protocol = protocol_of(name)
    numbers = numbers_of(protocol, asked)
    refuse_contradiction(protocol, numbers, features)
    real, fakes = sources(protocol, samples, reference, options)
    planned, left_out = plan(protocol, numbers, real, is_named=bool(asked))
    encoders = {each: encoder(each, planned, options) for each in dict.fromkeys(task.features for task in planned)}
    shared: dict[str, dict[Key, FeatureSet]] = {each: {} for each in encoders}
    parts = [
        Part(protocol, task, real, fakes, encoders[task.features], shared[task.features], options).report()
        for task in planned
    ]
    return joined(protocol, numbers, parts, left_out)


def sources(protocol: Protocol, samples: Any, reference: Any, options: api.Options) -> tuple[Source, list[Source]]:
    """Return the reference and the sets of samples; raises BadInput unless samples are images."""
    real, _ = opened(reference, api.beside(options, options.reference_reading, "--reference-key"), options.data)
    fakes = api.numbered([opened_samples(each, options.reading, options.data) for each in api.sets_of(samples)])
    for each in fakes:
        if each.kind != "images":
            raise BadInput(f"protocol {protocol.name} takes images, and {each.name} holds {each.kind}")
    if real.kind == "features":
        raise BadInput(f"protocol {protocol.name} takes images or statistics, and {real.name} holds features")
    digests = options.cache.digests if options.cache else None
    real, fakes = remembering(real, digests), [remembering(each, digests) for each in fakes]
    api.refuse_same(real, fakes)
    return real, fakes


def plan(
    protocol: Protocol, numbers: Sequence[Number], real: Source, *, is_named: bool
) -> tuple[list[ProtocolTask], list[str]]:
    """Return the tasks, and a line for each number that is left out as the tool itself would leave it out.

    Statistics in the reference's file win over its images, as they do in the tools. Raises BadInput where it has not
    what a number needs.
    """
    tasks: dict[tuple[str, str], list[Number]] = {}
    left_out = []
    for number in numbers:
        mean, lack = statistics_for(number, protocol, real), ""
        if not is_compared(number):
            pass
        elif number.statistics and real.statistics and not mean:
            lack = f"statistics {' or '.join(number.statistics)}; its file has {', '.join(real.statistics)}"
        elif not mean and real.kind != "images":
            lack = "the reference's images, and it holds a mean and a covariance alone"
        if not lack:
            tasks.setdefault((number.features, mean), []).append(number)
        elif number.optional and not is_named:
            left_out.append(f"left out: {number.name} of {protocol.name} needs {lack}")
        else:
            raise BadInput(f"{real.name}: {number.name} of protocol {protocol.name} needs {lack}")
    if not tasks:
        raise BadInput(f"{real.name}: nothing of protocol {protocol.name} can be computed; {'; '.join(left_out)}")
    return [ProtocolTask(*key, tuple(some)) for key, some in tasks.items()], left_out


def is_compared(number: Number) -> bool:
    """Whether a number needs a reference at all."""
    return bool(OF_REFERENCE & set(number.estimate(False).spec.needs))


def statistics_for(number: Number, protocol: Protocol, real: Source) -> str:
    """Return the name of the mean of those statistics of a file that a number takes, or nothing.

    One that needs no reference goes with others of its network, so that no image is read for it alone.
    """
    usable = number.statistics
    if not is_compared(number):
        same = (each.statistics for each in protocol.numbers if each.features == number.features)
        usable = (*(mean for means in same for mean in means), *(real.statistics if real.kind == "moments" else ()))
    return next((each for each in usable if each in real.statistics), "")


def encoder(name: str, planned: Sequence[ProtocolTask], options: api.Options) -> Extractor:
    """Return one of the protocol's networks; ``weights`` may name a file for each: ``NAME=FILE``."""
    weights = options.weights
    if isinstance(weights, Mapping):
        weights = weights.get(name, weights.get(network_of(name)))
    elif weights is not None and len({network_of(each.features) for each in planned}) > 1:
        several = ", ".join(f"{each}=FILE" for each in dict.fromkeys(network_of(task.features) for task in planned))
        raise BadInput(f"--weights {weights}: this protocol has several networks; name one for each: {several}")
    trust = options.trust_weights and weights is not None
    return extractors.load(name, None if weights is None else Path(weights), options.download, trust)


def network_of(features: str) -> str:
    """Return the network of an extractor, whatever it is shown: those of one network share a weights file."""
    return features.partition("_")[0] if features != "clip_cmmd" else features


@dataclass(frozen=True)
class Part:
    """One task on all sets."""

    protocol: Protocol
    task: ProtocolTask
    real: Source
    fakes: Sequence[Source]
    extractor: Extractor
    known: dict[Key, FeatureSet]
    options: api.Options

    def report(self) -> Report:
        """Return the report of this part; its scores carry the protocol's names."""
        options, numbers = self.options, self.task.numbers
        real = self.real
        if self.task.mean:
            real = replace(real, kind="moments", moments=real.statistics[self.task.mean])
            if options.controls:
                raise BadInput(
                    f"{real.name} holds a mean and a covariance; controls are made of a reference of samples"
                )
        extraction = Extraction(self.extractor, options.cache, options.skip_broken, options.progress, options.elsewhere)
        pairing = Pairing(real, None, extraction, self.known, by_content=False)
        pairs = [self.in_order(pairing(each)) for each in self.fakes]
        scorers = [Scorer(each.real, None, None, each.identity) for each in pairs]
        metrics = [each.estimate(bool(self.task.mean)) for each in numbers]
        rows = [self.row(*each, metrics) for each in zip(scorers, pairs, strict=True)]
        compared: list[Comparison] = [
            api.comparison(*each, metrics, extraction) for each in zip(scorers, pairs, strict=True)
        ]
        if options.controls:
            extra = controls(scorers, pairs, replace(extraction, cache=None), metrics)
            rows += [replace(each, scores=self.named(each.scores)) for each in extra]
        return Report(pairs[0].real, pairing.identity(self.fakes[0]), tuple(rows), tuple(warnings_of(compared)))

    def in_order(self, pair: Pair) -> Pair:
        """Return a pair with the rows in the tool's order."""
        if not self.protocol.by_name:
            return pair
        return replace(pair, real=by_name(pair.real), fake=by_name(pair.fake))

    def row(self, scorer: Scorer, pair: Pair, metrics: Sequence[Any]) -> Row:
        """Return the scores of one set; numbers of few samples are those of a part of both sides."""
        scores: list[Scores] = []
        intervals: list[Interval] = []
        for most in dict.fromkeys(each.at_most for each in self.task.numbers):
            places = [place for place, each in enumerate(self.task.numbers) if each.at_most == most]
            some = cut(pair, most)
            part = api.row(replace(scorer, real=some.real), some, [metrics[place] for place in places], self.options)
            scores += part.scores
            intervals += part.intervals
        return Row(pair.fake.name, False, pair.fake, self.named(scores), tuple(intervals), pair.real)

    def named(self, scores: Sequence[Scores]) -> tuple[Scores, ...]:
        """Return scores under the protocol's names; which metric and options they are stands in their options."""
        own = {"protocol": self.protocol.name, "protocol_version": self.protocol.version}
        return tuple(
            replace(score, metric=number.name, options={**own, "metric": score.metric, **score.options})
            for number, score in zip(self.ordered, scores, strict=True)
        )

    @property
    def ordered(self) -> list[Number]:
        """The numbers in the order in which they are scored."""
        sizes = list(dict.fromkeys(each.at_most for each in self.task.numbers))
        return sorted(self.task.numbers, key=lambda each: sizes.index(each.at_most))


def by_name(inputs: FileInputs) -> FileInputs:
    """Return a set with its rows in the order of their names as text; arrays have no names and stay as they are."""
    names = inputs.feature_set.names
    if inputs.n is None or "array" in inputs.feature_set.stored:
        return inputs
    return inputs.part(torch.tensor(sorted(range(len(names)), key=names.__getitem__)))


def cut(pair: Pair, most: int) -> Pair:
    """Return as many of both sides, at most ``most``, chosen by a fixed stream; 0 leaves the pair as it is."""
    if not most:
        return pair
    n = min(most, len(pair.real.feature_set), len(pair.fake.feature_set))
    sides = []
    for each in (pair.real, pair.fake):
        order = torch.randperm(len(each.feature_set), generator=stream(0, "protocol", each.role))[:n].sort().values
        sides.append(each if n == len(each.feature_set) else each.part(order))
    return replace(pair, real=sides[0], fake=sides[1])


def joined(protocol: Protocol, numbers: Sequence[Number], parts: Sequence[Report], left_out: Sequence[str]) -> Report:
    """Return one report of all parts: a row for each set, its scores in the order of the protocol."""
    order = {number.name: place for place, number in enumerate(numbers)}
    main = next((each for each in parts if each.reference.n is not None), parts[0])
    rows = []
    for row in main.rows:
        same = [each for part in parts for each in part.rows if each.name == row.name]
        pairs = [pair for each in same for pair in zip(each.scores, each.intervals, strict=True)]
        pairs.sort(key=lambda pair: order[pair[0].metric])
        rows.append(replace(row, scores=tuple(each for each, _ in pairs), intervals=tuple(each for _, each in pairs)))
    shown = [each for each in numbers if any(each.name == score.metric for score in rows[0].scores)]
    applied = ByProtocol(
        protocol.name, protocol.tool, sentence(protocol, shown, main, parts), tuple(notes(protocol, main, left_out))
    )
    return Report(main.reference, main.features, tuple(rows), together(parts), protocol=applied)


def together(parts: Sequence[Report]) -> tuple[Warned, ...]:
    """Return the warnings of all parts, each once."""
    return tuple(sorted(dict.fromkeys(each for part in parts for each in part.warnings), key=lambda each: each.code))


def sentence(protocol: Protocol, numbers: Sequence[Number], main: Report, parts: Sequence[Report]) -> str:
    """Return what to write under a table of these numbers."""
    sizes = sorted({len(row.inputs.feature_set) for row in main.rows if not row.is_control})
    n = " or ".join(f"{size:,}".replace(",", " ") for size in sizes)
    if main.reference.n is None:
        against = f"the statistics in {main.reference.name}"
    else:
        against = f"{main.reference.n:,}".replace(",", " ") + f" images of {main.reference.name}"
        if any(part.reference.n is None for part in parts):
            against += " and the statistics beside them"
    facts = "; ".join(each.facts for each in numbers if each.facts)
    weights = dict.fromkeys(
        f"{part.features['name']} {part.features.get('weights_sha256', 'unknown')[:12]}"
        + (" (not the published file)" if "weights" in part.features else "")
        for part in parts
    )
    return (
        f"{', '.join(each.name for each in numbers)} of {n} samples against {against}, following {protocol.tool}: "
        f"{protocol.view}; {facts}; networks by SHA-256: {', '.join(weights)}; ganbench {version('ganbench')}, "
        f"protocol {protocol.name} version {protocol.version}."
    )


def notes(protocol: Protocol, main: Report, left_out: Sequence[str]) -> list[str]:
    """Return in what a report departs from the tool's usual one."""
    lines = list(left_out)
    if protocol.left_out:
        lines.append(f"{protocol.name} also prints {protocol.left_out}, which are not computed")
    others = sorted({len(row.inputs.feature_set) for row in main.rows if not row.is_control} - {protocol.n})
    if protocol.n and others:
        lines.append(
            f"{protocol.name} takes {protocol.n} samples; numbers of {' or '.join(map(str, others))} do not compare "
            "with published ones"
        )
    for inputs in (main.reference, *(row.inputs for row in main.rows if not row.is_control)):
        for text, count in inputs.feature_set.conversions.items():
            lines += [
                f"{count} images of {inputs.name} have {what}; {protocol.name} itself would read them otherwise"
                for mark, what in ODD.items()
                if mark in text
            ]
    return lines
