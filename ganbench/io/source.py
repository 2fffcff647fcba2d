"""A source of samples: pictures one by one, or rows of features, with every conversion that was made."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count as numbers
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ganbench.io.labels import labels_digest

Bytes = NDArray[np.uint8]
Kind = Literal["images", "features", "moments"]
Taken = Callable[[], tuple[dict[str, Any], dict[str, str]]]  # tensors and text of a file of features
Item = TypeVar("Item")
Layout = Literal["", "NHWC", "NCHW"]
Span = tuple[float, float]  # the values of black and white


@dataclass(frozen=True)
class Picture:
    """One image: ``pixels`` (h, w, 1 or 3), where it was, how it was stored, and what was converted or clipped."""

    name: str
    pixels: Bytes
    stored: str  # the file format, or "array"
    conversions: tuple[str, ...] = ()
    span: Span | None = None  # from which it was scaled to 256 levels; None: it has eight bits
    depth: int = 0  # the largest value of 16 bits whose range nothing says
    label: int | None = None  # where the source has one for each image


@dataclass(frozen=True)
class LeftOut:
    """Something that was met and gave no image; ``broken``: it should have given one."""

    name: str
    reason: str
    broken: bool = False


Moments = Callable[[], tuple[NDArray[np.float64], NDArray[np.float64]]]  # a mean (d,) and a covariance (d, d)
Scan = Callable[[], Iterator[Picture | LeftOut]]  # a pass over images


@dataclass(frozen=True)
class Reading:
    """How to read what does not say it itself.

    Attributes
    ----------
    layout : {"", "NHWC", "NCHW"}
        The axes of an array of images.
    span : (float, float), optional
        The values of black and white of floats and of pictures of more than eight bits. None: guessed, by one rule for
        both sides of a comparison.
    key : str
        Which array of a file with several.
    other_key : str
        Which array, where ``key`` says nothing and the file has one of that name.
    key_option : str
        What the command line calls the key, for messages.
    """

    layout: Layout = ""
    span: Span | None = None
    key: str = ""
    other_key: str = ""
    key_option: str = "--key"

    def __str__(self) -> str:
        return f"layout={self.layout} key={self.key or self.other_key}"


@dataclass(frozen=True)
class Stamp:
    """What the file system says of files, ``text``, and when it last saw one of them change, in nanoseconds."""

    text: str
    newest: int


@dataclass(frozen=True)
class Source:
    """Samples somewhere: opening looks at names and headers only; every pass reads them again, in bounded memory.

    ``scan`` passes over images, ``rows`` over blocks (m, d) of features, ``moments`` returns a mean (d,) and a
    covariance (d, d); which of them is used, ``kind`` says. A file may hold images beside the moments of a set.
    ``digest`` is that of all that the samples depend on but ``span``, the black and white that images are read with.
    """

    name: str
    kind: Kind
    digest: Callable[[], str]
    scan: Scan = lambda: iter(())
    rows: Callable[[], Iterator[NDArray[np.floating]]] = lambda: iter(())
    moments: Moments | None = None
    statistics: Mapping[str, Moments] = field(default_factory=dict)  # all that a file has, by the name of their mean
    labels: NDArray[np.int64] | None = None  # of each image, broken ones too, beside what pictures carry; or folders do
    unused_labels: str = ""  # why labels that are there cannot be used
    notes: tuple[str, ...] = ()  # what was done to all rows of features
    span: Span | None = None  # named or guessed; None: samples say it themselves, or by their 16 bits
    extremes: Span | None = None  # the smallest and largest value, where the range is guessed from them
    respan: Callable[[Span], Scan] | None = None  # a pass with another range, of what does not say its own
    identity: str = ""  # what a file of features says of the network that made them
    count: int | None = None  # where it is known before a pass
    again: Callable[[], str] | None = None  # the digest once more, where ``digest`` remembers it
    stamp: Callable[[], Stamp] | None = None  # of what lies in files
    between: Callable[[int, int], Scan] | None = None  # a pass over some images, without decoding the others
    taken: Taken | None = None  # of images whose features were taken before: these, instead of a pass
    made: Mapping[str, str] = field(default_factory=dict)  # what those features, or moments, depend on

    def remembering(self) -> Source:
        """Return the same source with a digest that is taken once."""
        return replace(self, digest=cache(self.digest), again=self.digest)

    def spanned(self, span: Span | None) -> Source:
        """Return the same samples with black and white at these values, where they do not say them themselves."""
        if span is None or span == self.span or self.respan is None:
            return self
        return replace(self, span=span, scan=self.respan(span), between=None)  # which knows the first range alone

    def part(self, first: int, last: int) -> Source:
        """Return the images from one position to before another; what was passed over counts to the first."""
        whole, some = self.scan, self.between  # alone: parts travel to other processes
        scan = some(first, last) if some else lambda: between(whole(), first, last)
        smaller = (lambda a, b: some(first + a, min(first + b, last))) if some else None
        labels = None if self.labels is None else self.labels[first:last]
        digest = lambda: f"{self.digest()} {first}:{last}"  # noqa: E731
        return replace(self, scan=scan, labels=labels, digest=digest, count=last - first, respan=None, between=smaller)

    def changed(self) -> bool:
        """Whether the content is another than when its digest was taken."""
        return self.again is not None and self.again() != self.digest()


def labelled(source: Source, labels: NDArray[np.int64], label: Callable[[str], int]) -> Source:
    """Return a source of images whose pictures carry their labels, which ``label`` tells of a name.

    Pictures carry them because a broken one may be left out, and files are put into the order of their names.
    """

    def marked(scan: Scan) -> Scan:
        return lambda: (each if isinstance(each, LeftOut) else replace(each, label=label(each.name)) for each in scan())

    respan, some = source.respan, source.between
    return replace(
        source,
        labels=labels,
        digest=lambda: f"{source.digest()} labels {labels_digest(labels)}",
        scan=marked(source.scan),
        respan=(lambda span: marked(respan(span))) if respan else None,
        between=(lambda first, last: marked(some(first, last))) if some else None,
    )


def between(items: Iterator[Item], first: int, last: int) -> Iterator[Item]:
    """Yield images from one position to before another, broken ones too; the first part has what was passed over."""
    place = numbers()
    for each in items:
        if isinstance(each, LeftOut) and not each.broken:
            if first == 0:
                yield each
        elif first <= (here := next(place)) < last:
            yield each
        elif here >= last and first:
            return


def printable(name: str) -> str:
    """Return a name that fits on one line of any terminal: what cannot be printed becomes a question mark."""
    return name if name.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in name)


def natural(name: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Return a key that sorts names with numbers in them by the numbers: 9.png before 10.png."""
    pieces = re.split(r"([0-9]+)", name)
    return tuple((int(piece), "") if i % 2 else (0, piece) for i, piece in enumerate(pieces)), name
