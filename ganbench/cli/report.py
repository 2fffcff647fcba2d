"""``ganbench report``: a results folder as one HTML file. What takes long to import is imported when it runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganbench.cli.complete import results as folders

if TYPE_CHECKING:
    from ganbench.records.record import Record, Weights


@click.command()
@click.argument("results", type=click.Path(path_type=Path), shell_complete=folders)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file.  [default: RESULTS/report.html]"
)
@click.option(
    "--figures",
    type=click.Choice(("png", "svg", "pdf")),
    help="Write the pictures so too, beside the page.",
)
@click.option("--open", "opened", is_flag=True, help="Show it in the browser.")
@click.option(
    "--weights",
    type=click.Choice(("average", "last")),
    help="Whose samples: of generators averaged over the steps, or of the last step.  [default: average, if scored]",
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.  [default: data]"
)
def report(
    results: Path, out: Path | None, figures: str | None, opened: bool, weights: Weights | None, data: Path | None
) -> None:
    """Write a results folder as one HTML file that needs nothing else: answer, tables, curves, samples, provenance."""
    from ganbench._util.files import write_text  # noqa: PLC0415
    from ganbench.cli.table import check_weights, store_of  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.records.store import is_of_experiments  # noqa: PLC0415
    from ganbench.report import template  # noqa: PLC0415

    template.check()
    store = store_of(results)
    if is_of_experiments(results):
        raise BadInput(f"{results}: experiments of notes have a page of their own, atlas.md; expected a run's results")
    from ganbench.report.page import Page  # noqa: PLC0415

    records = store.selected()
    if not records:
        raise BadInput(f"{results}: there is no record in records.jsonl, so there is nothing to show")
    check_weights(records, results, weights)
    suite, question = asked(results)
    path = write_text(out or results / "report.html", Page(results, records, suite, question, data, weights).html())
    click.echo(f"page: {path} ({path.stat().st_size / 1e6:.1f} MB)")
    if figures:
        drawn = draw(records, results, path.parent, figures, data)
        click.echo(f"pictures: {', '.join(map(str, drawn)) or 'none, for there is nothing to draw'}")
    if opened:
        show(path)


def draw(records: Sequence[Record], results: Path, folder: Path, form: str, data: Path | None) -> list[Path]:
    """Draw curves, intervals and an overview of samples; raises BadInput where they cannot be written."""
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.report import pictures  # noqa: PLC0415

    try:
        return [
            *pictures.curves(records, folder, form),
            *pictures.intervals(records, folder, form),
            *pictures.overview(records, results, data, form, folder),
        ]
    except OSError as error:
        raise BadInput(f"{folder}: pictures cannot be written there ({error.strerror})") from error


def asked(folder: Path) -> tuple[str, str]:
    """Return the suite that a folder is about, and its question; empty where nothing says which."""
    from ganbench._util.catalogue import facts  # noqa: PLC0415
    from ganbench.records.store import SELECTION  # noqa: PLC0415

    try:
        known = json.loads((folder / SELECTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return folder.name, ""
    suite = str(known.get("suite", folder.name))
    return suite, str(known.get("question") or facts("suites", suite).get("question", ""))


def show(path: Path) -> None:
    """Open a file in the browser, or say that there is none."""
    import webbrowser  # noqa: PLC0415

    if not webbrowser.open(path.resolve().as_uri()):
        click.echo(f"no browser could be started; the page is {path.resolve()}", err=True)
