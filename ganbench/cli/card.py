"""``ganbench card``. What takes long to import is imported when it runs."""

from __future__ import annotations

from pathlib import Path

import click

from ganbench.cli.cache import usual_cache


@click.command()
@click.argument("samples")
@click.option("--reference", required=True, help="What to compare with; half of it at most is held out.")
@click.option("--train", help="What the generator was trained on, for memorisation.")
@click.option("--features", default="", help="Two encoders with a comma between.  [default: the usual ones]")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of data sets.  [default: data]")
@click.option("--figure", type=click.Path(path_type=Path, dir_okay=False), help="Draw the card there, as a PNG.")
@click.option(
    "--format", "form", type=click.Choice(("table", "json"), case_sensitive=False), default="table", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write there, not to the screen.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything is warned of.")
@click.option("--no-cache", is_flag=True, help="Keep no features, and use none that were kept.")
def card(
    samples: str,
    reference: str,
    train: str | None,
    features: str,
    data: Path | None,
    figure: Path | None,
    form: str,
    out: Path | None,
    strict: bool,
    no_cache: bool,
) -> None:
    """Show on one screen how good SAMPLES are: fidelity, diversity, memorisation, each beside held-out reals.

    Exit codes: 0 done, 1 a warning under --strict, 2 the request was wrong.
    """
    from ganbench._util.files import write_text  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.scoring import card as cards  # noqa: PLC0415
    from ganbench.scoring.api import Options  # noqa: PLC0415

    if figure and figure.suffix.lower() != ".png":
        raise BadInput(f"{figure}: expected a name that ends in .png")
    names = [name.strip() for name in features.split(",") if name.strip()]
    options = Options(train=train, data=data, cache=None if no_cache else usual_cache())
    made = cards.card(samples, reference, features=names or None, options=options)
    if figure:
        from ganbench.report import card as picture  # noqa: PLC0415

        try:
            picture.draw(made, figure)
        except OSError as error:
            raise BadInput(f"{figure}: cannot be written ({error.strerror})") from error
    text = made.to_json() if form == "json" else str(made)
    if out:
        write_text(out, text)
    else:
        click.echo(text, nl=False)
    click.get_current_context().exit(1 if strict and made.warnings else 0)
