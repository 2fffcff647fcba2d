"""``ganbench list``: what there is to choose from, a table for each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganbench._util.catalogue import KINDS, catalogue

if TYPE_CHECKING:
    from rich.table import Table

    from ganbench._util.catalogue import Facts

COLUMNS = {
    "baselines": ("name", "paper", "what it is", "supports"),
    "regularisers": ("name", "paper", "what it does", "fields"),
    "datasets": ("name", "settings", "what it is"),
    "metrics": ("name", "better", "ideal", "paper", "what it measures"),
    "features": ("name", "what it is"),
    "suites": ("name", "question", "baselines", "datasets"),
    "experiments": ("name", "claims"),
}


@click.command(name="list")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def list_(kind: str | None) -> None:
    """Show what there is to choose from."""
    from ganbench.cli.terminal import terminal  # noqa: PLC0415

    console = terminal()
    for each in [kind] if kind else KINDS:
        console.print(table(each))


def table(kind: str) -> Table:
    """Return the table of one kind."""
    from rich.table import Table  # noqa: PLC0415

    listed = Table(*COLUMNS[kind], title=kind)
    for name, facts in catalogue()[kind].items():
        listed.add_row(*cells(kind, name, facts))
    return listed


def cells(kind: str, name: str, facts: Facts) -> tuple[str, ...]:  # noqa: PLR0911  one for each kind
    """Return the cells of one row, in the order of COLUMNS."""
    if kind == "baselines":
        shown = f"{name}:{'|'.join(facts['members'])}" if facts["members"] else name
        return shown, facts["paper"], facts["summary"], ", ".join(facts["supports"])
    if kind == "regularisers":
        fields = ", ".join(f"{field}={value}" for field, value in facts["defaults"].items())
        return f"BASELINE+{name}", facts["paper"], facts["summary"], fields
    if kind == "datasets":
        settings = ", ".join(f"{field}={value}" for field, value in facts["settings"].items())
        return name, settings, facts["summary"]
    if kind == "metrics":
        ideal = "" if facts["ideal"] is None else f"{facts['ideal']:g}"
        return name, facts["better"], ideal, facts["paper"], facts["summary"]
    if kind == "suites":
        if "form" in facts:
            return name, facts["question"], f"experiments: {joined(facts['experiments'])}", facts["form"]
        if "suites" in facts:
            return name, facts["question"], f"suites: {joined(facts['suites'])}", ""
        return name, facts["question"], joined(facts["baselines"]), joined(facts["datasets"])
    return name, "\n".join(facts["claims"]) if kind == "experiments" else facts["summary"]


def joined(names: str | list[str]) -> str:
    """Return names with commas between; ``all`` stays as it is."""
    return names if isinstance(names, str) else ", ".join(names)
