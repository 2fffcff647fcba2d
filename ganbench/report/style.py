"""How every picture looks, and how it becomes the same bytes each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ganbench._util.files import write_atomically

# Okabe and Ito's colours, which stay apart for the colour-blind; the yellow one is left out, being too pale for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES = ("-", "--", ":", "-.")
SAMPLE, TRUTH, QUIET, ALARM = "#0072B2", "#F5C98A", "#8A8A8A", "#D55E00"
DPI = 150
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: other machines draw the same letters
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "figure.facecolor": "white",
    "svg.hashsalt": "ganbench",  # names inside a file would differ every time
    "pdf.fonttype": 42,  # letters that stay letters, and that journals take
}
FORMATS = ("png", "svg", "pdf")
UNDATED = {  # what files say of themselves beside the picture: nothing that differs between equal ones
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@contextmanager
def style() -> Iterator[None]:
    """Draw within: no setting of the user's or of another library reaches the picture, and none of ours leaks out."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def panels(count: int, across: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` axes, at most ``across`` side by side, each ``width`` by ``height`` inches."""
    columns = max(1, min(count, across))
    lines = -(-count // columns)
    figure = Figure(figsize=(width * columns, height * lines), dpi=DPI, layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False)
    axes = list(np.ravel(grid))
    for spare in axes[count:]:
        spare.set_visible(False)
    return figure, axes[:count]


def save(figure: Figure, path: Path, mark: str = "") -> Path:
    """Write a picture as the suffix of its name says: .png, .svg or .pdf, without a date or a library's name in it.

    A PNG has at most 256 colours, greys exact, and carries the ``mark`` of what it shows.
    """
    form = path.suffix.removeprefix(".")
    if form in UNDATED:
        drawing = BytesIO()
        figure.savefig(drawing, format=form, metadata=UNDATED[form])
        return write_atomically(path, drawing.getvalue())
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    is_grey = (pixels == pixels[..., :1]).all()
    image = (
        Image.fromarray(pixels[..., 0]) if is_grey else Image.fromarray(pixels).quantize(256, dither=Image.Dither.NONE)
    )
    content = BytesIO()
    facts = PngInfo()
    if mark:
        facts.add_text("Records", mark)
    image.save(content, "PNG", optimize=True, dpi=(DPI, DPI), pnginfo=facts)
    return write_atomically(path, content.getvalue())


def line_style(number: int) -> tuple[str, str]:
    """Return colour and dashes of the line of that number: 28 that differ."""
    return COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]


def file_name(text: str) -> str:
    """Return a name with nothing in it that a shell or a file system might read as its own."""
    return re.sub(r"[^A-Za-z0-9._=-]+", "-", text).strip("-.") or "unnamed"
