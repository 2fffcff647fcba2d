"""Labels that lie in files beside images: WebDataset's ``.cls`` and ``.json``, and the ``dataset.json`` of StyleGAN."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from ganbench.io.labels import KEYS, Labelled, labels_of
from ganbench.io.source import Source, labelled

SIDECARS = (".cls", ".json")  # of members of a tar file that belong to the image of the same name
FIELDS = ("cls", *KEYS)  # of a JSON object
LARGEST = 1 << 16  # bytes of one
TABLE = "dataset.json"  # of a folder or a zip file: {"labels": [["00000/img00000000.png", 6], ...]}

Sidecars = dict[str, Any]  # by the key of a sample: what its files say


def key_of(name: str) -> str:
    """Return what the files of one sample have in common: the path up to the first dot of the file's name."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0])) if path.name else name


def note(sidecars: Sidecars, name: str, content: bytes) -> None:
    """Keep the label that a member says; one that says none is passed over."""
    said = said_by(name, content)
    if said is not None and (name.lower().endswith(".cls") or key_of(name) not in sidecars):
        sidecars[key_of(name)] = said


def said_by(name: str, content: bytes) -> Any:
    """Return the label in a small file, or None: a number in text, or a field of a JSON object, or JSON's number."""
    try:
        text = content.decode("utf-8").strip()
        if name.lower().endswith(".cls"):
            return int(text) if text.removeprefix("-").isdecimal() else text
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(said, dict):
        return next((said[field] for field in FIELDS if field in said), None)
    return said


def with_sidecars(source: Source, names: Sequence[str], sidecars: Sidecars) -> Source:
    """Return a source whose images, in the order of ``names``, carry the labels that lie beside them."""
    said = {name: sidecars[key_of(name)] for name in names if key_of(name) in sidecars}
    return with_labels(source, names, said)


def with_table(source: Source, names: Sequence[str], read: Callable[[], bytes]) -> Source:
    """Return a source whose images carry the labels of a ``dataset.json``, where it has any."""
    try:
        table = json.loads(read().decode("utf-8"))
        labels = table.get("labels") if isinstance(table, dict) else None
        said = {str(name): label for name, label in labels or []}
    except (ValueError, RecursionError, TypeError) as error:
        return replace(source, unused_labels=f"{TABLE}: expected labels as pairs of a name and a number ({error})")
    return with_labels(source, names, said)


def with_labels(source: Source, names: Sequence[str], said: Mapping[str, Any]) -> Source:
    """Return a source whose images carry what is said of them by name, or why that cannot be used."""
    if not said:
        return source
    labels, unused = in_order(names, said)
    if labels is None:
        return replace(source, unused_labels=unused)
    known = dict(zip(names, labels.tolist(), strict=True))
    return labelled(source, labels, known.__getitem__)


def in_order(names: Sequence[str], said: Mapping[str, Any]) -> Labelled:
    """Return the labels of images in order, or why they are none."""
    without = sum(name not in said for name in names)
    if without:
        return None, f"{without} of {len(names)} images have no label beside them"
    try:
        values = np.asarray([said[name] for name in names])
    except ValueError:  # rows of several lengths
        return None, f"expected {len(names)} whole numbers or one-hot rows"
    return labels_of(values, len(names))
