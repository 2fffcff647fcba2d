"""From images of any size and scale to what a network looks at, by resizes that a score names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.features.base import checked
from ganbench.features.bicubic import bicubic
from ganbench.find import find

FAR_OUTSIDE = 8.0  # a value beyond it was never meant for [-1, 1]
QUANTISED = "floats in [-1, 1] are rounded to uint8; grey is repeated to RGB"


def is_picture(space: Space) -> bool:
    """Whether examples are what as_uint8 takes: grey or RGB images in [-1, 1] or 0-255, of any size."""
    return space.is_image and space.shape[0] in (1, 3) and (space.low, space.high) in {(-1.0, 1.0), (0.0, 255.0)}


def as_uint8(x: Tensor, name: str = "images") -> Tensor:
    """Return images (n, 1 or 3, h, w) as uint8 in 0-255: ``round(127.5 (x + 1))`` for floats in [-1, 1].

    Floats slightly outside are clipped, as writing a picture would. Raises BadInput for another shape, another type,
    and values that are not finite or not in that range at all.
    """
    if x.ndim != 4 or 0 in x.shape or x.shape[1] not in (1, 3):
        raise BadInput(f"features {name}: expected images (n, 1 or 3, height, width), got shape {tuple(x.shape)}")
    if x.dtype == torch.uint8:
        return x
    if not x.is_floating_point():
        raise BadInput(f"features {name}: expected uint8 images or floats in [-1, 1], got {x.dtype}")
    values = checked(x, None, name)
    largest = float(values.abs().max())
    if largest > FAR_OUTSIDE:
        raise BadInput(f"features {name}: expected floats in [-1, 1], found a value of size {largest:g}")
    return ((values.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def tf1(x: Tensor, height: int, width: int) -> Tensor:
    """Bilinear without half pixels or antialiasing: output i looks at ``i * in / out``, as in TensorFlow 1's graphs."""
    return two_taps(two_taps(x.float(), width, -1), height, -2)


def two_taps(x: Tensor, size: int, dim: int) -> Tensor:
    """Interpolate along one axis between the pixel at or before each place and the next, the last one repeated."""
    length = x.shape[dim]
    if length == size:
        return x
    # the graph computes places in float32; a float64 place can fall on the other side of a pixel
    place = torch.arange(size, dtype=torch.float32) * torch.tensor(length / size, dtype=torch.float32)
    before = place.floor().long().clamp(max=length - 1)
    after = (before + 1).clamp(max=length - 1)
    weight = (place - before).to(x.device)
    low = x.index_select(dim, before.to(x.device))
    high = x.index_select(dim, after.to(x.device))
    return low.add_(high.sub_(low).mul_(weight if dim == -1 else weight[:, None]))


def clean(x: Tensor, height: int, width: int) -> Tensor:
    """Pillow's antialiased bicubic (a = -1/2) in float32, clipped to 0-255 and not rounded (Parmar et al., 2022)."""
    if x.shape[-2:] == (height, width):
        return x.float()
    resized = torch.empty(len(x), height, width, x.shape[1], dtype=torch.float32, device=x.device).permute(0, 3, 1, 2)
    for image, place in zip(x, resized, strict=True):
        torch.clamp(bicubic(image, height, width), 0, 255, out=place)
    return resized


def pil(x: Tensor, height: int, width: int) -> Tensor:
    """Pillow's antialiased bicubic on uint8, by Pillow itself: rounded to whole grey levels."""
    if x.shape[-2:] == (height, width):
        return x.float()
    rows = x.permute(0, 2, 3, 1).cpu().numpy()
    pictures = [Image.fromarray(row if row.shape[2] == 3 else row[..., 0]) for row in rows]
    resized = [np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC)) for picture in pictures]
    stacked = torch.from_numpy(np.stack(resized)).view(len(x), height, width, -1)
    return stacked.permute(0, 3, 1, 2).to(x.device).float()


def none(x: Tensor, height: int, width: int) -> Tensor:
    """No resize; raises BadInput for images of another size."""
    if x.shape[-2:] != (height, width):
        raise BadInput(
            f"resize none: expected images of {width} by {height} pixels, got {x.shape[-1]} by {x.shape[-2]}"
        )
    return x.float()


Resize = Callable[[Tensor, int, int], Tensor]
RESIZES: dict[str, Resize] = {"tf1": tf1, "clean": clean, "pil": pil, "none": none}


def resize(name: str, x: Tensor, height: int, width: int) -> Tensor:
    """Resize uint8 images (n, c, h, w) to float32 in 0-255 by the method of that name; raises UnknownName."""
    return find("resize", name, RESIZES)(x, height, width)
