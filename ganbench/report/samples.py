"""One set of samples in one panel: a contact sheet of images, or points over the distribution they should follow."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from numpy.typing import NDArray
from torch import Tensor

from ganbench._util.streams import stream
from ganbench.dataset import Dataset
from ganbench.report.style import ALARM, QUIET, SAMPLE, TRUTH

POINTS = 500  # more would hide one another
MARGIN = 0.12  # of the space's width, left free around it
REACH = 3.0  # standard deviations of a mode within which a sample counts as of high quality


def draw(axes: Axes, x: Tensor, data: Dataset, across: int) -> None:
    """Draw samples (n, *shape), images ``across`` by ``across``; says so where they are not finite."""
    if not bool(x.isfinite().all()):
        message(axes, "not finite")
    elif data.space.is_image:
        sheet(axes, x[: across * across], data, across)
    elif x.shape[1] == 1:
        histogram(axes, x, data)
    else:
        scatter(axes, x[:POINTS], data)


def message(axes: Axes, text: str) -> None:
    """Write in an empty frame why it is empty."""
    bare(axes)
    axes.set_box_aspect(1)
    axes.text(0.5, 0.5, text, ha="center", va="center", color=ALARM, transform=axes.transAxes)


def bare(axes: Axes) -> None:
    """Leave an empty frame."""
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set(visible=True, color="#BBBBBB")


def sheet(axes: Axes, x: Tensor, data: Dataset, across: int) -> None:
    """Images in rows of ``across``, each pixel a square, on the scale of the data's own range."""
    low, high = data.space.low, data.space.high
    grid = tiled((x - low) / (high - low), across)
    if grid.shape[2] == 1:
        axes.imshow(grid[..., 0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    else:
        axes.imshow(np.repeat(grid, 3, 2) if grid.shape[2] == 2 else grid[..., :3], interpolation="nearest")
    bare(axes)
    axes.spines[:].set_visible(False)


def tiled(x: Tensor, across: int) -> NDArray[np.float32]:
    """Return images (n, c, h, w) in [0, 1] as one (height, width, c), a pixel's width apart on white."""
    n, c, h, w = x.shape
    lines = -(-n // across)
    grid = torch.ones(c, lines * (h + 1) - 1, across * (w + 1) - 1)
    for i, image in enumerate(x.clamp(0, 1)):
        top, left = i // across * (h + 1), i % across * (w + 1)
        grid[:, top : top + h, left : left + w] = image
    return grid.permute(1, 2, 0).numpy().astype(np.float32)


def scatter(axes: Axes, x: Tensor, data: Dataset) -> None:
    """The first two coordinates over the modes, drawn 3 standard deviations wide, or over held-out examples."""
    margin = MARGIN * (data.space.high - data.space.low)
    low, high = data.space.low - margin, data.space.high + margin
    truth(axes, data)
    axes.scatter(x[:, 0].numpy(), x[:, 1].numpy(), s=2.5, color=SAMPLE, alpha=0.45, linewidths=0)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    bare(axes)
    outside = ((x[:, :2] < low) | (x[:, :2] > high)).any(1).float().mean().item()
    if outside:
        axes.set_xlabel(f"{outside:.1%} outside", color=ALARM, fontsize=7, labelpad=2)


def truth(axes: Axes, data: Dataset) -> None:
    """Draw what the samples should look like."""
    if data.modes is None:
        x = reference(data)
        axes.scatter(x[:, 0].numpy(), x[:, 1].numpy(), s=2.5, color=TRUTH, linewidths=0)
        return
    width = np.full(len(data.modes.centres), 2 * REACH * data.modes.sd)
    centres = data.modes.centres[:, :2].numpy()
    discs = EllipseCollection(
        width, width, np.zeros_like(width), units="xy", offsets=centres, transOffset=axes.transData, facecolors=TRUTH
    )
    axes.add_collection(discs)


def histogram(axes: Axes, x: Tensor, data: Dataset) -> None:
    """Densities of samples and of held-out examples on a line."""
    edges = np.linspace(data.space.low, data.space.high, 61).tolist()
    axes.hist(reference(data).flatten().numpy(), edges, density=True, color=TRUTH, label="held out")
    axes.hist(x.flatten().numpy(), edges, density=True, histtype="step", color=SAMPLE, label="samples")
    axes.set(yticks=[])
    axes.tick_params(colors=QUIET)


def reference(data: Dataset) -> Tensor:
    """Some held-out examples, the same in every picture."""
    n = POINTS if data.held_out.size is None else min(POINTS, data.held_out.size)
    return data.held_out.examples(data.held_out.distinct(n, stream(0, "picture")))[0]
