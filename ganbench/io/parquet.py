"""Image columns of Parquet files, as data sets on the Hub have them, read by batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from ganbench._util.names import suggestion
from ganbench.errors import BadInput, Missing
from ganbench.io.fingerprint import content_digest, stamp
from ganbench.io.folder import Item, decoded, decoder, within_bounds
from ganbench.io.labels import KEYS, Labelled, labels_of
from ganbench.io.remote import Remote
from ganbench.io.source import Reading, Source, between, labelled, printable

ROWS = 256  # of a batch
NUMBERS = ("int", "uint", "bool", "float", "halffloat", "double")  # Arrow's names of types
LABELS = (*KEYS, "fine_label", "cls")


def open_parquet(path: Path | Remote, name: str, reading: Reading) -> Source:
    """Return the images in a column of a Parquet file, with the labels beside them.

    A column holds the bytes of image files, alone or as ``bytes`` beside a ``path``. Raises Missing without pyarrow,
    BadInput where there is no such column.
    """
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError as error:
        raise Missing(f"{name}: Parquet files need pyarrow; pip install 'ganbench[parquet]'") from error
    try:
        with path.open("rb") as raw:
            file = parquet.ParquetFile(raw)
            schema, count = file.schema_arrow, file.metadata.num_rows
            column = column_of(schema, name, reading)
            labels, unused = labels_in(file, schema)
    except (OSError, ValueError) as error:
        raise BadInput(f"{name}: damaged or no Parquet file ({' '.join(str(error).split())[:200]})") from error

    def items() -> Iterator[Item]:
        place = 0
        with path.open("rb") as raw:
            for batch in parquet.ParquetFile(raw).iter_batches(ROWS, columns=[column]):
                for value in batch.column(0).to_pylist():
                    yield item(place, value)
                    place += 1

    local = isinstance(path, Path)
    source = Source(
        name,
        "images",
        lambda: f"{content_digest(cast('Path', path), name)} {column}",
        lambda: decoded(items(), decoder(reading.span)),
        span=reading.span,
        respan=None if reading.span else lambda guessed: lambda: decoded(items(), decoder(None, guessed[1])),
        count=count,
        between=lambda first, last: lambda: decoded(between(items(), first, last), decoder(reading.span)),
        stamp=(lambda: stamp([path], column)) if local else None,  # type: ignore[list-item]
        unused_labels=unused,
    )
    return source if labels is None else labelled(source, labels, lambda row: int(labels[int(row)]))


def item(place: int, value: Any) -> Item:
    """Return one row's image as a name and a way to read it; a row without an image is a broken one."""
    content = value.get("bytes") if isinstance(value, dict) else value
    return str(place), partial(within_bounds, str(place), bytes(content)) if content else partial(empty, place)


def empty(place: int) -> bytes:
    """Raise BadInput for a row that holds no image."""
    raise BadInput(f"{place}: no image in this row")


def column_of(schema: Any, name: str, reading: Reading) -> str:
    """Return the column of images: the one that is asked for, or the only one that can be."""
    asked = reading.key or (reading.other_key if reading.other_key in schema.names else "")
    if asked and asked not in schema.names:
        raise BadInput(f"{name}: no column {asked!r} in it; {suggestion(asked, sorted(schema.names))}")
    fitting = [field.name for field in schema if holds_images(field.type)]
    if asked and asked not in fitting:
        raise BadInput(f"{name}: column {asked} holds {schema.field(asked).type}; expected bytes of image files")
    if not asked and len(fitting) != 1:
        what = f"columns {', '.join(map(printable, fitting))}" if fitting else "no column"
        raise BadInput(f"{name}: {what} may hold images; say which with {reading.key_option}")
    return asked or fitting[0]


def holds_images(kind: Any) -> bool:
    """Whether a type is of bytes, or of a structure with ``bytes`` in it."""
    if str(kind).startswith("struct"):
        return any(kind.field(place).name == "bytes" for place in range(kind.num_fields))
    return str(kind) in ("binary", "large_binary")


def labels_in(file: Any, schema: Any) -> Labelled:
    """Return the labels in a column of a usual name, or None and why what is there cannot be used."""
    there = [each for each in LABELS if each in schema.names and not holds_images(schema.field(each).type)]
    usable = [each for each in there if str(schema.field(each).type).startswith(NUMBERS)]
    if not there:
        return None, ""
    if not usable:
        return None, f"column {there[0]} holds {schema.field(there[0]).type}; expected whole numbers"
    values = file.read([usable[0]]).column(0)
    if values.null_count:
        return None, f"column {usable[0]} has {values.null_count} rows of {len(values)} without a label"
    return labels_of(values.to_numpy(), len(values))
