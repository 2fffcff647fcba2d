"""``ganbench golden``. What takes long to import is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from ganbench.cli.cache import usual_cache
from ganbench.cli.score import weights_of


@click.command()
@click.option("--only", help="Names of published numbers, with commas between.  [default: all]")
@click.option(
    "--weights", multiple=True, metavar="NETWORK=FILE", callback=weights_of, help="The file of a network's weights."
)
@click.option("--download", is_flag=True, help="Permit fetching the weights.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of CIFAR-10.  [default: data]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the results there as JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 where one could not be computed.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the feature cache.")
def golden(
    only: str | None,
    weights: Path | dict[str, Path] | None,
    download: bool,
    data: Path | None,
    out: Path | None,
    strict: bool,
    no_cache: bool,
) -> None:
    """Compute published scores of real data again, where weights and data are at hand; say what is missing.

    Exit codes: 0 none differs, 1 one differs (or is missing, under --strict), 2 the request was wrong.
    """
    from ganbench._util.names import check_names  # noqa: PLC0415
    from ganbench.cli.score_progress import progress_bars  # noqa: PLC0415
    from ganbench.scoring import golden as goldens  # noqa: PLC0415
    from ganbench.scoring.api import Options  # noqa: PLC0415

    names = [each.strip() for each in (only or "").split(",") if each.strip()]
    check_names("published number", names, [each.name for each in goldens.GOLDENS])
    chosen = [each for each in goldens.GOLDENS if not names or each.name in names]
    with progress_bars() as (progress, _):
        options = Options(
            weights=weights, download=download, data=data, cache=None if no_cache else usual_cache(), progress=progress
        )
        results = goldens.run(options, chosen, lambda text: click.echo(text, err=True))
    click.echo(goldens.as_text(results), nl=False)
    if out:
        goldens.record(results, out)
    bad = {"differs", *(["missing"] if strict else [])}
    click.get_current_context().exit(int(any(each.outcome in bad for each in results)))
