"""Arrays of images or of features, in files or in memory, as samples: which axis is which, which value is black.

Files are npy, npz, IDX, safetensors and those of ``torch.save``. An npz may hold the moments of a set, alone or beside
its images, as reference batches of guided-diffusion do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganbench._util.names import suggestion
from ganbench.errors import BadInput, Missing, RequestError
from ganbench.io.array_files import OBJECTS, Array, Stored, idx, npy, npz
from ganbench.io.decode import DECODER_ERRORS
from ganbench.io.fingerprint import content_digest, stamp
from ganbench.io.grey_levels import SIXTEEN, UNIT, guess, is_grey, of_sixteen_bits, on_white, to_levels, worded
from ganbench.io.labels import KEYS, SECOND, Labelled, labels_digest, labels_of, unfit_labels
from ganbench.io.pickled import PICKLE, arrays_in_pickle
from ganbench.io.source import LeftOut, Picture, Reading, Source, Span, printable
from ganbench.io.tensors import TORCH, content_of, safetensors, saved_by_torch, text_of

IMAGES = ("x", "images", "samples", "features", "arr_0", "data", "reals", "fakes")
# of a set: as pytorch-fid and clean-fid write them, under other usual names, and of spatial features
MOMENTS = (
    ("mu", "sigma"),
    ("mean", "cov"),
    ("mean", "covariance"),
    ("mu", "cov"),
    ("mu_s", "sigma_s"),
    ("fid.mu", "fid.sigma"),  # of EDM2, in a pickle of dictionaries
    ("fd_dinov2.mu", "fd_dinov2.sigma"),
)
TAKEN = "ganbench"  # under which a file says what its features were taken of, and how
ASYMMETRY = 1e-6  # of the largest entry: rounding of float32
CHANNELS = (1, 3, 4)
HALF_OR_SINGLE = (np.float16, np.float32)
LISTED = 12  # names of arrays in a message


def array_source(
    name: str,
    stored: Stored,
    digest: Callable[[], str],
    reading: Reading,
    labelled: Labelled = (None, ""),
    identity: str = "",
) -> Source:
    """Return an array as a source: (n, d) are features, (n, h, w) grey images, four axes images.

    Images of one row, one column or one pixel are none but in eight bits: so pooled networks hand out features.
    Raises BadInput for other shapes and types, for values that are not finite and for a range that does not say itself.
    """
    if stored.fault:
        raise BadInput(f"{name}: {stored.fault}")
    if stored.dtype.kind not in "buif":
        raise BadInput(f"{name}: expected numbers, got an array of {stored.dtype}")
    if 0 in stored.shape or len(stored.shape) not in (2, 3, 4):
        raise BadInput(
            f"{name}: expected features (n, d) or images (n, h, w), (n, h, w, c) or (n, c, h, w), got {stored.shape}"
        )
    labels, unused = labelled
    if len(stored.shape) == 2 or are_pooled(stored, reading):
        source = features_source(name, stored, identity)
    else:
        source = images_source(name, stored, reading)
    whole = lambda: f"{digest()} {reading} {labels_digest(labels)}"  # noqa: E731
    return replace(source, digest=whole, labels=labels, unused_labels=unused, count=stored.shape[0])


def are_pooled(stored: Stored, reading: Reading) -> bool:
    """Whether an array of more than two axes has but one with features, unless it is said to be one of images."""
    sides = stored.shape[1:]
    return not reading.layout and stored.dtype not in (np.uint8, np.bool_) and prod(sides) == max(sides)


def features_source(name: str, stored: Stored, identity: str) -> Source:
    """Return rows of features."""
    notes: tuple[str, ...] = ()
    if len(stored.shape) > 2:
        notes = (f"were {'x'.join(map(str, stored.shape[1:]))}, taken as {prod(stored.shape[1:])} features",)
    return Source(name, "features", str, rows=partial(rows, name, stored), identity=identity, notes=notes)


def images_source(name: str, stored: Stored, reading: Reading) -> Source:
    """Return images whose range their type says, or that is named, or guessed of their values for now."""
    is_last = channels_last(name, stored.shape, reading)

    def respan(span: Span | None) -> Callable[[], Iterator[Picture | LeftOut]]:
        return partial(pictures, stored.blocks, is_last, span)

    span, extremes, is_open = reading.span, None, False
    if stored.dtype == np.uint8:
        span = None
    elif stored.dtype.kind == "b":
        span = UNIT
    elif stored.dtype == np.uint16:
        span = of_sixteen_bits(span)
        is_open = span is None
    elif span is None:
        values = extremes_of(name, stored.blocks())
        span, is_open = guessed(name, values, stored.dtype), stored.dtype.kind == "f"
        extremes = values if is_open else None
    return Source(name, "images", str, respan(span), span=span, extremes=extremes, respan=respan if is_open else None)


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


def guessed(name: str, extremes: Span, dtype: np.dtype[np.generic]) -> Span:
    """Return the range of values; raises BadInput where they fill none of the usual ones."""
    low, high = extremes
    span = guess(low, high, dtype.kind == "f")
    if span is None:
        raise BadInput(
            f"{name}: values from {low:g} to {high:g} fill none of [0, 1], [-1, 1], [0, 255]; "
            "name the range with --span"
        )
    return span


def extremes_of(name: str, blocks: Iterable[Array]) -> Span:
    """Return the smallest and largest value; raises BadInput where one is not finite."""
    extremes_of_blocks = [(float(block.min()), float(block.max())) for block in blocks]
    low, high = min(low for low, _ in extremes_of_blocks), max(high for _, high in extremes_of_blocks)
    if not np.isfinite([low, high]).all():  # NaN and infinity both reach an extreme of their block
        raise BadInput(f"{name}: holds values that are not finite")
    return low, high


def rows(name: str, stored: Stored) -> Iterator[NDArray[np.floating]]:
    """Yield blocks of features: half precision in single, whole numbers in double; BadInput where one is not finite."""
    start = 0
    for block in stored.blocks():
        flat = block.reshape(len(block), -1)
        values: NDArray[np.floating] = flat.astype(np.float32 if flat.dtype in HALF_OR_SINGLE else np.float64)
        bad = np.flatnonzero(~np.isfinite(values).all(1))
        if len(bad):
            raise BadInput(f"{name}: row {start + bad[0]} is not finite")
        start += len(block)
        yield values


def pictures(blocks: Callable[[], Iterator[Iterable[Array]]], is_last: bool, span: Span | None) -> Iterator[Picture]:
    """Yield images as uint8 (h, w, 1 or 3)."""
    index = 0
    for block in blocks():
        for image in block:
            yield picture(str(index), image, is_last, span)
            index += 1


def picture(name: str, image: Array, is_last: bool, span: Span | None) -> Picture:
    """Return one image of an array by the rule of ``levels``; uint8 as it is, and 16 bits in their full range."""
    shaped = image[..., None] if image.ndim == 2 else image if is_last else np.moveaxis(image, 0, -1)
    notes: list[str] = []
    depth = int(shaped.max()) if shaped.dtype == np.uint16 and span is None else 0
    if shaped.dtype != np.uint8:
        span = span or SIXTEEN
        notes.append(f"were scaled from {worded(span)} to 0-255 and rounded")
        shaped, more = to_levels(name, shaped, span)
        notes += more
    elif shaped.shape[2] == 4:
        shaped = on_white(shaped)
        notes.append("had transparent pixels, put on white")
    if shaped.shape[2] == 3 and is_grey(shaped):
        shaped = shaped[..., :1]
        notes.append("are greyscale, stored in colour")
    return Picture(name, np.ascontiguousarray(shaped), "array", tuple(notes), span, depth)


def open_array_file(path: Path, name: str, reading: Reading) -> Source:
    """Return a file's array as a source; raises Missing where it cannot be read, BadInput where it cannot be used."""
    try:
        if path.suffix.lower() == ".safetensors" and (text := text_of(path)).get(TAKEN):
            return taken_source(path, name, text)
        arrays, identity = arrays_in(path)
        source = source_in(path, name, arrays, reading, identity)
    except RequestError:
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise Missing(f"{name}: cannot be read ({error.strerror})") from error
    except DECODER_ERRORS as error:
        raise damaged(name, error) from error
    if source.kind == "moments":
        return source
    return replace(source, stamp=lambda: stamp([path], str(reading), labels_digest(source.labels)))


def taken_source(path: Path, name: str, text: Mapping[str, str]) -> Source:
    """Return the features in a file of ``ganbench features`` or ``merge``, or the moments where it has no others."""
    arrays, _ = safetensors(path)
    made = dict(json.loads(text[TAKEN])["identity"])
    sets = moments_source(name, path, arrays["mu"], arrays["sigma"]) if "mu" in arrays else None
    if sets is not None and "values" not in arrays:
        return replace(sets, made=made)
    return Source(
        name,
        "images",
        partial(content_digest, path, name),
        moments=sets.moments if sets else None,
        count=arrays["values"].shape[0],
        stamp=lambda: stamp([path]),
        taken=partial(content_of, path),
        made=made,
    )


def source_in(path: Path, name: str, arrays: Mapping[str, Stored], reading: Reading, identity: str) -> Source:
    """Return the array that is asked for, the usual one, or the moments of a set."""
    key, pairs = asked_key(name, arrays, reading), [pair for pair in MOMENTS if set(pair) <= arrays.keys()]
    pair = next((each for each in pairs if key in each or not key), None)
    used = {each for pair in pairs for each in pair}
    sets = {mean: moments_source(name, path, arrays[mean], arrays[sigma]) for mean, sigma in reversed(pairs)}
    statistics = {mean: each.moments for mean, each in sets.items() if each.moments}
    if pair and (key or not samples_in(arrays, used)):
        return replace(sets[pair[0]], statistics=statistics)
    key = key or samples_key(name, arrays, used, reading)
    digest = partial(content_digest, path, name)
    stored = checked_blocks(name, arrays[key])
    source = array_source(name, stored, digest, reading, labels_in(arrays, key), identity)
    if pair is None:
        return source
    return replace(source, moments=sets[pair[0]].moments, statistics=statistics)


def labels_in(arrays: Mapping[str, Stored], key: str) -> Labelled:
    """Return the labels beside an array, or none and why those that are there cannot be used."""
    n, reason = arrays[key].shape[0] if arrays[key].shape else 0, ""
    for each in (*KEYS, SECOND):
        stored = arrays.get(each)
        if stored is None or each == key:
            continue
        labels, why = (None, stored.fault) if stored.fault else shaped_labels(stored, n)
        if labels is not None:
            return labels, ""
        if each != SECOND:  # which need not be labels
            reason = reason or f"{each}: {why}"
    return None, reason


def shaped_labels(stored: Stored, n: int) -> Labelled:
    """Read labels, unless their shape says already that they are of other samples."""
    if stored.shape[:1] == (n,) and len(stored.shape) <= 2 and stored.dtype.kind in "buif":
        return labels_of(stored.whole(), n)
    return None, unfit_labels(stored.dtype, stored.shape, n)


def moments_source(name: str, path: Path, mean: Stored, covariance: Stored) -> Source:
    """Return a mean (d,) and a covariance (d, d) as a source; raises BadInput for other shapes and types."""
    d = mean.shape[0] if len(mean.shape) == 1 else 0
    if not d or covariance.shape != (d, d) or {mean.dtype.kind, covariance.dtype.kind} != {"f"}:
        raise BadInput(
            f"{name}: expected mu (d,) and sigma (d, d) of floats, got {mean.dtype} {mean.shape} and "
            f"{covariance.dtype} {covariance.shape}"
        )

    def moments() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        mu, sigma = (checked_blocks(name, each).whole().astype(np.float64) for each in (mean, covariance))
        if not (np.isfinite(mu).all() and np.isfinite(sigma).all()):
            raise BadInput(f"{name}: holds values that are not finite")
        if np.abs(sigma - sigma.T).max() > ASYMMETRY * np.abs(sigma).max():
            raise BadInput(f"{name}: sigma is no covariance: it is not symmetric")
        return mu, (sigma + sigma.T) / 2

    return Source(name, "moments", partial(content_digest, path, name), moments=moments)


def damaged(name: str, error: Exception) -> BadInput:
    """Return the one line that says what is wrong with a file."""
    text = " ".join(str(error).split())
    if any(
        sign in text for sign in ("pickled", "allow_pickle", "Object arrays", "Unsupported global", "Unsupported class")
    ):
        return BadInput(f"{name}: {OBJECTS}")
    if "TorchScript" in text:
        return BadInput(f"{name}: holds a network (TorchScript), which --features takes; expected samples")
    reason = text.partition("WeightsUnpickler error: ")[2].partition(" Check the doc")[0] or text
    return BadInput(f"{name}: damaged or not of this format ({reason[:200] or type(error).__name__})")


def checked_blocks(name: str, stored: Stored) -> Stored:
    """Return an array whose passes raise one line where the file turns out to be damaged."""

    def blocks() -> Iterator[Array]:
        try:
            yield from stored.blocks()
        except RequestError:
            raise
        except DECODER_ERRORS as error:
            raise damaged(name, error) from error

    return replace(stored, blocks=blocks)


def arrays_in(path: Path) -> tuple[dict[str, Stored], str]:
    """Return the arrays of a file by key, and what it says of the features in it."""
    suffixes = path.name.lower()
    if suffixes.endswith(".npy"):
        return {"array": npy(lambda: path.open("rb"), path)}, ""
    if suffixes.endswith(".npz"):
        return npz(path)
    if suffixes.endswith(".safetensors"):
        return safetensors(path)
    if suffixes.endswith(TORCH):
        return saved_by_torch(path), ""
    if suffixes.endswith(PICKLE):
        return {key: of_array(each) for key, each in arrays_in_pickle(path).items()}, ""
    arrays = {"images": idx(path)}
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside != path and beside.is_file():
        arrays["labels"] = idx(beside)
    return arrays, ""


def of_array(values: Array) -> Stored:
    """Return an array in memory as one that is read by blocks."""
    return Stored(values.shape, values.dtype, lambda: iter([values]))


def asked_key(name: str, arrays: Mapping[str, Stored], reading: Reading) -> str:
    """Return the key that is asked for, or nothing; raises BadInput where the file has none of that name."""
    if reading.key and reading.key not in arrays:
        raise BadInput(f"{name}: no array {reading.key!r} in it; {suggestion(reading.key, sorted(arrays))}")
    return reading.key or (reading.other_key if reading.other_key in arrays else "")


def samples_in(arrays: Mapping[str, Stored], others: Iterable[str]) -> list[str]:
    """Return the keys of what may be samples: neither labels nor ``others``."""
    return [key for key in arrays if key not in {*KEYS, "identity", *others}]


def samples_key(name: str, arrays: Mapping[str, Stored], others: Iterable[str], reading: Reading) -> str:
    """Return the key of the samples: a usual one, or the only one; raises BadInput otherwise."""
    candidates = samples_in(arrays, others)
    usual = [key for key in IMAGES if key in candidates]
    if len(candidates) == 1 or usual:
        return (usual or candidates)[0]
    listed = [printable(key) for key in sorted(arrays)]
    more = f" and {len(listed) - LISTED} others" if len(listed) > LISTED else ""
    what = f"{', '.join(listed[:LISTED])}{more}" if listed else "no array"
    raise BadInput(f"{name}: holds {what}; say which array with {reading.key_option}")
