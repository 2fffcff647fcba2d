"""``ganbench score``. What takes long to import is imported when it runs."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli.cache import usual_cache
from ganbench.cli.complete import of, splits
from ganbench.cli.elsewhere import elsewhere, executor_options, is_first, shared

if TYPE_CHECKING:
    from ganbench.scoring.report import Report

FORMATS = ("table", "json", "csv", "markdown", "latex", "eval-results")


def span_of(
    _context: click.Context, _option: click.Parameter, text: str | tuple[float, float] | None
) -> tuple[float, float] | None:
    """Return the values of black and white: two numbers with a comma between."""
    if text is None or isinstance(text, tuple):
        return text
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"expected black and white such as -1,1, got {text!r}") from error
    if not 0 < high - low < float("inf"):
        raise click.BadParameter(f"expected a smaller and a larger number, got {text!r}")
    return low, high


def weights_of(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> Path | dict[str, Path] | None:
    """Return the file that is named, or one for each network: NETWORK=FILE."""
    if not given:
        return None
    if len(given) == 1 and ("=" not in given[0] or Path(given[0]).exists()):
        return Path(given[0])
    pairs = [text.partition("=") for text in given]
    for text, (network, sign, file) in zip(given, pairs, strict=True):
        if not (network and sign and file):
            raise click.BadParameter(f"expected NETWORK=FILE for each of several, got {text!r}")
    return {network: Path(file) for network, _, file in pairs}


def hub_name_of(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """Return the name of a data set on the Hub: an owner and a name with a slash between."""
    if given is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", given, re.ASCII):
        raise click.BadParameter(f"expected OWNER/NAME, got {given!r}")
    return given


@click.command()
@click.argument("samples", nargs=-1, required=True, shell_complete=splits)
@click.option(
    "--reference", required=True, shell_complete=splits, help="What to compare with: as SAMPLES, or a data set's name."
)
@click.option("--train", help="What the generator was trained on, for metrics of copying.")
@click.option(
    "--metrics",
    default="",
    shell_complete=of("metrics", "all", commas=True),
    help="Names with commas between, or all.  [default: the usual ones]",
)
@click.option("--slow", is_flag=True, help="Let all hold the metrics that take many times as long as the others.")
@click.option(
    "--features", shell_complete=of("features"), help="An extractor's name, FILE.py:FUNCTION or a TorchScript file."
)
@click.option(
    "--as",
    "protocol",
    metavar="PROTOCOL",
    help="Give the numbers of another tool: pytorch-fid, clean-fid, torch-fidelity, adm, edm, edm2, stylegan3, ...",
)
@click.option(
    "--weights",
    multiple=True,
    metavar="FILE|NETWORK=FILE",
    callback=weights_of,
    help="The file of the extractor's published weights; one for each network of a protocol.",
)
@click.option(
    "--trust-weights", is_flag=True, help="Take --weights for what they are: a copy in another format, a tuned network."
)
@click.option("--download", is_flag=True, help="Permit fetching the weights.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.  [default: data]"
)
@click.option(
    "--layout",
    type=click.Choice(("NHWC", "NCHW"), case_sensitive=False),
    metavar="NHWC|NCHW",
    help="Axes of arrays of images, where they do not say.",
)
@click.option(
    "--span",
    callback=span_of,
    metavar="BLACK,WHITE",
    help="Black and white of floats and of more than 8 bits, where they do not say it: -1,1 or 0,4095.",
)
@click.option(
    "--reference-span", callback=span_of, metavar="BLACK,WHITE", help="Those of the reference.  [default: as --span]"
)
@click.option("--key", default="", help="Which array of a file with several.")
@click.option("--reference-key", default="", help="Which array of the reference.  [default: as --key, if it has it]")
@click.option("--train-key", default="", help="Which array of --train.  [default: as --key, if it has it]")
@click.option("--skip-broken", is_flag=True, help="Go on without files that cannot be decoded.")
@click.option("--controls", is_flag=True, help="Add the floor (real data) and the ceilings (bad samples).")
@click.option("--intervals", is_flag=True, help="Add 95 % intervals over the samples; ten times the work.")
@click.option("--figures", type=click.Path(path_type=Path), help="Folder for pictures.")
@click.option(
    "--figure-format", type=click.Choice(("png", "svg", "pdf")), default="png", show_default=True, help="Of pictures."
)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page there too, one HTML file.")
@click.option("--format", "form", type=click.Choice(FORMATS, case_sensitive=False), default="table", show_default=True)
@click.option(
    "--dataset-id",
    metavar="OWNER/NAME",
    callback=hub_name_of,
    help="Of eval-results: what the benchmark is called on the Hub.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there instead of to the screen.")
@click.option("--strict", is_flag=True, help="Exit with 1 where there is a warning.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the feature cache.")
@executor_options
def score(
    samples: tuple[str, ...],
    reference: str,
    train: str | None,
    metrics: str,
    slow: bool,
    features: str | None,
    protocol: str | None,
    weights: Path | dict[str, Path] | None,
    trust_weights: bool,
    download: bool,
    data: Path | None,
    layout: Any,
    span: tuple[float, float] | None,
    reference_span: tuple[float, float] | None,
    key: str,
    reference_key: str,
    train_key: str,
    skip_broken: bool,
    controls: bool,
    intervals: bool,
    figures: Path | None,
    figure_format: str,
    html: Path | None,
    form: str,
    dataset_id: str | None,
    out: Path | None,
    strict: bool,
    no_cache: bool,
    **where: Any,
) -> None:
    """Compare samples with a reference: folders, archives, arrays, data sets, cells of earlier runs.

    Exit codes: 0 done, 1 a warning under --strict, 2 the request was wrong.
    """
    from ganbench.cli.score_progress import progress_bars  # noqa: PLC0415
    from ganbench.io import Reading  # noqa: PLC0415
    from ganbench.scoring import api  # noqa: PLC0415

    if (form == "eval-results") != (dataset_id is not None):
        raise click.UsageError("--format eval-results and --dataset-id OWNER/NAME go together")
    if html:
        from ganbench.report import template  # noqa: PLC0415

        template.check()
    with (
        elsewhere(**where) as away,
        progress_bars(lines="all" in metrics.split(","), quiet=not is_first(away)) as (progress, metric_progress),
    ):
        options = api.Options(
            train=train,
            reading=Reading(layout or "", span, key),
            reference_reading=Reading(layout or "", reference_span, reference_key, key),
            train_reading=Reading(layout or "", None, train_key, key),
            weights=weights,
            trust_weights=trust_weights,
            download=download,
            data=data,
            skip_broken=skip_broken,
            controls=controls,
            intervals=intervals,
            cache=None if no_cache else shared(usual_cache(), away),
            slow=slow,
            progress=progress,
            metric_progress=metric_progress,
            costs=metric_progress.costs,
            elsewhere=away,
        )
        report = api.score(
            list(samples), reference, metrics=metrics, features=features, protocol=protocol, options=options
        )
        if not is_first(away):
            return
        if figures:
            draw(report, figures, figure_format)
        if html:
            from ganbench.report import score_page  # noqa: PLC0415

            click.echo(f"page: {score_page.write(report, html)}", err=True)
    show(report, form, out, dataset_id)
    click.get_current_context().exit(1 if strict and report.warnings else 0)


def command() -> str:
    """Return the command as it was typed."""
    return shlex.join(["ganbench", *sys.argv[1:]])


def draw(report: Report, folder: Path, form: str) -> None:
    """Draw the pictures and say where they are; raises BadInput where they cannot be written."""
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.report import score_figures  # noqa: PLC0415

    try:
        paths = score_figures.draw(report, folder, form)
    except OSError as error:
        raise BadInput(f"{folder}: pictures cannot be written there ({error.strerror})") from error
    click.echo(f"pictures: {', '.join(map(str, paths))}", err=True)


def show(report: Report, form: str, out: Path | None, dataset_id: str | None = None) -> None:
    """Print a report, or write it whole or not at all; raises BadInput where it cannot be written."""
    from ganbench._util.files import write_text  # noqa: PLC0415
    from ganbench._util.machine import here  # noqa: PLC0415
    from ganbench.scoring import report as reports  # noqa: PLC0415

    if out is None and form == "table":
        reports.print_out(report)
    else:
        if dataset_id:
            text = reports.as_eval_results(report, dataset_id)
        elif form == "json":
            text = reports.as_json(report, {"command": command(), **here("auto")})
        else:
            text = reports.FORMATS[form](report)
        if out is None:
            click.echo(text, nl=False)
        else:
            write_text(out, text)
    if out is not None or form == "csv":  # which has no place for what is said below a table
        for line in [*report.notes, *report.warnings]:
            click.echo(str(line), err=True)
