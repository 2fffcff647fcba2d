"""What a metric is: a plain function of arrays, and the facts about it on ``function.spec``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from inspect import Parameter, getdoc, signature
from operator import or_
from typing import Any, Literal, ParamSpec, Protocol, cast, get_args

from ganbench._util.names import check_names
from ganbench.errors import BadInput
from ganbench.metrics.cost import NOTHING, SIZES, Cost

P = ParamSpec("P")

Better = Literal["lower", "higher", "target"]
Scale = Literal[
    "log",  # a distance, positive: differences are ratios
    "logit",  # a share, between 0 and 1: differences are ratios of odds
    "count",  # a whole number of things
    "linear",  # anything else, estimates that may be negative among it
]
Invariance = Literal[
    "identity",  # the ideal value (``ideal``) when fake is real itself
    "symmetric",  # metric(a, b) == metric(b, a)
    "rotation",  # one rotation of both samples changes nothing
    "translation",  # one shift of both samples changes nothing
    "scale",  # one positive factor for both samples changes nothing
    "permutation",  # the order of samples is irrelevant
]
Need = Literal[
    "real",  # features of the reference, (n, d)
    "fake",  # features of the samples, (m, d)
    "train",  # features of the training examples
    "real_posteriors",  # class posteriors of the reference, (n, K)
    "fake_posteriors",  # class posteriors of the samples, (m, K)
    "real_labels",  # (n,) true classes of the reference
    "fake_labels",  # (m,) classes that the samples were asked to be
    "fake_points",  # samples in data space, (m, d)
    "modes",  # the known Modes of the data's distribution
    "real_images",  # (n, c, h, w)
    "fake_images",  # (m, c, h, w)
]


@dataclass(frozen=True)
class MetricSpec:
    """The facts about a metric.

    ``needs`` names what fills the function's positional arguments, in order. ``version`` goes up whenever the value for
    some input changes. ``ideal`` is the value of a perfect sampler in the limit (None where it depends on the data),
    ``minimum`` the sample size below which the value means little. ``options`` are the keyword arguments with their
    defaults, part of a score's identity. A user's metric is called by its file's name, and ``file_sha256``, which is
    among its options too, is the digest of that file. ``scale`` is the one on which values are averaged and compared.
    ``slow``: it takes many times as long as the pass over the distances, and is not part of "all" unless asked for.
    ``cost`` says how its work grows, as in ``ganbench.metrics.cost``, beside that of the passes over the distances that
    it ``requires``; None where it is not declared.
    """

    name: str
    needs: tuple[Need, ...]
    better: Better
    ideal: float | None = None
    bounds: tuple[float, float] = (float("-inf"), float("inf"))
    paper: str = ""
    invariances: frozenset[Invariance] = frozenset()
    minimum: int = 2
    version: int = 1
    summary: str = ""  # the first line of the function's docstring
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    file_sha256: str = ""
    requires: tuple[Any, ...] = ()  # Requirements of the pass over the distances that metrics share, with these options
    scale: Scale = "linear"
    slow: bool = False
    cost: Cost | None = None

    @property
    def growth(self) -> str:
        """How its work grows, with the passes over the distances that it requires; empty where that is not declared."""
        return "" if self.cost is None else (passes(self.requires) + self.cost).growth

    def work(self, sizes: Mapping[str, float]) -> float | None:
        """Return its own work, without the passes that it shares, in steps of a product; None where it is not declared.

        ``sizes`` are those of the samples, as in ``ganbench.metrics.cost.SIZES``; what is not known counts as none.
        """
        if self.cost is None:
            return None
        options = {name: value for name, value in self.options.items() if isinstance(value, int | float)}
        return self.cost.work({**dict.fromkeys(SIZES, 0), **options, **sizes})

    def __post_init__(self) -> None:
        check_names(f"scale of {self.name}", [self.scale], get_args(Scale))
        low, high = self.bounds
        if self.scale == "logit" and self.bounds != (0.0, 1.0):
            raise BadInput(f"{self.name}: scale logit is for shares, bounds (0, 1), got ({low:g}, {high:g})")
        if self.scale in ("log", "count") and not low >= 0:
            raise BadInput(
                f"{self.name}: scale {self.scale} is for values of at least 0, got bounds ({low:g}, {high:g})"
            )


def passes(requirements: Iterable[Any]) -> Cost:
    """Return the cost of passes over the distances that fulfil some requirements together."""
    return reduce(or_, (each.cost for each in requirements), NOTHING)


class Metric(Protocol[P]):
    """A function under ``@metric``, for annotations."""

    spec: MetricSpec
    __name__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> float: ...


def metric(
    *,
    better: Better,
    needs: tuple[Need, ...] | None = None,
    ideal: float | None = None,
    bounds: tuple[float, float] = (float("-inf"), float("inf")),
    paper: str = "",
    invariances: frozenset[Invariance] | set[Invariance] = frozenset(),
    minimum: int = 2,
    version: int = 1,
    requires: tuple[Any, ...] = (),
    scale: Scale = "linear",
    slow: bool = False,
    cost: str = "",
) -> Callable[[Callable[P, float]], Metric[P]]:
    """Put the facts about a metric on its function, as ``function.spec``; it stays the function that it is.

    Parameters
    ----------
    better : "lower", "higher" or "target"
        Which values are better; "target" means near ``ideal``.
    needs : tuple of str, optional
        What fills the positional arguments, in order; by default the arguments' own names.
    ideal, bounds, invariances, minimum, version, requires
        As in `MetricSpec`.
    scale : "log", "logit", "count" or "linear"
        On which scale tables average and compare values: ratios, for positive distances; odds, for shares in [0, 1];
        whole numbers; or plain differences, for everything else.
    slow : bool
        Whether it takes so long that ``--metrics all`` leaves it to ``--slow``.
    cost : str, optional
        How its work grows, beside the passes that it requires: a sum of products of the number of reference rows n,
        samples m, training examples t, features d, classes k, modes c, numbers in an image p, and options, such as
        ``"2 n d^2 + 20 min(n, d)^3"``.
    paper : str, optional
        Where the metric comes from; by default the References of the docstring.

    Returns
    -------
    callable
        A decorator that returns the function itself.

    Examples
    --------
    >>> from ganbench.metrics import metric
    >>> @metric(better="lower")
    ... def mean_gap(real, fake):
    ...     return float((real.mean(0) - fake.mean(0)).norm())
    >>> mean_gap.spec.needs
    ('real', 'fake')
    """

    def attach(function: Callable[P, float]) -> Metric[P]:
        parameters = signature(function).parameters.values()
        arguments = tuple(each.name for each in parameters if each.default is Parameter.empty)
        options = {each.name: each.default for each in parameters if each.default is not Parameter.empty}
        text = getdoc(function) or ""
        described = cast("Metric[P]", function)
        described.spec = MetricSpec(
            name=described.__name__,
            needs=cast("tuple[Need, ...]", arguments) if needs is None else needs,
            better=better,
            ideal=ideal,
            bounds=bounds,
            paper=paper or reference(text),
            invariances=frozenset(invariances),
            minimum=minimum,
            version=version,
            summary=text.split("\n", 1)[0],
            options=options,
            requires=requires,
            scale=scale,
            slow=slow,
            cost=Cost.parse(cost, options) if cost else None,
        )
        return described

    return attach


# A share of samples, best at 1, and a distance of distributions, best at 0.
share_metric = partial(metric, better="higher", scale="logit", ideal=1.0, bounds=(0.0, 1.0))
distance_metric = partial(metric, better="lower", scale="log", ideal=0.0, bounds=(0.0, float("inf")))


def sections(docstring: str) -> dict[str, str]:
    """Return the numpydoc sections of a docstring by title; what comes before the first has the title ""."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", docstring, flags=re.MULTILINE)
    titles = ["", *parts[1::2]]
    return {title: text.strip() for title, text in zip(titles, parts[::2], strict=True)}


def reference(docstring: str) -> str:
    """Return the References of a docstring on one line."""
    return " ".join(sections(docstring).get("References", "").removeprefix(".. [1]").split())


def is_metric(thing: object) -> bool:
    """Whether ``thing`` is a function under ``@metric``."""
    return callable(thing) and isinstance(getattr(thing, "spec", None), MetricSpec)
