"""What a metric costs before it is computed: the order of growth of its work, and an estimate of that work.

A cost is a sum of products, written as ``"2 n d^2 + 20 min(n, d)^3"``. Its unit is one multiplication and addition
within a large product of matrices in float32; a factor in front says how many of these a step is worth that is slower,
such as a comparison while sorting.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ganbench._util.names import check_names
from ganbench.errors import BadInput

SIZES = {
    "n": "rows of the reference",
    "m": "samples",
    "t": "training examples",
    "d": "features of a row, or coordinates of a point",
    "k": "classes",
    "q": "rows of a class",
    "c": "modes",
    "p": "numbers in an image",
}
FACTOR = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(?:(min|max|log)\(([\w, ]+)\)|([A-Za-z_]\w*))(?:\^(\d+))?)(?=\s|$)")
FUNCTIONS: Mapping[str, Callable[..., float]] = {"min": min, "max": max, "log": lambda *of: math.log2(max(of[0], 2))}


@dataclass(frozen=True)
class Factor:
    """A size, or a function of sizes, to a power."""

    function: str
    of: tuple[str, ...]
    power: int

    def __call__(self, sizes: Mapping[str, float]) -> float:
        """Return its value."""
        values = [float(name) if name.isdigit() else sizes[name] for name in self.of]
        return float(FUNCTIONS[self.function](*values) if self.function else values[0]) ** self.power

    def __str__(self) -> str:
        name = f"{self.function}({', '.join(self.of)})" if self.function else self.of[0]
        return name if self.power == 1 else f"{name}^{self.power}"


@dataclass(frozen=True)
class Cost:
    """A sum of products of sizes: the multiplier of each, by its factors."""

    terms: Mapping[tuple[Factor, ...], float]

    @classmethod
    def parse(cls, text: str, options: Iterable[str] = ()) -> Cost:
        """Return the cost that a text says, of ``SIZES`` and of a metric's options that are numbers.

        Raises
        ------
        BadInput
            For text that is no sum of products, UnknownName for a size that there is not.
        """
        terms = [term(part, text) for part in text.split(" + ")]
        names = [name for _, factors in terms for each in factors for name in each.of if not name.isdigit()]
        check_names(f"size in cost {text!r}", names, [*SIZES, *options])
        return cls({factors: sum(number for number, other in terms if other == factors) for _, factors in terms})

    def work(self, sizes: Mapping[str, float]) -> float:
        """Return how many steps it is; raises KeyError where a size is not known."""
        return sum(number * math.prod(each(sizes) for each in factors) for factors, number in self.terms.items())

    @property
    def growth(self) -> str:
        """The order of growth: the sum without its multipliers."""
        return " + ".join(" ".join(map(str, factors)) or "1" for factors in self.terms)

    def __add__(self, other: Cost) -> Cost:
        """Return what both cost, one after the other."""
        both = {**self.terms, **other.terms}
        return Cost({each: self.terms.get(each, 0.0) + other.terms.get(each, 0.0) for each in both})

    def __or__(self, other: Cost) -> Cost:
        """Return what both cost where they share their steps: of each product the larger multiplier."""
        both = {**self.terms, **other.terms}
        return Cost({each: max(self.terms.get(each, 0.0), other.terms.get(each, 0.0)) for each in both})


NOTHING = Cost({})


def term(part: str, text: str) -> tuple[float, tuple[Factor, ...]]:
    """Return the multiplier and the factors of one product."""
    number, factors, at = 1.0, [], 0
    while at < len(part.rstrip()):
        factor = FACTOR.match(part, at)
        if factor is None:
            raise BadInput(f"cost {text!r}: expected a sum of products such as '2 n d^2 + min(n, d)^3', got {part!r}")
        multiplier, function, of, name, power = factor.groups()
        at = factor.end()
        if multiplier:
            number *= float(multiplier)
        else:
            names = tuple(each.strip() for each in of.split(",")) if function else (name,)
            factors.append(Factor(function or "", names, int(power or 1)))
    if not at:
        raise BadInput(f"cost {text!r}: expected a product on either side of each plus")
    return number, tuple(factors)
