"""``ganbench verify``. What takes long to import is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganbench.cli.cache import usual_cache
from ganbench.cli.score import span_of, weights_of


@click.command()
@click.argument("report", type=click.Path(path_type=Path))
@click.argument("samples", nargs=-1, required=True)
@click.option("--reference", help="Where the reference lies here.  [default: as the report names it]")
@click.option("--train", help="What the generator was trained on, for metrics of copying.")
@click.option("--tolerance", default=1e-9, show_default=True, help="Relative difference that counts as none.")
@click.option("--weights", multiple=True, metavar="FILE|NETWORK=FILE", callback=weights_of, help="As for score.")
@click.option("--trust-weights", is_flag=True, help="As for score.")
@click.option("--download", is_flag=True, help="Permit fetching the weights.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.")
@click.option("--layout", type=click.Choice(("NHWC", "NCHW"), case_sensitive=False), help="Axes of arrays of images.")
@click.option("--span", callback=span_of, metavar="BLACK,WHITE", help="Black and white of floats.")
@click.option("--reference-span", callback=span_of, metavar="BLACK,WHITE", help="Those of the reference.")
@click.option("--key", default="", help="Which array of a file with several.")
@click.option("--reference-key", default="", help="Which array of the reference.")
@click.option("--skip-broken", is_flag=True, help="Go on without files that cannot be decoded.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the feature cache.")
def verify(
    report: Path,
    samples: tuple[str, ...],
    reference: str | None,
    train: str | None,
    tolerance: float,
    data: Path | None,
    weights: Path | dict[str, Path] | None,
    download: bool,
    trust_weights: bool,
    layout: Any,
    span: tuple[float, float] | None,
    reference_span: tuple[float, float] | None,
    key: str,
    reference_key: str,
    skip_broken: bool,
    no_cache: bool,
) -> None:
    """Compute a report of score again from the samples, and say what differs.

    Exit codes: 0 everything is the same, 1 something differs, 2 the request was wrong.
    """
    from ganbench.cli.score_progress import progress_bars  # noqa: PLC0415
    from ganbench.io import Reading  # noqa: PLC0415
    from ganbench.scoring import verify as verifying  # noqa: PLC0415
    from ganbench.scoring.api import Options  # noqa: PLC0415
    from ganbench.scoring.report_difference import read_report  # noqa: PLC0415

    content = read_report(report)
    with progress_bars() as (progress, _):
        options = Options(
            train=train,
            reading=Reading(layout or "", span, key),
            reference_reading=Reading(layout or "", reference_span, reference_key, key),
            weights=weights,
            trust_weights=trust_weights,
            download=download,
            data=data,
            skip_broken=skip_broken,
            cache=None if no_cache else usual_cache(),
            progress=progress,
        )
        checks = verifying.verify(content, list(samples), reference, tolerance=tolerance, options=options)
    values = frozenset(str(each["metric"]) for row in content["rows"] for each in row["scores"])
    click.echo(verifying.as_text(checks, values), nl=False)
    click.get_current_context().exit(int(not all(each.same for each in checks)))
