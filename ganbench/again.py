"""Cells trained again from their records: bit for bit where the machine is the same, else within the interval."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from ganbench import data, roster
from ganbench.cell import Place, compute
from ganbench.check import against
from ganbench.check.against import MACHINE, Line, differences, mean, records, within
from ganbench.code import source_digest
from ganbench.errors import BadInput, RequestError
from ganbench.metrics import METRICS
from ganbench.record import Record, Scores, from_line, key_of, to_line
from ganbench.suite import Cell

SELECTION = "selection.json"  # which records a folder's last run was about


@dataclass(frozen=True)
class Replayed:
    """What became of one cell: a line per score, the course and the samples; and what they were held to."""

    cell: str
    bound: str
    lines: tuple[Line, ...]


def sampled(folder: Path, count: int) -> tuple[list[tuple[Cell, Record]], list[str]]:
    """Return ``count`` cells of a results folder, the same each time, and why others could not be among them.

    Raises BadInput where none can be trained again, for one, because they were all made by other code.
    """
    found, refused = [], []
    for record in current(folder):
        try:
            found.append((cell_of(record), record))
        except RequestError as error:
            refused.append(f"{record.baseline} on {record.dataset}: {error}")
    if not found:
        raise BadInput(f"{folder}: no cell there can be trained again; {refused[0]}")
    found.sort(key=lambda pair: blake2b(pair[1].key.encode(), digest_size=8).digest())
    return found[:count], refused


def current(folder: Path) -> list[Record]:
    """Return the records that the folder's last run was about, all where it does not say."""
    known = records(folder)
    try:
        keys = set(json.loads((folder / SELECTION).read_text(encoding="utf-8"))["keys"])
    except (OSError, ValueError, KeyError, TypeError):
        return known
    return [record for record in known if record.key in keys] or known


def cell_of(record: Record) -> Cell:
    """Return the cell whose record this is; raises RequestError where this code would play another game."""
    if not record.scores or any(run.status == "error" for run in record.runs):
        raise BadInput("it holds no scores")
    dataset = data.load(record.dataset)
    player = roster.built(record.baseline, record.settings, dataset)
    here = source_digest(type(player))
    if here != record.source:
        raise BadInput(f"it was made by other code: source {record.source[:8]} there, {here[:8]} here")
    cell = Cell(
        key=record.key,
        baseline=record.baseline,
        settings=record.settings,
        dataset=record.dataset,
        seeds=record.seeds,
        samples=max(score.n_fake for score in record.scores),
        metrics=tuple(score.metric for score in record.scores if score.metric in METRICS),
        watch=record.curve[0]["metric"] if record.curve and record.curve[0]["metric"] in METRICS else "",
        guess=0.0,
        **record.plan,
    )
    if key_of(asked(cell, roster.settings_of(player), record)) != record.key:
        raise BadInput("its key does not belong to what it says: the record has been changed")
    return cell


def asked(cell: Cell, settings: Mapping[str, Any], record: Record) -> dict[str, Any]:
    """Return what a cell's key is the digest of."""
    return {
        "baseline": record.baseline,
        "settings": settings,
        "dataset": cell.dataset,
        "seeds": cell.seeds,
        "plan": record.plan,
        "samples": cell.samples,
        "source": record.source,
    }


def replay(cells: Sequence[tuple[Cell, Record]], folder: Path) -> Iterator[Replayed]:
    """Train cells again on the CPU and compare each with its record in ``folder``."""
    for cell, record in cells:
        with TemporaryDirectory() as place:
            made = compute(cell, Place(Path(place)), None, lambda _steps: None)
            yield compared(cell, record, made, folder, Path(place))


def compared(cell: Cell, old: Record, new: Record, kept: Path, made: Path) -> Replayed:
    """Compare a cell with its record: scores, course and, where they are kept, samples."""
    elsewhere = strange(old, new)
    there = {score.metric: score for score in new.scores}
    known = [score for score in old.scores if score.metric in METRICS]
    lines = [of_score(old, score, there.get(score.metric), elsewhere) for score in known]
    course = replace(old, scores=(), provenance={}) == replace(again_typed(new), scores=(), provenance={})
    lines += [] if elsewhere else [about(old, "(course of training)", course)]
    same = same_samples(Place(kept).of(cell), Place(made).of(cell))
    lines += [] if elsewhere or same is None else [about(old, "(kept samples)", same)]
    bound = f"within the recorded intervals, for {elsewhere}" if elsewhere else "bit for bit"
    return Replayed(cell.name, bound, tuple(lines))


def again_typed(record: Record) -> Record:
    """Return a record as it comes back from its line, so that both have been through JSON."""
    return from_line(to_line(record))


def strange(old: Record, new: Record) -> str:
    """Say what of the machine differs from where the record was made, nothing where all bits should agree."""
    first, now = old.provenance.get("trained", old.provenance), new.provenance
    told = []
    for name in MACHINE:
        if first.get(name) != now.get(name):
            both = f"{name} is {now.get(name)}, was {first.get(name)}"
            told.append("versions of packages differ" if name == "packages" else both)
    return "; ".join(told)


def of_score(record: Record, old: Scores, new: Scores | None, elsewhere: str) -> Line:
    """Compare a score: to the last bit here, by the recorded interval elsewhere."""
    head = record.baseline, record.dataset, old.metric
    if new is None:
        return Line(*head, "missing", mean(old), None, "training did not end in a score")
    means = mean(old), mean(new)
    if told := differences(new, old):
        return Line(*head, "incomparable", *means, "; ".join(told))
    if list(new.values) == list(old.values):
        return Line(*head, "equal", *means)
    changed = sum(a != b for a, b in zip(old.values, new.values, strict=True))
    why = f"{changed} of {len(old.values)} seeds differ"
    if not elsewhere:
        return Line(*head, "moved", *means, why)
    if len(old.values) == 1:
        return Line(*head, "incomparable", *means, f"{why}, and one seed has no interval")
    return Line(*head, "within" if within(old, means) else "moved", *means, why)


def about(record: Record, what: str, same: bool) -> Line:
    """Return a line about something that is no score."""
    if same:
        return Line(record.baseline, record.dataset, what, "equal")
    return Line(record.baseline, record.dataset, what, "moved", why="not bit for bit")


def same_samples(kept: Path, made: Path) -> bool | None:
    """Whether kept samples are those made now; None where none are kept."""
    try:
        old, new = (load((folder / "samples.safetensors").read_bytes()) for folder in (kept, made))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError):
        return False
    return old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def exit_code(results: Sequence[Replayed]) -> int:
    """Return 0 where something could be compared and nothing moved, else 1."""
    lines = [line for each in results for line in each.lines]
    compared = any(line.outcome in {"equal", "within"} for line in lines)
    return against.exit_code(lines) if compared else 1


def text(results: Sequence[Replayed], refused: Sequence[str], form: str = "text") -> str:
    """Say of each cell what it was held to, then the smallest table that shows what is not equal."""
    if form == "json":
        return json.dumps({"cells": [asdict(each) for each in results], "left out": list(refused)}, indent=1) + "\n"
    head = [f"{each.cell}: trained again, compared {each.bound}" for each in results]
    head += [f"{len(refused)} cells were left out, for one {refused[0]}"] if refused else []
    form_of = {"github": "::notice::{}\n", "markdown": "- {}\n"}.get(form, "{}\n")
    told = "".join(form_of.format(line) for line in head)
    return told + ("\n" if form == "markdown" else "") + against.text([x for each in results for x in each.lines], form)
