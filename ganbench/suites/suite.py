"""A question as a TOML file: which baselines on which data, for how long, with how many seeds, by which metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import product
from typing import Any, Literal

from ganbench._util.names import check_names
from ganbench._util.user_code import is_path
from ganbench._util.user_code import split as file_split
from ganbench.baseline import Baseline
from ganbench.data import DATASETS
from ganbench.data.names import split
from ganbench.dataset import Dataset
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.training import registry
from ganbench.training.backends import BACKEND_NAMES

SHARED = [item.name for item in fields(Baseline)]  # fields that every baseline has

Metrics = tuple[str, ...] | Literal["all"]


@dataclass(frozen=True)
class Budget:
    """What differs from the suite's plan on one data set; 0 leaves it as it is."""

    steps: int = 0
    batch: int = 0
    samples: int = 0


@dataclass(frozen=True)
class Suite:
    """A grid of baselines, data sets and seeds, and the plan for its cells.

    ``metrics`` and ``watch`` are the same for all data sets, or a table with one entry each. ``settings`` holds
    fields of baselines by data set, and by baseline within it. ``search`` holds lists of values for fields, those of
    a baseline instead of the shared ones of that name; every combination is a row of cells. ``plan`` holds budgets by
    data set. ``backend`` is how updates are executed; "auto" compiles long training of perceptrons.
    """

    name: str
    question: str
    baselines: tuple[str, ...] | Literal["all"]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    steps: int
    samples: int
    metrics: Metrics | dict[str, Metrics]
    batch: int = 128
    backend: str = "traced"
    watch: str | dict[str, str] = ""
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Budget] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("baselines", "datasets", "seeds"):
            if not getattr(self, name):
                raise BadInput(f"suite {self.name}: {name} must not be empty")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise BadInput(f"suite {self.name}: seeds must be different and not negative, got {list(self.seeds)}")
        for name in ("steps", "samples", "batch"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, got {getattr(self, name)}")
        if budget := next((budget for budget in self.plan.values() if min(asdict(budget).values()) < 0), None):
            raise BadInput(f"suite {self.name}: a plan's numbers must not be negative, got {asdict(budget)}")
        self.check_names()

    def check_names(self) -> None:
        """Raise UnknownName for a data set, metric, baseline or shared field that does not exist; opens no file."""
        tables = [self.settings, self.plan, *(x for x in (self.metrics, self.watch) if isinstance(x, dict))]
        per_dataset = [name for table in tables for name in table]
        check_names("backend", [self.backend], BACKEND_NAMES)
        check_names("dataset", (split(name)[0] for name in [*self.datasets, *per_dataset]), DATASETS)
        named = self.shared_metrics() + [name for dataset in per_dataset for name in self.own_metrics(dataset)]
        check_names("metric", (name for name in named if not is_path(name)), METRICS)
        for table in (*self.settings.values(), self.search):
            shared = [name for name, value in table.items() if not isinstance(value, dict)]
            check_names("field of every baseline", shared, SHARED)
            owners = [file_split(name)[0] for name in table if name not in shared and not is_path(name)]
            check_names("baseline", owners, registry.names())

    def on(self, table: Mapping[str, Any], dataset: str) -> Any:
        """Return a table's entry for a data set, under its full name or the name without settings, or None."""
        return table.get(dataset, table.get(split(dataset)[0]))

    def metrics_on(self, dataset: str) -> Metrics:
        """Return the metrics asked for on a data set; on one that their table leaves out, all that it mentions."""
        if not isinstance(self.metrics, dict):
            return self.metrics
        mentioned = tuple(name for names in self.metrics.values() if names != "all" for name in names)
        entry: Metrics = self.on(self.metrics, dataset) or mentioned or "all"
        return entry

    def watch_on(self, dataset: str) -> str:
        """Return the metric that is watched on a data set, or nothing."""
        return self.watch if isinstance(self.watch, str) else self.on(self.watch, dataset) or ""

    def own_metrics(self, dataset: str) -> list[str]:
        """Return metrics that are asked of this data set by name."""
        names = (self.on(self.metrics, dataset) or ()) if isinstance(self.metrics, dict) else ()
        watched = self.on(self.watch, dataset) if isinstance(self.watch, dict) else None
        return [*(() if names == "all" else names), *([watched] if watched else [])]

    def shared_metrics(self) -> list[str]:
        """Return metrics that are asked of all data sets."""
        names = self.metrics if isinstance(self.metrics, tuple) else ()
        return [*names, *([self.watch] if isinstance(self.watch, str) and self.watch else [])]

    def settings_for(self, data: Dataset, baseline: str) -> dict[str, Any]:
        """Return the fields that the suite sets: shared ones, over them those of the family, then the member's.

        A shared one that has no effect on a baseline is left out; raises BadInput where one of its own has none.
        """
        table: dict[str, Any] = self.on(self.settings, data.name) or {}
        shared = {name: value for name, value in table.items() if not isinstance(value, dict)}
        own = table.get(file_split(baseline)[0], {}) | table.get(baseline, {})
        return registry.effective_settings(baseline, shared, own, data)

    def choices(self, data: Dataset, baseline: str) -> list[dict[str, Any]]:
        """Return the settings to train with: those of the suite, under every combination of what is searched over."""
        settings = self.settings_for(data, baseline)
        return [settings | point for point in self.points(baseline)]

    def points(self, baseline: str) -> list[dict[str, Any]]:
        """Return every combination of what is searched over for a baseline; nothing searched over is one point."""
        shared = {name: values for name, values in self.search.items() if not isinstance(values, dict)}
        lists = shared | self.search.get(file_split(baseline)[0], {}) | self.search.get(baseline, {})
        for name, values in lists.items():
            if not isinstance(values, list) or not values:
                raise BadInput(f"suite {self.name}: search: {name} must be a list of values, got {values!r}")
        return [dict(zip(lists, point, strict=True)) for point in product(*lists.values())]

    def budget(self, dataset: str) -> dict[str, int]:
        """Return steps, batch and samples on a data set."""
        special = asdict(self.on(self.plan, dataset) or Budget())
        return {name: special[name] or getattr(self, name) for name in special}


@dataclass(frozen=True)
class Notes:
    """A suite of experiments on the claims of the notes, in their fast or their full form."""

    name: str
    question: str
    experiments: tuple[str, ...] | Literal["all"]
    form: Literal["fast", "full"]


@dataclass(frozen=True)
class Cell:
    """One seed of a baseline on a data set: everything that a process needs to compute it."""

    key: str  # of its record
    row: str  # what it shares with its other seeds alone
    baseline: str  # as load finds it
    settings: dict[str, Any]  # those that the suite sets
    dataset: str
    seed: int
    steps: int
    batch: int
    backend: str  # as requested
    samples: int
    metrics: tuple[str, ...]
    watch: str
    guess: float  # very roughly, how many seconds it takes on one core

    @property
    def title(self) -> str:
        """What the baseline is called in records and tables."""
        return registry.title(self.baseline)
