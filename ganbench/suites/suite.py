"""A question as a TOML file: which baselines on which data, for how long, with how many seeds, by which metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any, Literal

from ganbench._util.names import check_names
from ganbench._util.user_code import is_path
from ganbench._util.user_code import split as file_split
from ganbench.baseline import Baseline
from ganbench.data import DATASETS
from ganbench.data.names import is_own, split
from ganbench.dataset import Dataset, NetworkKind
from ganbench.errors import BadInput
from ganbench.metrics import METRICS
from ganbench.records.record import Weights
from ganbench.training import registry
from ganbench.training.backends import BACKEND_NAMES

MOST_SEED = 1 << 63  # seeds are 64 bits
SHARED = registry.field_names(Baseline)  # fields that every baseline has

Metrics = tuple[str, ...] | Literal["all"]
OWN_METRICS = ("fid", "kid", "precision", "recall", "density", "coverage", "authenticity")  # on one's own data
BUDGETS = {"tiny": (0.2, 2), "standard": (1.0, 0), "full": (4.0, 10)}  # share of the steps, number of seeds


@dataclass(frozen=True)
class Budget:
    """What differs from the suite's plan on one data set; 0 or nothing leaves it as it is."""

    steps: int = 0
    batch: int = 0
    samples: int = 0
    seeds: tuple[int, ...] = ()
    baselines: tuple[str, ...] | Literal["all"] = ()
    backend: str = ""


@dataclass(frozen=True)
class Rung:
    """One round of a search by successive halving: a share of the steps for every trial, and how many then go on."""

    steps: float
    keep: int


@dataclass(frozen=True)
class Suite:
    """A grid of baselines, data sets and seeds, and the plan for its cells.

    ``metrics`` and ``watch`` are the same for all data sets, or a table with one entry each. ``plan`` holds budgets by
    data set. ``backend`` is how updates are executed; "auto" compiles where it pays.

    Data sets ``if_at_hand`` are taken too where they need no download. A suite's file may name another that it
    ``extends``: what it does not set is as there.

    ``settings`` holds fields of baselines by data set, and by baseline within it; ``inherit`` names a file of the
    package with more, which count below these. A data set without any takes those of the one that ``like`` names.
    ``trials`` says by data set and baseline how many settings were tried before those were chosen.

    ``networks``, ``width`` and ``depth`` choose the shared networks for each data set whose settings do not; where they
    have no effect on a baseline, or such networks do not fit the data, nothing changes.

    ``search`` holds lists of values for fields: shared ones, over them those of a data set, of a family, of its member;
    every combination is a trial. ``rungs`` make it successive halving: all trials are trained for the first rung's
    share of the steps, the best of a baseline on a data set for the second's, and so on; which are best is the
    ``objective``'s mean over the seeds.

    Of every seed ``sets`` sets of ``samples`` samples are scored against each of ``references`` draws of the reference
    (``scoring.reference``), for each kind of ``weights``: that tells how much a score owes to training, to sampling
    and to the reference. A record holds the losses at ``points`` places of training, the watched metric there, and a
    few ``examples`` of samples unless that is false.

    ``added`` are further baselines on every data set that they support, ``without`` those that "all" leaves out.
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
    backend: str = "auto"
    watch: str | dict[str, str] = ""
    if_at_hand: tuple[str, ...] = ()
    networks: NetworkKind = "auto"
    width: int = 0
    depth: int = 0
    inherit: str = ""
    like: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    trials: dict[str, dict[str, int]] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    rungs: tuple[Rung, ...] = ()
    objective: str | dict[str, str] = ""
    plan: dict[str, Budget] = field(default_factory=dict)
    sets: int = 1
    references: int = 1
    weights: tuple[Weights, ...] = ("average",)
    points: int = 20
    examples: bool = True
    added: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("baselines", "datasets", "seeds"):
            if not getattr(self, name):
                raise BadInput(f"suite {self.name}: {name} must not be empty")
        if len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise BadInput(f"suite {self.name}: seeds must be different and not negative, got {list(self.seeds)}")
        if max(self.seeds) >= MOST_SEED:
            raise BadInput(f"suite {self.name}: seeds must be below 2**63, got {max(self.seeds)}")
        if not self.weights or len(set(self.weights)) < len(self.weights):
            raise BadInput(f"suite {self.name}: weights must be one or both of average, last; got {list(self.weights)}")
        for name in ("steps", "samples", "batch", "sets", "references", "points"):
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("width", "depth"):
            if getattr(self, name) < 0:
                raise BadInput(f"{name} must be 0 (the usual number) or more, got {getattr(self, name)}")
        for budget in self.plan.values():
            if min(budget.steps, budget.batch, budget.samples, *budget.seeds, 0) < 0:
                raise BadInput(f"suite {self.name}: a plan's numbers must not be negative, got {asdict(budget)}")
        self.check_rungs()
        self.check_names()

    def check_rungs(self) -> None:
        """Raise BadInput for rungs that are not in order, or without anything to search over or to choose by."""
        shares, kept = [rung.steps for rung in self.rungs], [rung.keep for rung in self.rungs]
        if shares != sorted(set(shares)) or any(not 0 < share <= 1 for share in shares):
            raise BadInput(f"suite {self.name}: rungs: steps must be growing shares in (0, 1], got {shares}")
        if kept != sorted(kept, reverse=True) or any(keep < 1 for keep in kept):
            raise BadInput(f"suite {self.name}: rungs: keep must be at least 1 and never grow, got {kept}")
        if self.rungs and not (self.search and self.objective):
            raise BadInput(f"suite {self.name}: rungs need a search and an objective")

    def check_names(self) -> None:
        """Raise UnknownName for a data set, metric, baseline or shared field that does not exist; opens no file."""
        tables: list[Mapping[str, Any]] = [self.settings, self.trials, self.plan]
        tables += [x for x in (self.metrics, self.watch, self.objective) if isinstance(x, dict)]
        per_dataset = [name for table in tables for name in table]
        backends = [self.backend, *(budget.backend for budget in self.plan.values() if budget.backend)]
        check_names("backend", backends, BACKEND_NAMES)
        check_names("baseline", map(registry.canonical, self.without), registry.everyone())
        datasets = [*self.datasets, *self.if_at_hand, *per_dataset, *self.like, *self.like.values()]
        check_names("dataset", (split(name)[0] for name in datasets if not is_own(name)), DATASETS)
        named = self.shared_metrics() + [name for dataset in per_dataset for name in self.own_metrics(dataset)]
        check_names("metric", (name for name in named if not is_path(name)), METRICS)
        searched = {name: own for name, own in self.search.items() if split(name)[0] in DATASETS}
        everywhere = {name: own for name, own in self.search.items() if name not in searched}
        for table in (*self.settings.values(), everywhere, *searched.values()):
            shared = [name for name, value in table.items() if not isinstance(value, dict)]
            check_names("field of every baseline", shared, SHARED)
            owners = [name for name in table if name not in shared]
            check_names("baseline", [file_split(name)[0] for name in owners if not is_path(name)], registry.names())
            for name in owners:
                registry.ordered(name)  # raises for a regulariser that there is not

    def on(self, table: Mapping[str, Any], dataset: str) -> Any:
        """Return a table's entry for a data set, under its full name or the name without settings, or None."""
        return table.get(dataset, table.get(split(dataset)[0]))

    def like_on(self, table: Mapping[str, Any], dataset: str) -> Any:
        """Return a table's entry for a data set, or for the one that it is like, or None."""
        entry = self.on(table, dataset)
        return entry or self.on(table, self.on(self.like, dataset) or "")

    def trials_on(self, dataset: str, baseline: str) -> int:
        """Return how many settings of a baseline were tried before those for a data set were chosen, 0 if none were."""
        table: dict[str, int] = self.like_on(self.trials, dataset) or {}
        counts = {registry.ordered(name): count for name, count in table.items()}
        return next((counts[name] for name in registry.names_of(baseline) if name in counts), 0)

    def metrics_on(self, dataset: str) -> Metrics:
        """Return the metrics asked for on a data set.

        On one that their table leaves out they are all that it mentions, on one's own data OWN_METRICS.
        """
        if not isinstance(self.metrics, dict):
            return self.metrics
        mentioned = tuple(name for names in self.metrics.values() if names != "all" for name in names)
        usual = OWN_METRICS if is_own(dataset) else mentioned
        entry: Metrics = self.on(self.metrics, dataset) or usual or "all"
        return entry

    def objective_on(self, dataset: str) -> str:
        """Return the metric that trials are chosen by on a data set, or nothing."""
        return self.objective if isinstance(self.objective, str) else self.on(self.objective, dataset) or ""

    def watch_on(self, dataset: str) -> str:
        """Return the metric that is watched on a data set, or nothing."""
        return self.watch if isinstance(self.watch, str) else self.on(self.watch, dataset) or ""

    def own_metrics(self, dataset: str) -> list[str]:
        """Return metrics that are asked of this data set by name."""
        names = (self.on(self.metrics, dataset) or ()) if isinstance(self.metrics, dict) else ()
        special = [self.on(table, dataset) for table in (self.watch, self.objective) if isinstance(table, dict)]
        return [*(() if names == "all" else names), *filter(None, special)]

    def shared_metrics(self) -> list[str]:
        """Return metrics that are asked of all data sets."""
        names = self.metrics if isinstance(self.metrics, tuple) else ()
        return [*names, *(name for name in (self.watch, self.objective) if isinstance(name, str) and name)]

    def settings_for(self, data: Dataset, baseline: str) -> dict[str, Any]:
        """Return the fields that the suite sets: shared ones, over them those of the family, then the member's.

        A shared one that has no effect on a baseline is left out; raises BadInput where one of its own has none.
        """
        table: dict[str, Any] = self.like_on(self.settings, data.name) or {}
        usual = {name: getattr(self, name) for name in registry.NETWORK}
        chosen = {name: value for name, value in usual.items() if value not in ("auto", 0)}
        shared = chosen | {name: value for name, value in table.items() if not isinstance(value, dict)}
        return registry.effective_settings(baseline, shared, own_entries(table, baseline), data)

    def choices(self, data: Dataset, baseline: str) -> list[dict[str, Any]]:
        """Return the settings to train with: those of the suite, under every combination of what is searched over."""
        settings = self.settings_for(data, baseline)
        return [settings | point for point in self.combinations(baseline, data.name)]

    def combinations(self, baseline: str, dataset: str) -> list[dict[str, Any]]:
        """Return every combination of what is searched over for a baseline; nothing searched over is one point."""
        tables = [self.search, self.on(self.search, dataset) or {}]
        lists = {name: values for table in tables for name, values in table.items() if not isinstance(values, dict)}
        for table in tables:
            lists |= own_entries(table, baseline)
        for name, values in lists.items():
            if not isinstance(values, list) or not values:
                raise BadInput(f"suite {self.name}: search: {name} must be a list of values, got {values!r}")
        return [dict(zip(lists, point, strict=True)) for point in product(*lists.values())]

    def budget(self, dataset: str) -> dict[str, int]:
        """Return steps, batch and samples on a data set."""
        special = self.on(self.plan, dataset) or Budget()
        return {name: getattr(special, name) or getattr(self, name) for name in ("steps", "batch", "samples")}

    def baselines_on(self, dataset: str) -> tuple[str, ...] | Literal["all"]:
        """Return the baselines on a data set."""
        special: Budget = self.on(self.plan, dataset) or Budget()
        return special.baselines or self.baselines

    def seeds_on(self, dataset: str) -> tuple[int, ...]:
        """Return the seeds on a data set."""
        special: Budget = self.on(self.plan, dataset) or Budget()
        return special.seeds or self.seeds

    def backend_on(self, dataset: str) -> str:
        """Return how updates are executed on a data set."""
        special: Budget = self.on(self.plan, dataset) or Budget()
        return special.backend or self.backend

    def with_steps(self, share: float) -> Suite:
        """Return the suite with that share of its steps on all data sets, at least one."""

        def part(steps: int) -> int:
            return max(1, round(share * steps)) if steps else 0

        plan = {name: replace(budget, steps=part(budget.steps)) for name, budget in self.plan.items()}
        return replace(self, steps=part(self.steps), plan=plan)


def with_budget(suite: Suite, budget: str) -> Suite:
    """Return the suite at another scale, under another name; raises UnknownName.

    "tiny" makes a fifth of the steps with two seeds, which is too few to be ranked, and scores one set of samples;
    "full" makes four times the steps with ten seeds; "standard" is the suite as it is.
    """
    check_names("budget", [budget], BUDGETS)
    if budget == "standard":
        return suite
    share, count = BUDGETS[budget]
    scaled, seeds = suite.with_steps(share), tuple(range(count))
    plan = {name: replace(each, seeds=seeds if each.seeds else ()) for name, each in scaled.plan.items()}
    scaled = replace(scaled, sets=1, references=1) if budget == "tiny" else scaled
    return replace(scaled, name=f"{suite.name}-{budget}", seeds=seeds, plan=plan)


def own_entries(table: Mapping[str, Any], baseline: str) -> dict[str, Any]:
    """Return what a table holds for a baseline: for its family, over that for the member, under any of its names."""
    entries: dict[str, Any] = dict(table.get(file_split(baseline)[0], {}))
    tables = {registry.ordered(name): own for name, own in table.items() if isinstance(own, dict)}
    for name in registry.names_of(baseline):
        entries |= tables.get(name, {})
    return entries


@dataclass(frozen=True)
class Notes:
    """A suite of experiments on the claims of the notes, in their fast or their full form."""

    name: str
    question: str
    experiments: tuple[str, ...] | Literal["all"]
    form: Literal["fast", "full"]


@dataclass(frozen=True)
class Bundle:
    """Suites that run one after the other; with a ``ledger``, their numbers then stand beside published ones."""

    name: str
    question: str
    suites: tuple[str, ...]
    ledger: bool = False

    def __post_init__(self) -> None:
        if not self.suites:
            raise BadInput(f"suite {self.name}: suites must not be empty")


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
    samples: int  # in each set
    metrics: tuple[str, ...]
    watch: str
    sets: int
    references: int
    weights: tuple[Weights, ...]  # that samples are drawn from; of what is not trained, "average" alone
    points: int
    examples: bool
    guess: float  # very roughly, how many seconds it takes on one core
    by_content: bool = True  # whether rows are scored in the order of their content, as files are
    trials: int = 0  # how many settings were tried before these were chosen

    @property
    def title(self) -> str:
        """What the baseline is called in records and tables."""
        return registry.title(self.baseline)
