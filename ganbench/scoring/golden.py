"""Published scores of real data, computed again where the weights and the data are at hand.

They say whether the whole chain, from the files of a data set to the number, gives what others have published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from ganbench._util.files import write_text
from ganbench.errors import RequestError
from ganbench.scoring.api import Options, score
from ganbench.scoring.named import opened
from ganbench.scoring.protocols import protocol_of

SCHEMA = 1


@dataclass(frozen=True)
class Golden:
    """A published number: by which protocol, of what, and how near to it another machine comes."""

    name: str
    protocol: str
    number: str
    samples: str
    reference: str
    expected: float
    tolerance: float
    source: str


GOLDENS = (
    Golden(
        "cifar10_is_torch_fidelity",
        "torch-fidelity",
        "IS",
        "cifar10:train",
        "cifar10:test",
        11.23678,
        1e-3,
        "torch-fidelity, README",
    ),
    Golden(
        "cifar10_is_original",
        "stylegan3",
        "IS",
        "cifar10:train",
        "cifar10:test",
        11.24,
        2e-2,
        "Salimans et al., 2016: 11.24 +- .12",
    ),
    Golden(
        "cifar10_fid_train_test",
        "edm",
        "FID",
        "cifar10:test",
        "cifar10:train",
        3.1508,
        1e-2,
        "the original code of FID, as pytorch-image-generation-metrics quotes it; 3.15 in many papers",
    ),
    Golden(
        "cifar10_fd_dinov2_train_test",
        "dgm-eval",
        "FD-DINOv2",
        "cifar10:test",
        "cifar10:train",
        31.07,
        0.1,
        "Stein et al., 2023, table 11",
    ),
)
Outcome = Literal["agrees", "differs", "missing"]


@dataclass(frozen=True)
class Result:
    """What came of one: the number, or what is missing on this machine."""

    golden: str
    outcome: Outcome
    expected: float
    tolerance: float
    value: float | None
    missing: str
    source: str


def run(
    options: Options, goldens: Sequence[Golden] = GOLDENS, progress: Callable[[str], None] | None = None
) -> list[Result]:
    """Compute the published numbers that can be computed here, one after the other."""
    results = []
    for golden in goldens:
        if progress:
            progress(f"{golden.name}: begins")
        results.append(result_of(golden, options))
    return results


def result_of(golden: Golden, options: Options) -> Result:
    """Return one result; what cannot be had is said and not raised."""
    facts = {"expected": golden.expected, "tolerance": golden.tolerance, "source": golden.source}
    if missing := lacks(golden, options):
        return Result(golden.name, "missing", value=None, missing=missing, **facts)  # type: ignore[arg-type]
    report = score(golden.samples, golden.reference, metrics=[golden.number], protocol=golden.protocol, options=options)
    value = report.rows[0].value(golden.number)
    near = value is not None and abs(value - golden.expected) <= golden.tolerance
    return Result(golden.name, "agrees" if near else "differs", value=value, missing="", **facts)  # type: ignore[arg-type]


def lacks(golden: Golden, options: Options) -> str:
    """Return what is missing for a number, or nothing."""
    from ganbench.scoring.by_protocol import ProtocolTask, encoder  # noqa: PLC0415 (it stands on the api, as this does)

    (number,) = protocol_of(golden.protocol).chosen((golden.number,))
    reasons = []
    for attempt in (
        lambda: encoder(number.features, [ProtocolTask(number.features, "", (number,))], options),
        lambda: opened(golden.samples, options.reading, options.data),
    ):
        try:
            attempt()
        except RequestError as error:
            reasons.append(str(error))
    return "; ".join(reasons)


def as_text(results: Sequence[Result]) -> str:
    """Return a line for each number, and how many could be computed."""
    lines = [line(each) for each in results]
    ran = [each for each in results if each.outcome != "missing"]
    agree = sum(each.outcome == "agrees" for each in ran)
    lines.append(f"{len(ran)} of {len(results)} published numbers were computed here, {agree} agree")
    return "\n".join(lines) + "\n"


def line(result: Result) -> str:
    """Return one result on a line."""
    if result.outcome == "missing":
        return f"missing  {result.golden}: {result.missing}"
    expected = f"published {result.expected:g} +- {result.tolerance:g} ({result.source})"
    return f"{result.outcome:<8} {result.golden}: {result.value}, {expected}"


def record(results: Sequence[Result], path: Path) -> Path:
    """Write the results with the versions that they were computed by, whole or not at all."""
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "ganbench": version("ganbench"),
        "torch": torch.__version__,
        "results": [asdict(each) for each in results],
    }
    return write_text(path, json.dumps(facts, indent=1) + "\n")
