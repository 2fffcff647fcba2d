"""The catalogue of what there is to choose from: ``python -m ganbench.cli.catalogue`` writes it anew."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

from ganbench._util.catalogue import FILE, Facts
from ganbench._util.files import write_atomically
from ganbench.baseline import Baseline, Control
from ganbench.data import DATASETS, load
from ganbench.dataset import Space
from ganbench.features import EXTRACTORS
from ganbench.metrics import FAMILIES
from ganbench.notes import EXPERIMENTS
from ganbench.notes.claims import about
from ganbench.regularisers import REGULARISERS, Regulariser
from ganbench.suites import names, shipped
from ganbench.suites.suite import Bundle, Notes
from ganbench.training import registry

BATCH = 128  # with which a baseline is asked whether it supports a data set
FILES = {  # spaces of data sets that come as files, which need not be here
    "mnist": Space((1, 28, 28), 10, -1.0, 1.0),
    "stacked_mnist": Space((3, 28, 28), 1000, -1.0, 1.0),
    "fashion_mnist": Space((1, 28, 28), 10, -1.0, 1.0),
    "kmnist": Space((1, 28, 28), 10, -1.0, 1.0),
    "cifar10": Space((3, 32, 32), 10, -1.0, 1.0),
    "cifar100": Space((3, 32, 32), 100, -1.0, 1.0),
    "svhn": Space((3, 32, 32), 10, -1.0, 1.0),
    "stl10": Space((3, 96, 96), 10, -1.0, 1.0),
    "celeba": Space((3, 64, 64), 0, -1.0, 1.0),
}


def content() -> dict[str, dict[str, Facts]]:
    """Return the facts of everything, by kind and name."""
    return {
        "baselines": {name: baseline(name) for name in registry.names()},
        "regularisers": {name: regulariser(cls) for name, cls in REGULARISERS.items()},
        "datasets": {name: {"settings": entry.settings, "summary": entry.summary} for name, entry in DATASETS.items()},
        "metrics": {each.name: metric(each, family) for family, metrics in FAMILIES.items() for each in specs(metrics)},
        "features": {name: {"summary": entry.summary} for name, entry in EXTRACTORS.items()},
        "suites": {name: suite(name) for name in names()},
        "experiments": {
            name: {"claims": [f"{claim.statement} ({claim.where})" for claim in about(name)]} for name in EXPERIMENTS
        },
    }


def baseline(name: str) -> Facts:
    """Return the facts of a baseline, with the data sets that it supports."""
    cls = registry.load(name)
    spaces = {each: FILES.get(each) or load(each).space for each in DATASETS}
    return {
        "paper": cls.paper,
        "claim": cls.claim,
        "summary": registry.summary(cls),
        "members": list(cls.members[1]),
        "family": cls.members[0],
        "defaults": {name: plain(value) for name, value in defaults(cls).items()},
        "control": issubclass(cls, Control),
        "conditional": cls.conditional,
        "league": cls.in_league(),
        "supports": [each for each, space in spaces.items() if not cls().unsupported(space, BATCH)],
    }


def regulariser(cls: type[Regulariser]) -> Facts:
    """Return the facts of a regulariser; fields are named as settings name them."""
    return {
        "paper": cls.paper,
        "claim": cls.claim,
        "summary": registry.summary(cls),
        "defaults": {f"{cls.name}_{each.name}": plain(each.default) for each in fields(cls)},
        "images": cls.images,
    }


def defaults(cls: type[Baseline]) -> dict[str, Any]:
    """Return the defaults of a baseline's fields, but for those of the shared networks, which all have alike."""
    held = {each.name: each.default for each in fields(cls) if each.default is not MISSING}
    shared = {registry.attribute_of(name) for name in registry.NETWORK}
    return {name: value for name, value in held.items() if name not in shared or value != getattr(Baseline, name)}


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
