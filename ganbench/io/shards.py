"""Sets in several files: WebDataset shards and Parquet files of one folder, or ``NAME-{0000..0009}.tar``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import count as numbers
from pathlib import Path

import numpy as np

from ganbench.errors import BadInput
from ganbench.io.archive import TAR
from ganbench.io.decode import SUFFIXES
from ganbench.io.source import LeftOut, Picture, Reading, Source, Stamp, natural

PARQUET = ".parquet"
BRACES = re.compile(r"\{([0-9]+)\.\.([0-9]+)\}")
MOST = 100_000  # shards
Open = Callable[[str, Reading], Source]


def expanded(samples: str) -> list[str]:
    """Return what ``shard-{000..127}.tar`` stands for, or nothing where there are no braces."""
    match = BRACES.search(samples)
    if match is None or Path(samples).exists():
        return []
    first, last, width = int(match[1]), int(match[2]), len(match[1])
    if not first <= last < first + MOST:
        raise BadInput(f"{samples}: expected a range of at most {MOST} shards, from the lower number to the higher")
    return [f"{samples[: match.start()]}{i:0{width}d}{samples[match.end() :]}" for i in range(first, last + 1)]


def shards_in(folder: Path) -> list[str]:
    """Return the shards of a folder that holds nothing else, in the order of their names; nothing of other folders."""
    try:
        names = [each.name for each in folder.iterdir() if not each.name.startswith(".")]
    except OSError:
        return []
    lower = [name.lower() for name in names]
    if any(name.endswith(SUFFIXES) for name in lower) or any((folder / name).is_dir() for name in names):
        return []
    kinds = [kind for kind in (PARQUET, TAR) if any(name.endswith(kind) for name in lower)]
    if len(kinds) != 1:
        return []
    return sorted((str(folder / name) for name in names if name.lower().endswith(kinds[0])), key=natural)


def open_shards(paths: Sequence[str], name: str, reading: Reading, opening: Open) -> Source:
    """Return shards as one set; rows of Parquet files are numbered through, members of archives keep their names."""
    sources = [opening(path, reading) for path in paths]
    if any(each.kind != "images" for each in sources):
        raise BadInput(f"{name}: expected shards of images")
    rows = all(path.lower().endswith(PARQUET) for path in paths)
    labels = [each.labels for each in sources if each.labels is not None]
    unused = [f"{Path(each.name).name}: {each.unused_labels}" for each in sources if each.unused_labels]
    if labels and not unused and len(labels) < len(sources):
        unused = [f"{len(sources) - len(labels)} of {len(sources)} shards have none"]
    stamps = [each.stamp for each in sources if each.stamp is not None]

    def scan_of(some: Sequence[Source]) -> Iterator[Picture | LeftOut]:
        place = numbers()
        for each in some:
            for item in each.scan():
                yield replace(item, name=str(next(place))) if rows else item

    def digest() -> str:
        return blake2b(" ".join(each.digest() for each in sources).encode(), digest_size=16).hexdigest()

    def stamp() -> Stamp:
        each = [one() for one in stamps]
        text = blake2b(" ".join(one.text for one in each).encode(), digest_size=16).hexdigest()
        return Stamp(text, max(one.newest for one in each))

    return Source(
        name,
        "images",
        digest,
        lambda: scan_of(sources),
        labels=np.concatenate(labels) if len(labels) == len(sources) else None,
        unused_labels=unused[0] if unused else "",
        stamp=stamp if len(stamps) == len(sources) else None,
        span=reading.span,
        respan=None if reading.span else lambda span: lambda: scan_of([each.spanned(span) for each in sources]),
        count=sum(each.count or 0 for each in sources),
    )
