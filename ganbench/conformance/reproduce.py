"""Cells trained again from their records: bit for bit where the machine is the same, else within the interval."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from ganbench import data
from ganbench._util.user_code import is_path
from ganbench.conformance import against
from ganbench.conformance.against import (
    ScoreChange,
    Seeds,
    SeedScores,
    differences,
    machine,
    mean,
    records,
    scores_of,
    shift_of,
    within,
)
from ganbench.errors import BadInput, RequestError
from ganbench.metrics import METRICS
from ganbench.records.key import cell_key, key_of
from ganbench.records.record import Record, from_line, to_line
from ganbench.records.store import Store
from ganbench.runs.execution import Place, compute, conditions, is_by_content
from ganbench.suites.suite import Cell
from ganbench.tables.rows import spans
from ganbench.training import registry

Group = Sequence[tuple[Cell, Record]]  # seeds that were trained together


@dataclass(frozen=True)
class Reproduced:
    """What became of a group: a line per score, its training and its samples; and what they were held to."""

    cell: str
    bound: str
    lines: tuple[ScoreChange, ...]


def sampled(folder: Path, count: int, own_code: bool = False) -> tuple[list[Group], list[str]]:
    """Return ``count`` groups of a results folder, the same each time, and why others could not be among them.

    Trained cells come before controls, one of each data set before a second of any.

    Seeds that were trained together are trained together again. A baseline that is a file of somebody's own is executed
    only where ``own_code`` allows it. Raises BadInput where none can be trained again, for
    one, because they were all made by other versions.
    """
    groups: list[Group] = []
    refused = []
    for members in grouped(current(folder)):
        first = members[0]
        try:
            groups.append([(cell_of(record, own_code), record) for record in members])
        except RequestError as error:
            refused.append(f"{first.baseline} on {first.dataset}: {error}")
    if not groups:
        raise BadInput(f"{folder}: no cell there can be trained again; {refused[0]}")
    return stratified(groups)[:count], refused


def stratified(groups: Sequence[Group]) -> list[Group]:
    """Return groups in the order in which they are tried: trained ones of every data set in turn, then controls."""
    groups = sorted(groups, key=lambda group: blake2b(group[0][1].row.encode(), digest_size=8).digest())
    strata: dict[tuple[bool, str], list[Group]] = {}
    for group in groups:
        strata.setdefault((not group[0][1].history, group[0][1].dataset), []).append(group)
    placed = [(control, place, group) for (control, _), those in strata.items() for place, group in enumerate(those)]
    return [group for *_, group in sorted(placed, key=lambda item: item[:2])]


def grouped(records: Sequence[Record]) -> list[list[Record]]:
    """Return records by the group in which they were trained, seeds in the order of that training."""
    groups: dict[tuple[str, tuple[int, ...]], dict[int, Record]] = {}
    for record in records:
        groups.setdefault((record.row, record.group), {})[record.seed] = record
    return [[seeds[seed] for seed in group if seed in seeds] for (_, group), seeds in groups.items()]


def current(folder: Path) -> list[Record]:
    """Return the records that the folder's last run was about, all where it does not say."""
    known = records(folder)
    try:
        keys = set(Store(folder).selection() or ())
    except BadInput:
        return known
    return [record for record in known if record.key in keys] or known


def cell_of(record: Record, own_code: bool) -> Cell:
    """Return the cell whose record this is; raises RequestError where this code would not train the same."""
    if not record.scores or record.status == "error":
        raise BadInput("it holds no scores")
    if is_path(record.baseline) and not own_code:
        raise BadInput(f"{record.baseline} is code that the record names: it is executed only with --own-code")
    dataset = data.load(record.dataset)
    baseline = registry.built(record.baseline, record.settings, dataset)
    facts = conditions(record.baseline, baseline, dataset, record.plan, record.samples)
    for name, what in {"version": "the baseline", "dataset_version": "the data set", "engine": "the training"}.items():
        there, here = getattr(record, name), facts[name]
        if there != here:
            raise BadInput(f"{what} has another version: {str(there)[:8]} there, {str(here)[:8]} here")
    if cell_key(facts, record.seed) != record.key:
        raise BadInput("its key does not belong to what it says: the record has been changed")
    return Cell(
        key=record.key,
        row=key_of(facts),
        baseline=record.baseline,
        settings=record.settings,
        dataset=record.dataset,
        seed=record.seed,
        samples=record.samples,
        metrics=tuple(score.metric for score in record.usual if score.metric in METRICS),
        watch=record.curve[0]["metric"] if record.curve and record.curve[0]["metric"] in METRICS else "",
        sets=max(len(score.by_draw[0]) for score in record.scores),
        references=max(score.draws for score in record.scores),
        weights=tuple(dict.fromkeys(score.weights for score in record.scores)),
        points=len(record.history) or 1,
        examples=bool(record.examples),
        guess=0.0,
        by_content=is_by_content(record),
        **record.plan,
    )


def reproduce(groups: Sequence[Group], folder: Path) -> Iterator[Reproduced]:
    """Train groups again on the CPU and compare each with its records in ``folder``."""
    for group in groups:
        with TemporaryDirectory() as place:
            made = compute([cell for cell, _ in group], Place(Path(place)), {}, lambda _steps: None)
            yield compared(group, made, folder, Path(place))


def compared(group: Group, made: Sequence[Record], kept: Path, place: Path) -> Reproduced:
    """Compare a group with its records: scores, training history and, where they are kept, samples."""
    first = group[0][1]
    old: Seeds = {record.seed: record for _, record in group}
    new: Seeds = {record.seed: from_line(to_line(record)) for record in made}  # so that both have been through JSON
    elsewhere = strange(first, made[0])
    there = scores_of(new)
    lines = [
        of_score(first, before, there.get(metric, {}), elsewhere)
        for metric, before in scores_of(old).items()
        if metric in METRICS
    ]
    if not elsewhere:
        trained = all(bare(old[seed]) == bare(new[seed]) for seed in old)
        lines.append(about(first, "(history of training)", trained))
        same = [same_samples(Place(kept).samples(cell), Place(place).samples(cell)) for cell, _ in group]
        lines += [about(first, "(kept samples)", all(same))] if None not in same else []
    bound = f"within the recorded intervals, for {elsewhere}" if elsewhere else "bit for bit"
    seeds = f"seed{'s' * (len(old) > 1)} {spans(old)}"
    return Reproduced(f"{first.baseline} on {first.dataset}, {seeds}", bound, tuple(lines))


def bare(record: Record) -> Record:
    """Return a record without what is compared by itself or may differ."""
    return replace(record, scores=(), provenance={})


def strange(old: Record, new: Record) -> str:
    """Say what of the machine differs from where the record was made, nothing where all bits should agree."""
    first, now = machine(old.trained), machine(new.provenance)
    reasons = []
    for name, value in now.items():
        if first[name] != value:
            reasons.append(
                "versions of packages differ" if name == "packages" else f"{name} is {value}, was {first[name]}"
            )
    return "; ".join(reasons)


def of_score(record: Record, old: SeedScores, new: SeedScores, elsewhere: str) -> ScoreChange:
    """Compare a score of all seeds: to the last bit here, by the recorded interval elsewhere."""
    head = record.baseline, record.dataset, next(iter(old.values())).metric
    if set(new) != set(old):
        return ScoreChange(*head, "missing", mean(old), mean(new), "training did not end in a score")
    means = mean(old), mean(new)
    if reasons := differences(new, old):
        return ScoreChange(*head, "incomparable", *means, "; ".join(reasons))
    changed = sum(old[seed].values != new[seed].values for seed in old)
    if not changed:
        return ScoreChange(*head, "equal", *means)
    why = f"{changed} of {len(old)} seeds differ"
    if not elsewhere:
        return ScoreChange(*head, "moved", *means, why)
    if len(old) == 1:
        return ScoreChange(*head, "incomparable", *means, f"{why}, and one seed has no interval")
    return ScoreChange(*head, "within" if within(new, old) else "moved", *means, why, shift_of(new, old))


def about(record: Record, what: str, same: bool) -> ScoreChange:
    """Return a line about something that is no score."""
    if same:
        return ScoreChange(record.baseline, record.dataset, what, "equal")
    return ScoreChange(record.baseline, record.dataset, what, "moved", why="not bit for bit")


def same_samples(kept: Path, made: Path) -> bool | None:
    """Whether kept samples are those made now; None where none are kept."""
    try:
        old, new = (load(path.read_bytes()) for path in (kept, made))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError):
        return False
    return old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def all_lines(results: Sequence[Reproduced]) -> list[ScoreChange]:
    """Return the lines of all groups, and those about metrics that moved the same way in too many of them."""
    lines = [line for each in results for line in each.lines]
    return [*lines, *against.drifts(lines)]


def exit_code(results: Sequence[Reproduced]) -> int:
    """Return 0 where something could be compared and nothing moved, else 1."""
    lines = all_lines(results)
    compared = any(line.outcome in {"equal", "within"} for line in lines)
    return against.exit_code(lines) if compared else 1


def text(results: Sequence[Reproduced], refused: Sequence[str], form: str = "text") -> str:
    """Say of each group what it was held to, then the smallest table that shows what is not equal."""
    if form == "json":
        drifts = [asdict(line) for line in against.drifts([line for each in results for line in each.lines])]
        content = {"cells": [asdict(each) for each in results], "drifts": drifts, "left out": list(refused)}
        return json.dumps(content, indent=1) + "\n"
    head = [f"{each.cell}: trained again, compared {each.bound}" for each in results]
    head += [f"{len(refused)} groups were left out, for one {refused[0]}"] if refused else []
    form_of = {"github": "::notice::{}\n", "markdown": "- {}\n"}.get(form, "{}\n")
    reasons = "".join(form_of.format(line) for line in head)
    return reasons + ("\n" if form == "markdown" else "") + against.text(all_lines(results), form)
