"""What there is to choose from: a table for each kind of thing."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from ganbench import roster
from ganbench.data import DATASETS, load
from ganbench.dataset import Dataset
from ganbench.errors import Missing
from ganbench.experiments import EXPERIMENTS
from ganbench.experiments import load as load_experiment
from ganbench.features import EXTRACTORS
from ganbench.metrics import METRICS
from ganbench.suite import Notes
from ganbench.suites import names, shipped
from ganbench.train import Plan


def baselines() -> Table:
    """Return names, papers, what they are in a line, and the data that they play on."""
    table = Table("name", "paper", "what it is", "plays on", title="baselines")
    datasets = [dataset for name in DATASETS if (dataset := at_hand(name))]
    for name in roster.names():
        cls = roster.load(name)
        baseline = cls()
        willing = [each.name for each in datasets if not baseline.refuses(each.space, Plan(1).batch)]
        members = cls.members[1]
        shown = f"{name}:{'|'.join(members)}" if members else name
        table.add_row(shown, cls.paper, roster.summary(cls), ", ".join(willing))
    return table


def at_hand(name: str) -> Dataset | None:
    """Return a data set if its files are here."""
    try:
        return load(name, download=False)
    except Missing:
        return None


def datasets() -> Table:
    """Return names, settings that may follow them, and what they hold."""
    table = Table("name", "settings", "what it is", title="datasets")
    for name, entry in DATASETS.items():
        table.add_row(name, ", ".join(f"{field}={value}" for field, value in entry.settings.items()), entry.summary)
    return table


def metrics() -> Table:
    """Return names, which way is better, papers and what they measure."""
    table = Table("name", "better", "ideal", "paper", "what it is", title="metrics")
    for name, metric in METRICS.items():
        table.add_row(
            name, metric.better, "" if metric.ideal is None else f"{metric.ideal:g}", metric.paper, metric.summary
        )
    return table


def features() -> Table:
    """Return names of extractors and what they look at."""
    table = Table("name", "what it is", title="features")
    for name, entry in EXTRACTORS.items():
        table.add_row(name, entry.summary)
    return table


def suites() -> Table:
    """Return names of suites and the questions that they ask."""
    table = Table("name", "question", "baselines", "datasets", title="suites")
    for name in names():
        each = shipped(name)
        if isinstance(each, Notes):
            table.add_row(name, each.question, f"experiments: {each.experiments}", each.form)
            continue
        players = each.baselines if isinstance(each.baselines, str) else ", ".join(each.baselines)
        table.add_row(name, each.question, players, ", ".join(each.datasets))
    return table


def experiments() -> Table:
    """Return names of experiments and the claims that they put to the test."""
    table = Table("name", "claims", title="experiments")
    for name in EXPERIMENTS:
        table.add_row(name, "\n".join(f"{claim.says} ({claim.note})" for claim in load_experiment(name).claims))
    return table


KINDS: dict[str, Callable[[], Table]] = {
    "baselines": baselines,
    "datasets": datasets,
    "metrics": metrics,
    "features": features,
    "suites": suites,
    "experiments": experiments,
}


def show(console: Console, kind: str | None) -> None:
    """Print the table of one kind, or of all."""
    for name, table in KINDS.items():
        if kind in {None, name}:
            console.print(table())
