"""``ganbench table``: the tables of a results folder again, from its records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganbench.cli.complete import results as folders

if TYPE_CHECKING:
    from ganbench.records.record import Record, Weights
    from ganbench.records.store import Store

FORMATS = ("md", "csv", "latex", "html", "json")


@click.command()
@click.argument("results", type=click.Path(path_type=Path), shell_complete=folders)
@click.option("--all-rows", is_flag=True, help="Every row; by default ten, the best of each league and controls.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Print the tables so, and write no file.")
@click.option(
    "--weights",
    type=click.Choice(("average", "last")),
    help="Whose samples: of generators averaged over the steps, or of the last step.  [default: average, if scored]",
)
@click.option(
    "--generators", is_flag=True, help="Also write the generators of the best rows into RESULTS/generators; no table."
)
@click.option("--compare", metavar="FIELD", help="Rows that differ in steps, lr, weights, ... side by side; no file.")
def table(
    results: Path, all_rows: bool, form: str | None, weights: Weights | None, generators: bool, compare: str | None
) -> None:
    """Write the tables of a results folder again, from its records, and show them."""
    if generators:
        keep_generators(results, form or compare or weights or all_rows)
        return
    click.get_current_context().exit(tabulate(results, None if all_rows else 10, form, weights, compare))


def tabulate(
    folder: Path,
    most: int | None = 10,
    form: str | None = None,
    weights: Weights | None = None,
    compare: str | None = None,
) -> int:
    """Write the table files of a results folder again and show the comparison; return the exit code."""
    from ganbench.cli.terminal import say, terminal  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.records.store import is_of_experiments  # noqa: PLC0415

    store, console = store_of(folder), terminal()
    if is_of_experiments(folder):
        if form or compare or weights:
            raise BadInput(f"{folder}: experiments of notes have no --format, --compare or --weights")
        from ganbench.cli import notes_run  # noqa: PLC0415

        return notes_run.tabulate(console, folder)
    from ganbench.records.record import usual_weights  # noqa: PLC0415
    from ganbench.tables import Tables  # noqa: PLC0415

    records = list(store.read().values()) if compare else store.selected()
    check_weights(records, folder, weights)
    if compare:
        side_by_side(records, compare, most, form)
        return 0
    tables = Tables(records, most, weights)
    if form:
        click.echo(tables.text(form), nl=False)
        return 0
    console.print(tables.show())
    if weights in (None, usual_weights(records)):
        say(console, f"tables: {', '.join(map(str, tables.write(folder)))}")
    return 0


def keep_generators(folder: Path, others: object) -> None:
    """Write the generators of the best rows of a results folder; raises BadInput beside options of tables."""
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.records.store import is_of_experiments  # noqa: PLC0415

    store = store_of(folder)
    if others or is_of_experiments(folder):
        raise BadInput("--generators writes generators of trained rows, and no table: give it alone")
    from ganbench.runs.best_generators import keep  # noqa: PLC0415 it takes torch

    for path in keep(folder, store.selected()):
        click.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def store_of(folder: Path) -> Store:
    """Return the records of a results folder; raises Missing, with what lies inside, where there are none."""
    from ganbench.errors import Missing  # noqa: PLC0415
    from ganbench.records.store import Store  # noqa: PLC0415

    store = Store(folder)
    if not store.path.exists():
        inside = [path.parent.name for path in sorted(folder.glob("*/records.jsonl"))]
        hint = f"; in it are {', '.join(inside)}" if inside else ""
        raise Missing(f"{folder}: no records.jsonl here{hint}")
    return store


def side_by_side(records: Sequence[Record], field: str, most: int | None, form: str | None) -> None:
    """Show, or print in one of FORMATS, the rows with each value of a field."""
    from ganbench.cli.terminal import terminal  # noqa: PLC0415
    from ganbench.tables import export, printed  # noqa: PLC0415
    from ganbench.tables.markup import terminal as shown  # noqa: PLC0415
    from ganbench.tables.side_by_side import selections, tables_of  # noqa: PLC0415

    parts = selections(records, field)
    if form in ("csv", "json"):
        click.echo(export.compared(parts, field, form), nl=False)
    elif form:
        click.echo(printed(tables_of(parts, field, most), form), nl=False)
    else:
        terminal().print(*map(shown, tables_of(parts, field, most)))


def check_weights(records: Sequence[Record], folder: Path, weights: Weights | None) -> None:
    """Raise BadInput where scores are there, but none of these weights."""
    from ganbench.errors import BadInput  # noqa: PLC0415

    there = {scores.weights for record in records for scores in record.scores}
    if there and weights and weights not in there:
        raise BadInput(f"{folder}: no scores of {weights} weights, only of {', '.join(sorted(there))}")
