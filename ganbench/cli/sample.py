"""``ganbench sample``: samples of a trained generator as pictures, an archive or an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZipFile

import click

from ganbench.errors import BadInput

if TYPE_CHECKING:  # they take long to import
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from ganbench.records.address import Address

SUFFIXES = (".zip", ".npz", ".npy")


@click.command()
@click.argument("address", required=False, metavar="[RESULTS:BASELINE:DATASET[:SEED]]")
@click.option("--cell", nargs=2, metavar="BASELINE DATASET", help="Instead of the address, with --results.")
@click.option("--results", type=click.Path(path_type=Path), help="The results folder that --cell is about.")
@click.option("--n", "count", type=click.IntRange(min=1), default=1000, show_default=True, help="How many samples.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="A new folder of PNG files, or a file .zip of them, .npz or .npy.",
)
@click.option("--labels", default="", help="Classes, in turns: 3 or 0,1,2. Of label-conditional generators only.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise; 0: the samples scored."
)
@click.option("--weights", type=click.Choice(["average", "last"]), default="average", show_default=True)
@click.option(
    "--sampler",
    type=click.Choice(["plain", "drs", "mh"]),
    default="plain",
    show_default=True,
    help="Samples as they come, or those that the discriminator selects: by rejection, by Metropolis-Hastings.",
)
@click.option("--data", type=click.Path(path_type=Path), help="Folder of data sets that come as files.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
def sample(
    address: str | None,
    cell: tuple[str, str] | None,
    results: Path | None,
    count: int,
    out: Path,
    labels: str,
    seed: int,
    weights: str,
    sampler: str,
    data: Path | None,
    device: str,
) -> None:
    """Draw samples of a trained generator: sample i depends on the seeds and on i alone.

    The address names a finished row of a results folder and, with a number behind it, the seed that it was trained
    with; otherwise the first finished one.
    """
    place = place_of(address, cell, results)
    check_out(out)
    from ganbench.runs.generator import of  # noqa: PLC0415 it takes torch

    generator = of(place, [place.seed], data, device)
    classes = classes_of(labels, count)
    x = generator.sample(count, classes, seed, place.seed, weights, sampler)  # type: ignore[arg-type]
    write(out, x, classes)
    click.echo(f"{count} samples of {generator.name} on {generator.data.name}, trained with seed {place.seed}: {out}")


def place_of(address: str | None, cell: tuple[str, str] | None, results: Path | None) -> Address:
    """Return the row that is asked for; raises BadInput unless it is named once."""
    from ganbench.records import address as addresses  # noqa: PLC0415

    if address and not cell and not results:
        return addresses.resolve(address)
    if cell and results and not address:
        return addresses.cell(results, *cell)
    raise BadInput("expected RESULTS:BASELINE:DATASET[:SEED], or --results RESULTS --cell BASELINE DATASET")


def check_out(out: Path) -> None:
    """Raise BadInput where samples would be written over something, or into what is no format."""
    if out.suffix and out.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{out}: expected a folder, or a name that ends in {', '.join(SUFFIXES)}")
    if out.exists():
        raise BadInput(f"{out}: is there already; name something new")


def classes_of(text: str, count: int) -> list[int] | None:
    """Return the classes that are asked for, in turns; raises BadInput for anything but whole numbers."""
    if not text:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise BadInput(f"--labels: expected whole numbers with commas between, got {text!r}")
    return [int(parts[i % len(parts)]) for i in range(count)]


def write(out: Path, x: Tensor, classes: list[int] | None) -> None:
    """Write samples, whole or not at all; raises BadInput where that cannot be."""
    import numpy as np  # noqa: PLC0415

    from ganbench._util.files import written_whole  # noqa: PLC0415

    suffix = out.suffix.lower()
    if suffix not in (".npz", ".npy") and x.ndim != 4:
        raise BadInput(f"{out}: points are written as .npz or .npy")
    values = x.permute(0, 2, 3, 1).numpy() if x.ndim == 4 else x.numpy()
    if x.ndim == 4:
        values = np.rint((values.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    try:
        if suffix == "":
            write_folder(out, pictures(values))
            return
        with written_whole(out) as part, part.open("wb") as file:
            if suffix == ".npy":
                np.save(file, values)
            elif suffix == ".npz":
                if classes:
                    np.savez(file, x=values, y=np.array(classes))
                else:
                    np.savez(file, x=values)
            else:
                with ZipFile(file, "w") as archive:
                    for name, content in pictures(values):
                        archive.writestr(name, content)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written ({error.strerror})") from error


def pictures(images: NDArray[np.uint8]) -> Iterator[tuple[str, bytes]]:
    """Yield images (n, h, w, c) as PNG files, named by their numbers."""
    from PIL import Image  # noqa: PLC0415

    digits = len(str(len(images) - 1))
    for number, pixels in enumerate(images):
        buffer = BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG")
        yield f"{number:0{digits}}.png", buffer.getvalue()


def write_folder(out: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files into a new folder, which is there when all of them are."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as place:
        made = Path(place) / out.name
        made.mkdir()
        for name, content in files:
            (made / name).write_bytes(content)
        made.rename(out)
