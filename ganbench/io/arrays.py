"""Arrays of images or of features: in memory, or in npy, npz, safetensors and IDX files, read block by block.

Headers are read when a file is opened, rows when a pass is made; no pickle is ever loaded.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ganbench._util.names import suggestion
from ganbench.errors import BadInput, Missing, RequestError
from ganbench.io.archive import refuse_bomb
from ganbench.io.decode import DECODER_ERRORS, is_grey
from ganbench.io.fingerprint import content_digest, stamp
from ganbench.io.source import Kind, Picture, Reading, Source

LABELS = ("y", "labels", "label", "targets")
IMAGES = ("x", "images", "samples", "features", "arr_0", "data", "reals", "fakes")
MOMENTS = ("mu", "sigma")  # as pytorch-fid and clean-fid write the statistics of a set
ASYMMETRY = 1e-6  # of the largest entry: rounding of float32
BLOCK = 1 << 24  # bytes of a block
LONGEST_HEADER = 10_000
IDX_TYPE = 0x08
Open = Callable[[], IO[bytes]]
CLIPPED = "had values outside the range, clipped"
CHANNELS = (1, 3, 4)
Array = NDArray[Any]
Span = tuple[float, float]


@dataclass(frozen=True)
class Stored:
    """An array somewhere: its shape and type, and a pass over it in blocks of rows."""

    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    blocks: Callable[[], Iterator[Array]]


def array_source(
    name: str, stored: Stored, digest: Callable[[], str], reading: Reading, labels: Array | None, identity: str = ""
) -> Source:
    """Return an array as a source: (n, d) are features, (n, h, w) grey images, four axes images.

    Raises BadInput for other shapes and types, for values that are not finite and for a range that does not say itself.
    """
    if stored.dtype.kind not in "buif":
        raise BadInput(f"{name}: expected numbers, got an array of {stored.dtype}")
    if 0 in stored.shape or len(stored.shape) not in (2, 3, 4):
        raise BadInput(
            f"{name}: expected features (n, d) or images (n, h, w), (n, h, w, c) or (n, c, h, w), got {stored.shape}"
        )
    kind: Kind = "features" if len(stored.shape) == 2 else "images"
    known = checked_labels(name, labels, stored.shape[0])
    whole = lambda: f"{digest()} {reading} {labels_digest(known)}"  # noqa: E731
    if kind == "features":
        return Source(
            name, kind, whole, rows=partial(rows, name, stored), labels=known, identity=identity, count=stored.shape[0]
        )
    is_last = channels_last(name, stored.shape, reading)
    span = None if stored.dtype == np.uint8 else span_of(name, stored, reading)
    scan = partial(pictures, stored, is_last, span)
    return Source(name, kind, whole, scan, labels=known, count=stored.shape[0])


def labels_digest(labels: NDArray[np.int64] | None) -> str:
    """Return the digest of labels, which may lie in another file than the samples."""
    return "" if labels is None else blake2b(labels.tobytes(), digest_size=16).hexdigest()


def checked_labels(name: str, labels: Array | None, n: int) -> NDArray[np.int64] | None:
    """Return labels as whole numbers; raises BadInput for others, or for another number of them."""
    if labels is None:
        return None
    if labels.dtype.kind not in "ui" or labels.shape != (n,):
        raise BadInput(f"{name}: expected {n} whole numbers as labels, got {labels.dtype} of shape {labels.shape}")
    return labels.astype(np.int64)


def channels_last(name: str, shape: tuple[int, ...], reading: Reading) -> bool:
    """Whether channels are the last axis; raises BadInput where the shape fits neither or both and nothing is said."""
    if len(shape) == 3:
        return True
    fits = {"NHWC": shape[3] in CHANNELS, "NCHW": shape[1] in CHANNELS}
    if reading.layout and fits[reading.layout]:
        return reading.layout == "NHWC"
    if reading.layout or not any(fits.values()):
        raise BadInput(f"{name}: expected 1, 3 or 4 channels as {reading.layout or 'NHWC or NCHW'}, got shape {shape}")
    if all(fits.values()):
        raise BadInput(f"{name}: shape {shape} can be read as NHWC or NCHW; say which with --layout")
    return fits["NHWC"]


def span_of(name: str, stored: Stored, reading: Reading) -> Span:
    """Return the values of black and white: those given, those of the type, or for floats the range that is filled.

    The ranges are [0, 1], [-1, 1] and [0, 255]; raises BadInput for values outside of all of them.
    """
    if reading.span:
        return reading.span
    if stored.dtype.kind == "b":
        return 0.0, 1.0
    if stored.dtype == np.uint16:
        return 0.0, 65535.0
    low, high = extremes(name, stored)
    if low >= 0 and high <= 1 and stored.dtype.kind == "f":
        return 0.0, 1.0
    if low >= -1 and high <= 1 and stored.dtype.kind == "f":
        return -1.0, 1.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    raise BadInput(
        f"{name}: values from {low:g} to {high:g} fill none of [0, 1], [-1, 1], [0, 255]; name the range with --span"
    )


def extremes(name: str, stored: Stored) -> Span:
    """Return the smallest and largest value; raises BadInput where one is not finite."""
    extremes_of_blocks = [(float(block.min()), float(block.max())) for block in stored.blocks()]
    low, high = min(low for low, _ in extremes_of_blocks), max(high for _, high in extremes_of_blocks)
    if not np.isfinite([low, high]).all():  # NaN and infinity both reach an extreme of their block
        raise BadInput(f"{name}: holds values that are not finite")
    return low, high


def rows(name: str, stored: Stored) -> Iterator[NDArray[np.floating]]:
    """Yield blocks of features; raises BadInput where one is not finite."""
    start = 0
    for block in stored.blocks():
        values = block.astype(block.dtype if block.dtype in (np.float32, np.float64) else np.float64)
        bad = np.flatnonzero(~np.isfinite(values).all(1))
        if len(bad):
            raise BadInput(f"{name}: row {start + bad[0]} is not finite")
        start += len(block)
        yield values


def pictures(stored: Stored, is_last: bool, span: Span | None) -> Iterator[Picture]:
    """Yield images as uint8 (h, w, 1 or 3)."""
    index = 0
    for block in stored.blocks():
        for image in block:
            yield picture(str(index), image, is_last, span)
            index += 1


def picture(name: str, image: Array, is_last: bool, span: Span | None) -> Picture:
    """Return one image: ``round(255 (v - black) / (white - black))``, clipped; alpha is put on white."""
    shaped = image[..., None] if image.ndim == 2 else image if is_last else np.moveaxis(image, 0, -1)
    notes: list[str] = []
    if span:
        shaped, notes = quantised(name, shaped, span)
    if shaped.shape[2] == 4:
        alpha = shaped[..., 3:].astype(np.uint32)
        shaped = ((shaped[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        notes.append("had transparent pixels, put on white")
    if shaped.shape[2] == 3 and is_grey(shaped):
        shaped = shaped[..., :1]
        notes.append("are greyscale, stored in colour")
    return Picture(name, np.ascontiguousarray(shaped), "array", tuple(notes))


def quantised(name: str, values: Array, span: Span) -> tuple[NDArray[np.uint8], list[str]]:
    """Return values between black and white as uint8, and whether any was clipped; raises BadInput if not finite.

    Single precision stays so: then a value halfway between two levels falls as it does inside a run.
    """
    low, high = span
    kept: NDArray[np.floating] = values.astype(np.float32 if values.dtype == np.float32 else np.float64)
    levels = (kept - float(low)) * float(255 / (high - low))
    if not np.isfinite(levels).all():
        raise BadInput(f"image {name} holds values that are not finite")
    notes = [f"were scaled from [{low:g}, {high:g}] to 0-255 and rounded"]
    if levels.min() < -0.5 or levels.max() > 255.5:
        notes.append(CLIPPED)
    return levels.round().clip(0, 255).astype(np.uint8), notes


def open_array_file(path: Path, name: str, reading: Reading) -> Source:
    """Return a file's array as a source; raises Missing where it cannot be read, BadInput where it cannot be used."""
    try:
        arrays, identity = arrays_in(path)
        if set(MOMENTS) <= arrays.keys() and not reading.key:
            return moments_source(name, path, *(arrays[key] for key in MOMENTS))
        key = samples_key(name, arrays, reading)
        labels = next((whole(arrays[each]) for each in LABELS if each in arrays and each != key), None)
        digest = partial(content_digest, path, name)
        source = array_source(name, checked_blocks(name, arrays[key]), digest, reading, labels, identity)
        return replace(source, stamp=lambda: stamp([path], str(reading), labels_digest(source.labels)))
    except RequestError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    except DECODER_ERRORS as error:
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
        mu, sigma = (whole(checked_blocks(name, each)).astype(np.float64) for each in (mean, covariance))
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


def checked_blocks(name: str, stored: Stored) -> Stored:
    """Return an array whose passes raise one line where the file turns out to be damaged."""

    def blocks() -> Iterator[Array]:
        try:
            yield from stored.blocks()
        except RequestError:
            raise
        except DECODER_ERRORS as error:
            raise damaged(name, error) from error

    return Stored(stored.shape, stored.dtype, blocks)


def arrays_in(path: Path) -> tuple[dict[str, Stored], str]:
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


def samples_key(name: str, arrays: Mapping[str, Stored], reading: Reading) -> str:
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


def npy(open_file: Open, path: Path) -> Stored:
    """Return the array of an npy file or of a member of an npz; raises BadInput for Python objects."""
    with open_file() as file:
        shape, is_fortran, dtype = header(file)
    if dtype.hasobject:
        raise BadInput(f"{path.name}: holds Python objects, which would have to be run; expected numbers")
    refuse_bomb(prod(shape) * dtype.itemsize, path)

    def blocks() -> Iterator[Array]:
        with open_file() as file:
            header(file)
            if is_fortran:  # its rows lie apart
                yield np.frombuffer(exactly(file, prod(shape) * dtype.itemsize), dtype).reshape(shape, order="F")
                return
            yield from in_blocks(file, shape, dtype)

    return Stored(shape, dtype, blocks)


def header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read an npy header: shape, whether columns come first, type."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"npy format {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file, max_header_size=LONGEST_HEADER)


def in_blocks(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Array]:
    """Yield an array's rows from where the file stands."""
    size = max(1, prod(shape[1:]) * dtype.itemsize)
    step = max(1, BLOCK // size)
    for start in range(0, shape[0] if shape else 0, step):
        count = min(step, shape[0] - start)
        yield np.frombuffer(exactly(file, count * size), dtype).reshape(count, *shape[1:])


def exactly(file: IO[bytes], size: int) -> bytes:
    """Read that many bytes, or raise EOFError."""
    content = file.read(size)
    if len(content) != size:
        raise EOFError(f"{size - len(content)} bytes are missing")
    return content


def npz(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the arrays of an npz file and the text under ``identity``."""
    with zipfile.ZipFile(path) as file:
        members = [info for info in file.infolist() if info.filename.endswith(".npy")]
        refuse_bomb(sum(info.file_size for info in members), path)
    arrays = {info.filename[:-4]: npy(partial(npz_member, path, info.filename), path) for info in members}
    identity = arrays.get("identity")
    said = "" if identity is None or identity.dtype.kind != "U" or identity.shape != () else npz_identity(path)
    return arrays, said


def npz_identity(path: Path) -> str:
    with np.load(path, allow_pickle=False) as file:
        return str(file["identity"])


def npz_member(path: Path, name: str) -> IO[bytes]:
    """Open a member of a zip file; closing it closes the archive's file too."""
    archive = zipfile.ZipFile(path)
    opened = archive.open(name)
    archive.close()  # the member keeps the file open as long as it needs it
    return opened


def safetensors(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the tensors of a safetensors file, and its metadata under ``features``."""
    with safe_open(path, "np") as file:
        shapes = {key: tuple(file.get_slice(key).get_shape()) for key in file.keys()}  # noqa: SIM118
        identity = (file.metadata() or {}).get("features", "")
        kinds = {key: file.get_slice(key)[:0].dtype if shape else np.dtype(float) for key, shape in shapes.items()}
    return {
        key: Stored(shape, kinds[key], partial(slices, path, key, shape, kinds[key])) for key, shape in shapes.items()
    }, identity


def slices(path: Path, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[Array]:
    """Yield a tensor's rows."""
    step = max(1, BLOCK // max(1, prod(shape[1:]) * dtype.itemsize))
    with safe_open(path, "np") as file:
        tensor = file.get_slice(key)
        for start in range(0, shape[0], step):
            yield tensor[start : min(start + step, shape[0])]


def idx(path: Path) -> Stored:
    """Return the bytes of an IDX file, packed or not, as MNIST comes; raises BadInput for another type."""

    def open_file() -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")

    with open_file() as file:
        head = exactly(file, 4)
        if head[:2] != b"\0\0" or head[2] != IDX_TYPE or not 1 <= head[3] <= 4:
            raise BadInput(f"{path.name}: expected an IDX file of bytes")
        start = 4 + 4 * head[3]
        shape = tuple(int(side) for side in np.frombuffer(exactly(file, start - 4), ">u4"))
    refuse_bomb(prod(shape), path)

    def blocks() -> Iterator[Array]:
        with open_file() as file:
            exactly(file, start)
            yield from in_blocks(file, shape, np.dtype(np.uint8))

    return Stored(shape, np.dtype(np.uint8), blocks)
