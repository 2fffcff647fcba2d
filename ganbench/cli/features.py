"""``ganbench features`` and ``ganbench merge``. What takes long to import is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganbench.cli.complete import of, splits
from ganbench.cli.elsewhere import elsewhere, executor_options, is_first
from ganbench.cli.score import span_of

KEEP = ("features", "statistics", "both")
FORMS = ("pytorch-fid", "adm", "edm")


@click.command()
@click.argument("samples", shell_complete=splits)
@click.option("--features", "name", required=True, shell_complete=of("features"), help="The extractor, as for score.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .safetensors file.")
@click.option("--shard", default="0/1", show_default=True, metavar="i/N", help="Which part of the images, from 0.")
@click.option("--keep", type=click.Choice(KEEP), default="features", show_default=True, help="What the file holds.")
@click.option("--colour", is_flag=True, help="Take grey images as colour, as beside a reference in colour.")
@click.option("--weights", type=click.Path(path_type=Path), help="The file of the extractor's published weights.")
@click.option("--trust-weights", is_flag=True, help="Take --weights for what they are.")
@click.option("--download", is_flag=True, help="Permit fetching the weights.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.")
@click.option("--layout", type=click.Choice(("NHWC", "NCHW"), case_sensitive=False), help="Axes of arrays of images.")
@click.option("--span", callback=span_of, metavar="BLACK,WHITE", help="Black and white of floats.")
@click.option("--key", default="", help="Which array of a file with several.")
@click.option("--skip-broken", is_flag=True, help="Go on without files that cannot be decoded.")
@executor_options
def features(
    samples: str,
    name: str,
    out: Path,
    shard: str,
    keep: Any,
    colour: bool,
    weights: Path | None,
    trust_weights: bool,
    download: bool,
    data: Path | None,
    layout: Any,
    span: tuple[float, float] | None,
    key: str,
    skip_broken: bool,
    **where: Any,
) -> None:
    """Take the features of images, or of a shard of them, into a file that merge and score read.

    A file that holds them already is left as it is.
    """
    from ganbench import features as extractors  # noqa: PLC0415
    from ganbench.cli.score_progress import progress_bars  # noqa: PLC0415
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.features.extraction import Extraction  # noqa: PLC0415
    from ganbench.io import Reading  # noqa: PLC0415
    from ganbench.scoring import parts  # noqa: PLC0415
    from ganbench.scoring.named import opened_samples  # noqa: PLC0415

    which = parts.Shard.of(shard)
    if out.suffix.lower() != ".safetensors":
        raise BadInput(f"{out}: expected a name that ends in .safetensors")
    source = opened_samples(samples, Reading(layout or "", span, key), data)
    extractor = extractors.load(name, weights, download, trust_weights)
    with elsewhere(**where) as away, progress_bars(quiet=not is_first(away)) as (progress, _):
        extraction = Extraction(extractor, None, skip_broken, progress, away)
        done = parts.is_done(out, source, extraction, which, keep)
        if getattr(away, "agreed", bool)(done):
            if is_first(away):
                click.echo(f"{out}: there already, of the same images and features", err=True)
            return
        part = parts.take(source, extraction, shard=which, keep=keep, colour=colour)
    if not is_first(away):
        return
    parts.write(part, out)
    click.echo(f"{out}: {keep} of {len(part.digests)} images, shard {which.index}/{which.count}", err=True)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .safetensors file, or an .npz."
)
@click.option("--keep", type=click.Choice(KEEP), default="features", show_default=True, help="What the file holds.")
@click.option("--form", type=click.Choice(FORMS), help="Of an .npz: whose statistics.  [default: pytorch-fid]")
@click.option("--spatial", type=click.Path(path_type=Path), help="Of adm: a merged file of inception_spatial.")
def merge(files: tuple[Path, ...], out: Path, keep: Any, form: str | None, spatial: Path | None) -> None:
    """Put files of features together: shards of one set, or sets that share no sample.

    An .npz holds the mean and the covariance for pytorch-fid, guided-diffusion (adm) or EDM.
    """
    from ganbench.errors import BadInput  # noqa: PLC0415
    from ganbench.scoring import parts  # noqa: PLC0415

    suffix = out.suffix.lower()
    if suffix not in (".safetensors", ".npz"):
        raise BadInput(f"{out}: expected a name that ends in .safetensors or .npz")
    if suffix == ".safetensors" and (form or spatial):
        raise BadInput(f"{out}: --form and --spatial are for an .npz")
    if (form == "adm") != (spatial is not None):
        raise BadInput("--form adm and --spatial FILE go together: sFID needs the statistics of inception_spatial")
    loaded = [parts.read(each) for each in files]
    if suffix == ".npz":
        bare: parts.Keep = "features" if all(each.features for each in loaded) else "statistics"
        whole = parts.merged(loaded, list(map(str, files)), bare)
        parts.write_npz(whole, out, parts.spatial_of(spatial) if spatial else None)
    else:
        whole = parts.merged(loaded, list(map(str, files)), keep)
        parts.write(whole, out)
    click.echo(f"{out}: {len(whole.digests)} samples of {len(files)} files", err=True)
