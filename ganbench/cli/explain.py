"""``ganbench explain``. What takes long to import is imported when it runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ganbench.cli.score import span_of, weights_of

N = 5000


@click.command()
@click.argument("samples", nargs=-1, required=True, metavar="SAMPLES | A.json B.json")
@click.option("--reference", help="What to compare with: images, or an npz of a mean and a covariance.")
@click.option("--from", "start", metavar="PROTOCOL", help="As --as of score; fields may differ: clean-fid(jpeg=90).")
@click.option("--to", "end", metavar="PROTOCOL", help="The other one.")
@click.option("--features", help="One network for both, such as random_conv, which needs no weights.")
@click.option("--n", default=N, show_default=True, help="Samples, and images of the reference, at most.")
@click.option(
    "--weights",
    multiple=True,
    metavar="FILE|NETWORK=FILE",
    callback=weights_of,
    help="The file of the network's published weights; one for each network.",
)
@click.option("--trust-weights", is_flag=True, help="Take --weights for what they are.")
@click.option("--download", is_flag=True, help="Permit fetching the weights.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.")
@click.option("--span", callback=span_of, metavar="BLACK,WHITE", help="Black and white of floats.")
@click.option("--key", default="", help="Which array of a file with several.")
@click.option("--reference-key", default="", help="Which array of the reference.")
@click.option("--recompute", is_flag=True, help="Of two reports: take the steps that can be taken, with --reference.")
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw the waterfall there (.png).")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there instead of to the screen.")
def explain(
    samples: tuple[str, ...],
    reference: str | None,
    start: str | None,
    end: str | None,
    features: str | None,
    n: int,
    weights: Path | dict[str, Path] | None,
    trust_weights: bool,
    download: bool,
    data: Path | None,
    span: tuple[float, float] | None,
    key: str,
    reference_key: str,
    recompute: bool,
    figure: Path | None,
    form: str,
    out: Path | None,
) -> None:
    """Say why two numbers differ: from one protocol to another on the same samples, or between two reports."""
    from ganbench.cli.score_progress import progress_bars  # noqa: PLC0415
    from ganbench.io import Reading  # noqa: PLC0415
    from ganbench.scoring import explain as explaining  # noqa: PLC0415
    from ganbench.scoring import report_difference  # noqa: PLC0415
    from ganbench.scoring.api import Options  # noqa: PLC0415

    if len(samples) == 2 and all(each.lower().endswith(".json") for each in samples):
        difference = report_difference.difference(*map(Path, samples))
        if not recompute:
            written(difference.to_dict(), report_difference.as_text(difference), form, out)
            return
        click.echo(report_difference.as_text(difference), err=True, nl=False)
        known = difference.recomputable()
        given, reference, start, end = known.samples, reference or known.reference, known.start, known.end
        features = features or known.features
    else:
        given = one(samples, reference, start, end)
    with progress_bars() as (progress, _):
        options = Options(
            reading=Reading("", span, key),
            reference_reading=Reading("", None, reference_key, key),
            weights=weights,
            trust_weights=trust_weights,
            download=download,
            data=data,
            progress=progress,
        )
        explanation = explaining.explain(
            given,
            reference,
            str(start),
            str(end),
            features=features,
            n=n,
            options=options,
            progress=lambda line: click.echo(line, err=True),
        )
    if figure:
        from ganbench.report.waterfall import draw  # noqa: PLC0415

        click.echo(f"picture: {draw(explanation, figure)}", err=True)
    written(explanation.to_dict(), explaining.as_text(explanation), form, out)


def one(samples: tuple[str, ...], reference: str | None, start: str | None, end: str | None) -> str:
    """Return the one set of samples; raises UsageError where something is missing."""
    lacks = [
        option for option, value in (("--reference", reference), ("--from", start), ("--to", end)) if value is None
    ]
    if lacks:
        raise click.UsageError(f"missing {', '.join(lacks)}; or give two reports of score as A.json B.json")
    if len(samples) != 1:
        raise click.UsageError(f"expected one set of samples, got {len(samples)}")
    return samples[0]


def written(content: dict[str, object], text: str, form: str, out: Path | None) -> None:
    """Print, or write whole or not at all."""
    from ganbench._util.files import write_text  # noqa: PLC0415

    shown = json.dumps(content, indent=1, allow_nan=False) + "\n" if form == "json" else text
    if out is None:
        click.echo(shown, nl=False)
    else:
        write_text(out, shown)
