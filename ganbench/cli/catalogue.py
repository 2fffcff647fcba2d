"""The catalogue of what there is to choose from: ``python -m ganbench.cli.catalogue`` writes it anew."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

from ganbench._util.catalogue import FILE, Facts
from ganbench._util.files import write_atomically
from ganbench.baseline import Control
from ganbench.data import DATASETS, load
from ganbench.dataset import Space
from ganbench.features import EXTRACTORS
from ganbench.metrics import FAMILIES
from ganbench.notes import EXPERIMENTS
from ganbench.notes import load as load_experiment
from ganbench.suites import names, shipped
from ganbench.suites.suite import Bundle, Notes
from ganbench.training import registry

BATCH = 128  # with which a baseline is asked whether it supports a data set
FILES = {  # spaces of data sets that come as files, which need not be here
    "mnist": Space((1, 28, 28), 10, -1.0, 1.0),
    "stacked_mnist": Space((3, 28, 28), 1000, -1.0, 1.0),
}


def content() -> dict[str, dict[str, Facts]]:
    """Return the facts of everything, by kind and name."""
    return {
        "baselines": {name: baseline(name) for name in registry.names()},
        "datasets": {name: {"settings": entry.settings, "summary": entry.summary} for name, entry in DATASETS.items()},
        "metrics": {each.name: metric(each, family) for family, metrics in FAMILIES.items() for each in specs(metrics)},
        "features": {name: {"summary": entry.summary} for name, entry in EXTRACTORS.items()},
        "suites": {name: suite(name) for name in names()},
        "experiments": {
            name: {"claims": [f"{claim.says} ({claim.note})" for claim in load_experiment(name).claims]}
            for name in EXPERIMENTS
        },
    }


def baseline(name: str) -> Facts:
    """Return the facts of a baseline, with the data sets that it supports."""
    cls = registry.load(name)
    spaces = {each: FILES.get(each) or load(each).space for each in DATASETS}
    return {
        "paper": cls.paper,
        "summary": registry.summary(cls),
        "members": list(cls.members[1]),
        "family": cls.members[0],
        "defaults": {each.name: plain(each.default) for each in fields(cls) if each.default is not MISSING},
        "control": issubclass(cls, Control),
        "conditional": cls.conditional,
        "league": cls.in_league(),
        "supports": [each for each, space in spaces.items() if not cls().unsupported(space, BATCH)],
    }


def plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    return list(value) if isinstance(value, tuple) else value


def specs(metrics: tuple[Any, ...]) -> list[Any]:
    """Return the facts beside each metric's function."""
    return [getattr(each, "spec", each) for each in metrics]


def metric(spec: Any, family: str) -> Facts:
    """Return the facts of a metric; infinite bounds are None."""
    return {
        "family": family,
        "better": spec.better,
        "ideal": spec.ideal,
        "bounds": [bound if abs(bound) < float("inf") else None for bound in spec.bounds],
        "scale": spec.scale,
        "paper": spec.paper,
        "summary": spec.summary,
        "version": spec.version,
    }


def suite(name: str) -> Facts:
    """Return what a suite asks of which baselines and data sets."""
    each = shipped(name)
    if isinstance(each, Notes):
        return {"question": each.question, "experiments": each.experiments, "form": each.form}
    if isinstance(each, Bundle):
        return {"question": each.question, "suites": list(each.suites)}
    return {"question": each.question, "baselines": each.baselines, "datasets": list(each.datasets)}


def text() -> str:
    """Return the catalogue as the file holds it."""
    return json.dumps(content(), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the catalogue."""
    write_atomically(FILE, text().encode())


if __name__ == "__main__":
    main()
