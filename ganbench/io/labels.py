"""Labels of samples, in any of the usual forms, as whole numbers."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEYS = ("y", "labels", "label", "targets", "target", "classes", "class")  # in files of several arrays
SECOND = "arr_1"  # where numpy.savez(path, images, labels) puts them

Labels = NDArray[np.int64]
Labelled = tuple[Labels | None, str]  # labels, or none and why those that are there cannot be used


def labels_of(values: Any, n: int) -> Labelled:
    """Return ``n`` labels as whole numbers, or None and why they are none.

    They may be whole numbers of any type, floats that are whole, truths, a column of these, or one-hot rows.
    """
    array = np.asarray(values)
    kept = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if kept.dtype.kind in "buif" and kept.shape == (n,) and is_whole(kept):
        return kept.astype(np.int64), ""
    if kept.dtype.kind in "buif" and kept.ndim == 2 and len(kept) == n and is_one_hot(kept):
        return kept.argmax(1).astype(np.int64), ""
    return None, unfit_labels(array.dtype, array.shape, n)


def unfit_labels(dtype: np.dtype[Any], shape: tuple[int, ...], n: int) -> str:
    """Say what labels were expected to be."""
    return f"expected {n} whole numbers or one-hot rows, got {dtype} of shape {shape}"


def is_whole(values: NDArray[Any]) -> bool:
    """Whether numbers are whole, and small enough for 64 bits."""
    if not len(values) or values.dtype.kind == "b":
        return True
    finite = bool(np.isfinite(values).all())
    return finite and bool((np.abs(values) < 2**63).all()) and bool((values == np.floor(values)).all())


def is_one_hot(rows: NDArray[Any]) -> bool:
    """Whether each row is one 1 among zeros."""
    return bool(((rows == 0) | (rows == 1)).all() and (rows.sum(1) == 1).all())


def labels_digest(labels: Labels | None) -> str:
    """Return the digest of labels, which may lie in another file than the samples."""
    return "" if labels is None else blake2b(labels.tobytes(), digest_size=16).hexdigest()
