"""``ganbench status``: who computes which cells of a results folder, since when, and what is left."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ganbench.runs.leases import Lease


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def status(results: Path, as_json: bool) -> None:
    """Show who computes which cells of a results folder, since when, and what is left. Writes nothing."""
    from ganbench.errors import Missing  # noqa: PLC0415
    from ganbench.records.store import Store, is_of_experiments  # noqa: PLC0415
    from ganbench.runs.leases import held  # noqa: PLC0415

    if not results.is_dir() or not ((results / "records.jsonl").exists() or (results / "leases").is_dir()):
        inside = [path.parent.name for path in sorted(results.glob("*/records.jsonl"))]
        raise Missing(f"{results}: no results here" + (f"; in it are {', '.join(inside)}" if inside else ""))
    if is_of_experiments(results):
        raise Missing(f"{results}: experiments of notes have no cells; ganbench table shows them")
    store = Store(results)
    known, leases = store.read(), held(results)
    keys = store.selection() or list(known)
    ended = Counter[str](known[key].status for key in keys if key in known)
    working = [lease for lease in leases if not lease.is_stale]
    lost = [lease for lease in leases if lease.is_stale]
    left = len(set(keys) - set(known) - {lease.key for lease in working})
    if as_json:
        click.echo(json.dumps(table(len(keys), ended, left, working, lost), indent=1))
        return
    parts = [f"{count} {name}" for name, count in sorted(ended.items())]
    click.echo(f"{len(keys)} cells: {', '.join([*parts, f'{len(working)} being computed', f'{left} to do'])}")
    for lease in working:
        click.echo(f"{lease.title}: {lease.owner}, last sign of life {max(0, lease.age):.0f} s ago")
    for lease in lost:
        click.echo(f"{lease.title}: {lease.owner}, which has ended or hangs; the next process takes it over")


def table(cells: int, ended: Counter[str], left: int, working: list[Lease], lost: list[Lease]) -> dict[str, object]:
    """Return the state of a results folder as plain data."""

    def plain(lease: Lease) -> dict[str, object]:
        owner = lease.owner
        facts = {"host": owner.host, "pid": owner.pid, "since": owner.since, "age": round(lease.age, 1)}
        return {"key": lease.key, "cell": lease.title} | facts

    groups = {"working": list(map(plain, working)), "lost": list(map(plain, lost))}
    return {"cells": cells, "ended": dict(ended), "to_do": left} | groups
