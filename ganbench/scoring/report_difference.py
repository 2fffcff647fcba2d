"""What two score reports differ in: every field of a metric's identity, and what of it can be computed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganbench.errors import BadInput, Missing
from ganbench.scoring.configuration import SHOWN

LARGEST = 1 << 28  # bytes of a report
NEEDED = ("metric", "value")  # of each score
HOW = {  # fields that explain can change on the same samples, and what they are called there
    "features.name": "network, resize and scale",
    "features.preprocessing": "resize, rounding and scale",
    "n_fake": "n",
    "reference": "reference",
    "options.protocol": "all of the protocol's",
}


@dataclass(frozen=True)
class Field:
    """A field in which two scores differ, with both values, and how it can be changed on the same samples."""

    name: str
    first: str
    second: str
    recomputable: str = ""


@dataclass(frozen=True)
class Difference:
    """Two reports' scores of one metric.

    Attributes
    ----------
    reports : (str, str)
        Their files.
    metric : str
        The metric that is compared: the first that both hold.
    samples : (str, str)
        The sets that are compared, by name.
    values : (float or None, float or None)
        Their numbers.
    fields : tuple of Field
        All fields that differ, of the sets and of the scores.
    others : tuple of str
        Other metrics that differ too.
    identities : tuple of mapping
        The whole facts of both scores, for computing again.
    """

    reports: tuple[str, str]
    metric: str
    samples: tuple[str, str]
    values: tuple[float | None, float | None]
    fields: tuple[Field, ...]
    others: tuple[str, ...]
    identities: tuple[Mapping[str, Any], Mapping[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return asdict(self)

    def recomputable(self) -> Again:
        """Return what ``explain`` is to be asked for; raises BadInput where the same samples are not at hand."""
        if self.samples[0] != self.samples[1]:
            raise BadInput(
                f"the reports are of {self.samples[0]} and of {self.samples[1]}; steps are taken on one set of samples"
            )
        if not Path(self.samples[0]).exists():
            raise Missing(f"{self.samples[0]}: no such file or folder here, so that no step can be taken again")
        start, end = (configuration_text(each) for each in self.identities)
        own = [each for each in self.identities if protocol_name(each) is None]
        network = own[0]["features"].get("name") if own else None
        stands_in = network if network == "random_conv" or str(network).startswith(("timm:", "open_clip:")) else None
        return Again(self.samples[0], str(self.identities[0]["reference"]), start, end, stands_in)


@dataclass(frozen=True)
class Again:
    """An explanation to compute."""

    samples: str
    reference: str
    start: str
    end: str
    features: str | None


def protocol_name(facts: Mapping[str, Any]) -> str | None:
    """Return the protocol of a score, if it was taken by one."""
    name = facts.get("options", {}).get("protocol")
    return None if name is None else str(name)


def configuration_text(facts: Mapping[str, Any]) -> str:
    """Return the configuration of a score as ``explain`` reads it; raises BadInput where there is none."""
    features = str(facts.get("features", {}).get("name", ""))
    name = protocol_name(facts)
    if name is None:
        if features not in SHOWN:
            raise BadInput(f"features {features}: their view cannot be changed; expected one of {', '.join(SHOWN)}")
        network, resize, scale = SHOWN[features]
        base = {"dinov2": "dgm-eval", "clip": "clip-fid", "clip_cmmd": "cmmd"}.get(network, "clean-fid")
        more = f",scale={scale}" if scale else ""
        return f"{base}(resize={resize}{more},n={facts.get('n_fake') or 0})"
    return f"{name}(n={facts.get('n_fake') or 0})"


def difference(first: Path, second: Path) -> Difference:
    """Return what two reports differ in; raises Missing or BadInput for files that are no reports of ``score``."""
    reports = read_report(first), read_report(second)
    rows = matched(*reports)
    scores = [{each["metric"]: each for each in row["scores"]} for row in rows]
    common = [name for name in scores[0] if name in scores[1]]
    if not common:
        raise BadInput(f"{first} and {second}: no metric in both")
    differing = [name for name in common if scores[0][name].get("value") != scores[1][name].get("value")]
    metric = (differing or common)[0]
    facts = [
        {**of_set(report, row), **flat(score[metric])} for report, row, score in zip(reports, rows, scores, strict=True)
    ]
    names = sorted(facts[0].keys() | facts[1].keys())
    fields = tuple(
        Field(name, shown(facts[0].get(name)), shown(facts[1].get(name)), HOW.get(name, ""))
        for name in names
        if facts[0].get(name) != facts[1].get(name)
    )
    a, b = (score[metric] for score in scores)
    return Difference(
        (str(first), str(second)),
        metric,
        (str(rows[0]["name"]), str(rows[1]["name"])),
        (a.get("value"), b.get("value")),
        fields,
        tuple(name for name in differing if name != metric),
        (a, b),
    )


def read_report(path: Path) -> dict[str, Any]:
    """Return a report; raises Missing where it cannot be read, BadInput where it is none."""
    try:
        is_large = path.stat().st_size > LARGEST
        content: Any = None if is_large else json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Missing(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: expected JSON as score --format json writes it") from error
    if is_large:
        raise BadInput(f"{path}: more than {LARGEST} bytes; expected a report of score")
    if not is_report(content):
        raise BadInput(f"{path}: expected a report as score --format json writes it, with rows and their scores")
    report: dict[str, Any] = content
    return report


def is_report(content: Any) -> bool:
    """Whether JSON has the form of a report."""
    if not isinstance(content, dict) or not isinstance(content.get("rows"), list) or not content["rows"]:
        return False
    return all(
        isinstance(row, dict)
        and "name" in row
        and isinstance(row.get("scores"), list)
        and all(
            isinstance(score, dict)
            and all(key in score for key in NEEDED)
            and all(isinstance(score.get(key, {}), dict) for key in ("features", "options"))
            for score in row["scores"]
        )
        for row in content["rows"]
    )


def matched(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows to compare: of one set in both, by content or by name, else the first of each."""
    for key in ("content", "name"):
        for row in first["rows"]:
            for other in second["rows"]:
                if row.get(key) is not None and row.get(key) == other.get(key) and not row.get("control"):
                    return row, other
    return first["rows"][0], second["rows"][0]


def of_set(report: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report says of a set and of the reference, beside the scores."""
    facts: dict[str, Any] = {"ganbench": report.get("ganbench")}
    for prefix, held in (("samples", row), ("reference", report.get("reference") or {})):
        for key in ("name", "content", "n", "kind", "channels", "sizes", "stored", "conversions", "left_out"):
            facts[f"{prefix}.{key}"] = held.get(key)
    return facts


def flat(score: Mapping[str, Any]) -> dict[str, Any]:
    """Return the identity of a score with its features and options field by field."""
    facts = {
        key: value for key, value in score.items() if key not in ("value", "interval", "features", "options", "reason")
    }
    for group in ("features", "options"):
        facts |= {f"{group}.{key}": value for key, value in score.get(group, {}).items()}
    return facts


def shown(value: Any) -> str:
    """Return a value on one line."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if text.isprintable() else repr(text)


def as_text(difference: Difference) -> str:
    """Return the difference as lines."""
    first, second = difference.values
    change = "" if first is None or second is None else f", {second - first:+.5g}"
    lines = [
        f"{difference.metric} of {difference.samples[0]} in {difference.reports[0]}: {number(first)}",
        f"{difference.metric} of {difference.samples[1]} in {difference.reports[1]}: {number(second)}{change}",
    ]
    if not difference.fields:
        lines.append("no field of their identities differs")
    for each in difference.fields:
        again = f" (explain can change it: {each.recomputable})" if each.recomputable else ""
        lines.append(f"  {each.name}: {each.first} -> {each.second}{again}")
    if any(each.recomputable for each in difference.fields):
        lines.append("--recompute takes the steps that can be taken, where the samples lie as the reports name them")
    if difference.others:
        lines.append(f"these differ too: {', '.join(difference.others)}")
    return "\n".join(lines) + "\n"


def number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.6g}"
