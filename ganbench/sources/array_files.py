"""Files of arrays as sources: which array is meant, where the labels are, and one line for a damaged file."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tokenize import TokenError

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from ganbench.errors import BadInput, Missing, RequestError
from ganbench.find import suggestion
from ganbench.sources.archives import content_digest
from ganbench.sources.array_formats import idx, npy, npz, safetensors
from ganbench.sources.arrays import Array, Stored, array_source, labels_digest
from ganbench.sources.base import Reading, Source
from ganbench.sources.stamps import stamp

LABELS = ("y", "labels", "label", "targets")
IMAGES = ("x", "images", "samples", "features", "arr_0", "data", "reals", "fakes")
MOMENTS = ("mu", "sigma")  # as pytorch-fid and clean-fid write the statistics of a set
ASYMMETRY = 1e-6  # of the largest entry: rounding of float32
RAISED: tuple[type[Exception], ...] = (OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, IndexError)
RAISED += (OverflowError, RuntimeError, MemoryError, NotImplementedError, zlib.error, zipfile.BadZipFile)
RAISED += (SafetensorError, TokenError)  # of the last, numpy's reader of old headers


def array_file(path: Path, name: str, reading: Reading) -> Source:
    """Return a file's array as a source; raises Missing where it cannot be read, BadInput where it cannot be used."""
    try:
        arrays, identity = opened(path)
        if set(MOMENTS) <= arrays.keys() and not reading.key:
            return moments_source(name, path, *(arrays[key] for key in MOMENTS))
        key = chosen(name, arrays, reading)
        labels = next((whole(arrays[each]) for each in LABELS if each in arrays and each != key), None)
        digest = partial(content_digest, path, name)
        found = array_source(name, guarded(name, arrays[key]), digest, reading, labels, identity)
        return replace(found, stamp=lambda: stamp([path], str(reading), labels_digest(found.labels)))
    except RequestError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    except RAISED as error:
        raise damaged(name, error) from error


def moments_source(name: str, path: Path, mean: Stored, covariance: Stored) -> Source:
    """Return a mean (d,) and a covariance (d, d) as a source; raises BadInput for other shapes and types."""
    d = mean.shape[0] if len(mean.shape) == 1 else 0
    if not d or covariance.shape != (d, d) or {mean.dtype.kind, covariance.dtype.kind} != {"f"}:
        raise BadInput(
            f"{name}: expected mu (d,) and sigma (d, d) of floats, got {mean.dtype} {mean.shape} and "
            f"{covariance.dtype} {covariance.shape}"
        )

    def moments() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mu, sigma = (whole(guarded(name, each)).astype(np.float64) for each in (mean, covariance))
        if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
            raise BadInput(f"{name}: holds values that are not finite")
        if np.abs(sigma - sigma.T).max() > ASYMMETRY * np.abs(sigma).max():
            raise BadInput(f"{name}: sigma is no covariance: it is not symmetric")
        return mu, (sigma + sigma.T) / 2

    return Source(name, "moments", partial(content_digest, path, name), moments=moments)


def damaged(name: str, error: Exception) -> BadInput:
    """Return the one line that says what is wrong with a file."""
    text = " ".join(str(error).split())[:200]
    if "pickle" in text or "Object arrays" in text:
        return BadInput(f"{name}: holds Python objects, which would have to be run; expected numbers")
    return BadInput(f"{name}: damaged or not of this format ({text or type(error).__name__})")


def guarded(name: str, stored: Stored) -> Stored:
    """Return an array whose passes raise one line where the file turns out to be damaged."""

    def blocks() -> Iterator[Array]:
        try:
            yield from stored.blocks()
        except RequestError:
            raise
        except RAISED as error:
            raise damaged(name, error) from error

    return Stored(stored.shape, stored.dtype, blocks)


def opened(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the arrays of a file by key, and what it says of the features in it."""
    suffixes = path.name.lower()
    if suffixes.endswith(".npy"):
        return {"array": npy(lambda: path.open("rb"), path)}, ""
    if suffixes.endswith(".npz"):
        return npz(path)
    if suffixes.endswith(".safetensors"):
        return safetensors(path)
    arrays = {"images": idx(path)}
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside != path and beside.is_file():
        arrays["labels"] = idx(beside)
    return arrays, ""


def chosen(name: str, arrays: Mapping[str, Stored], reading: Reading) -> str:
    """Return the key of the samples: the one asked for, a usual one, or the only one; raises BadInput otherwise."""
    if reading.key:
        if reading.key not in arrays:
            raise BadInput(f"{name}: no array {reading.key!r} in it; {suggestion(reading.key, sorted(arrays))}")
        return reading.key
    candidates = [key for key in arrays if key not in LABELS and key != "identity"]
    usual = [key for key in IMAGES if key in candidates]
    if len(candidates) == 1 or usual:
        return (usual or candidates)[0]
    raise BadInput(f"{name}: holds {', '.join(sorted(arrays)) or 'nothing'}; say which array with --key")


def whole(stored: Stored) -> Array:
    """Return a small array at once."""
    return np.concatenate(list(stored.blocks()))
