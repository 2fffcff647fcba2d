"""Longer training of what is there with fewer steps: it goes on from the state that was kept, where it can."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from safetensors import SafetensorError, safe_open

from ganbench._util.machine import device_name
from ganbench._util.tensor_files import FACTS
from ganbench.metrics.user import find_metric
from ganbench.records.key import CONDITIONS, key_of
from ganbench.records.record import Record
from ganbench.runs.execution import Place, conditions, dataset_of
from ganbench.runs.grid import Task
from ganbench.runs.summary import OPTIMIZER
from ganbench.suites.suite import Cell
from ganbench.training import registry
from ganbench.training.length import differs
from ganbench.training.trainer import Plan

# a record's conditions apart from its plan
OUTSIDE_PLAN = tuple(name for name in CONDITIONS if name != "plan")


@dataclass
class Shorter:
    """The finished records of a folder, by all that they depend on but their number of steps."""

    records: Mapping[str, Record]
    place: Place

    def __post_init__(self) -> None:
        self.known: dict[str, list[Record]] = {}
        for record in self.records.values():
            if record.status == "done" and record.cost.get("gradients"):
                facts = {name: getattr(record, name) for name in OUTSIDE_PLAN}
                self.known.setdefault(identity(facts, record.plan, record.seed), []).append(record)
        self.rows: dict[tuple[str, int], str] = {}  # why a row does not go on from so many steps

    def of(self, task: Task) -> tuple[Record | None, str]:
        """Return the record that a missing cell can go on from; or None and why not, if there is one to go on from."""
        cell = task.cell
        if task.state != "missing" or not self.known:
            return None, ""
        data = dataset_of(cell.dataset, self.place.data)
        baseline = registry.configure(cell.baseline, cell.settings, data)
        plan = {"steps": cell.steps, "batch": cell.batch, "backend": cell.backend}
        facts = conditions(cell.baseline, baseline, data, plan, cell.samples)
        trained = self.known.get(identity(facts, plan, cell.seed), [])
        if not (shorter := [record for record in trained if record.plan["steps"] < cell.steps]):
            return None, ""
        record = max(shorter, key=lambda each: each.plan["steps"])
        steps = record.plan["steps"]
        reason = of_place(record, self.place) or of_curve(record, cell)
        if not reason:
            row = cell.row, steps
            if row not in self.rows:
                plan_of = Plan(cell.steps, cell.batch, self.place.device, cell.backend)
                self.rows[row] = differs(baseline, data, plan_of, steps)
            reason = self.rows[row]
        return (None, f"from step {steps}: {reason}") if reason else (record, "")


def identity(facts: Mapping[str, Any], plan: Mapping[str, Any], seed: int) -> str:
    """Return the digest of all that training depends on but the number of steps."""
    rest = {name: value for name, value in plan.items() if name != "steps"}
    return key_of({**{name: facts[name] for name in OUTSIDE_PLAN}, "plan": rest, "seed": seed})


def of_place(record: Record, place: Place) -> str:
    """Return why the state of a record cannot be gone on from here; empty where it can."""
    made, here = record.trained, (device_name(place.device), version("torch"))
    there = made.get("device", "another device"), made.get("packages", {}).get("torch", "another")
    if there != here:
        return f"it was made on {there[0]} by torch {there[1]}, and this is {here[0]} and {here[1]}"
    try:
        with safe_open(place.folder / record.files / f"weights-{record.seed}.safetensors", "pt") as file:
            is_its = json.loads((file.metadata() or {}).get(FACTS, "{}")).get("key") == record.key
            is_whole = is_its and any(name.startswith(OPTIMIZER) for name in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, AttributeError):
        is_whole = False
    return "" if is_whole else "the state of its optimisers was not kept"


def of_curve(record: Record, cell: Cell) -> str:
    """Return why the learning curve of a record is not the beginning of a cell's; empty where it is."""
    if not cell.watch:
        return ""
    name = find_metric(cell.watch).spec.name
    return "" if any(point["metric"] == name for point in record.curve) else f"its learning curve is not of {name}"


def continued(todo: Sequence[Task], records: Mapping[str, Record], place: Place) -> tuple[list[Task], list[str]]:
    """Return cells with the records that they go on from, and what there is to say about it."""
    shorter = Shorter(records, place)
    tasks, going, again = [], dict[str, set[str]](), dict[str, set[str]]()
    for task in todo:
        earlier, reason = shorter.of(task)
        row = f"{task.cell.title} on {task.cell.dataset}"
        if earlier is None:
            tasks.append(task)
        else:
            left = 1 - earlier.step / task.cell.steps
            tasks.append(replace(task, earlier=earlier, seconds=task.seconds * left))
            going.setdefault(f"from step {earlier.step}", set()).add(row)
        if reason:
            again.setdefault(reason, set()).add(row)
    said = [f"going on {where}: {', '.join(sorted(rows))}" for where, rows in going.items()]
    said += [f"beginning again, not {reason}: {', '.join(sorted(rows))}" for reason, rows in again.items()]
    return tasks, said
