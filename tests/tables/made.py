"""Records of rows whose scores are known, to make tables of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ganbench.records.record import SCHEMA, Record, Scores, Status

INCEPTION = {"name": "inception", "weights_sha256": "82790460606ceca8ed00a8b0069adc4150d4137b"}


def scores(metric: str, *values: float | None, **changes: Any) -> list[Scores]:
    """One metric of seeds 0, 1, ...: what each of them has."""
    reasons = ["" if value is not None else "undefined, no sample lies near any mode" for value in values]
    plain = Scores(metric, (None,), ("",), "lower", 1, INCEPTION, "digits:held_out (rule)", 449, 1000, {})
    return [
        replace(plain, **{"values": (value,), "reasons": (reason,)} | changes)
        for value, reason in zip(values, reasons, strict=True)
    ]


def seeds_of(baseline: str, *scored: list[Scores], seeds: Sequence[int] = (0, 1, 2), **changes: Any) -> list[Record]:
    """The records of one row, a seed each; ``ended`` holds status, step and reason of seeds that did not get done."""
    ended: dict[int, tuple[Status, int, str]] = changes.pop("ended", {})
    control = baseline.startswith("control")
    plain = Record(
        schema=SCHEMA,
        key="",
        baseline=baseline,
        version=1,
        settings={"lr": 0.001},
        dataset="digits",
        dataset_version=1,
        split="rule",
        seed=0,
        plan={"steps": 500, "batch": 64},
        engine=1,
        samples=1000,
        status="done",
        step=500,
        reason="",
        scores=(),
        history=[],
        curve=[],
        cost={"samples_seen": 500.0, "gradients": 0.0 if control else 1000.0},
        provenance={"seconds": 7.25, "group": list(seeds), "source": "0123456789abcdef"},
    )
    plain = replace(plain, **changes)
    records = []
    for i, seed in enumerate(seeds):
        status, step, reason = ended.get(seed, ("done", 500, ""))
        own = tuple(each[i] for each in scored)
        one = replace(plain, seed=seed, status=status, step=step, reason=reason, scores=own)
        records.append(replace(one, key=f"{one.row} {seed}"))
    return records
