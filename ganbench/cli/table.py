"""``ganbench table``: the tables of a results folder again, from its records."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
def table(results: Path) -> None:
    """Write the tables of a results folder again, from its records."""
    click.get_current_context().exit(tabulate(results))


def tabulate(folder: Path) -> int:
    """Write the table files of a results folder again and show the comparison; return the exit code."""
    from ganbench.cli.terminal import say, terminal  # noqa: PLC0415
    from ganbench.errors import Missing  # noqa: PLC0415
    from ganbench.records.store import Store, is_of_experiments  # noqa: PLC0415

    store, console = Store(folder), terminal()
    if not store.path.exists():
        inside = [path.parent.name for path in sorted(folder.glob("*/records.jsonl"))]
        hint = f"; in it are {', '.join(inside)}" if inside else ""
        raise Missing(f"{folder}: no records.jsonl here{hint}")
    if is_of_experiments(folder):
        from ganbench.cli import notes_run  # noqa: PLC0415

        return notes_run.tabulate(console, folder)
    from ganbench.tables import show, write  # noqa: PLC0415

    records = store.selected()
    console.print(show(records))
    say(console, f"tables: {', '.join(map(str, write(records, folder)))}")
    return 0
