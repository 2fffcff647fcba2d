"""Images of any size and scale made ready for a network, by resizes that are part of a score's identity."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ganbench._util.names import find
from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.features.base import checked

# of bicubic interpolation, which is Pillow's: two weighted sums of rows, which read and write memory in order
REACH = 2  # pixels on either side that the kernel sees; when shrinking, as many times more as the picture shrinks
SHARPNESS = -0.5  # "a" of Keys' kernel
FAR_OUTSIDE = 8.0  # a value beyond it was never meant for [-1, 1]
Resize = Callable[[Tensor, int, int], Tensor]
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
    """Bilinear without half pixels or antialiasing: output i reads at ``i * in / out``, as TensorFlow 1's graphs do."""
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


def bilinear(x: Tensor, height: int, width: int) -> Tensor:
    """Bilinear between the centres of pixels, without antialiasing: PyTorch's own, as pytorch-fid uses it."""
    if x.shape[-2:] == (height, width):
        return x.float()
    return F.interpolate(x.float(), (height, width), mode="bilinear", align_corners=False)


def clean(x: Tensor, height: int, width: int) -> Tensor:
    """Pillow's antialiased bicubic (a = -1/2) in float32, clipped to 0-255 and not rounded (Parmar et al., 2022)."""
    resized = unclipped(x, height, width)
    return resized if x.shape[-2:] == (height, width) else resized.clamp_(0, 255)


def unclipped(x: Tensor, height: int, width: int) -> Tensor:
    """Return the same without the clipping, as PyTorch's own antialiased bicubic does: it overshoots at edges."""
    if x.shape[-2:] == (height, width):
        return x.float()
    resized = torch.empty(len(x), height, width, x.shape[1], dtype=torch.float32, device=x.device).permute(0, 3, 1, 2)
    for image, place in zip(x, resized, strict=True):
        place.copy_(bicubic(image, height, width))
    return resized


def bicubic(image: Tensor, height: int, width: int) -> Tensor:
    """Resize one image (c, h, w) of any real type to float32, unclipped; the memory of the result is (h, w, c)."""
    channels, rows, columns = image.shape
    turned = image.permute(2, 0, 1).reshape(columns, -1).contiguous().float()  # (w, c h), turned as bytes
    wide = sums(turned, columns, width).view(-1, rows)  # (width c, h)
    return sums(wide.t().contiguous(), rows, height).view(height, width, channels).permute(2, 0, 1)


def sums(x: Tensor, length: int, size: int) -> Tensor:
    """Return the ``size`` weighted sums of the rows of x (length, d) that a resize of that axis takes: (size, d)."""
    places, offsets, weights = kernel(length, size, x.device)
    return F.embedding_bag(places, x, offsets, mode="sum", per_sample_weights=weights)


@lru_cache(maxsize=64)
def kernel(length: int, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Return which pixels make up each output, where those of each begin, and their weights (Keys, 1981).

    Outside the picture there is nothing: the weights of what lies within sum to 1.
    """
    scale = length / size
    stretch = max(scale, 1.0)
    centre = (torch.arange(size, dtype=torch.float64) + 0.5)[:, None] * scale
    first = (centre - REACH * stretch + 0.5).long().clamp(min=0)
    behind = (centre + REACH * stretch + 0.5).long().clamp(max=length)
    places = first + torch.arange(int((behind - first).max()))
    distance = ((places + 0.5 - centre) / stretch).abs()
    near = ((SHARPNESS + 2) * distance - (SHARPNESS + 3)) * distance**2 + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * SHARPNESS
    weights = torch.where(distance < 1, near, far).where((distance < REACH) & (places < behind), 0)
    weights /= weights.sum(1, keepdim=True)
    offsets = torch.arange(0, places.numel(), places.shape[1])
    places = places.clamp(max=length - 1)  # what is clamped weighs nothing
    return places.flatten().to(device), offsets.to(device), weights.float().flatten().to(device)


def pil(x: Tensor, height: int, width: int) -> Tensor:
    """Pillow's antialiased bicubic on uint8, by Pillow itself: rounded to whole grey levels."""
    if x.shape[-2:] == (height, width):
        return x.float()
    rows = x.permute(0, 2, 3, 1).cpu().numpy()
    pictures = [Image.fromarray(row if row.shape[2] == 3 else row[..., 0]) for row in rows]
    resized = [np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC)) for picture in pictures]
    stacked = torch.from_numpy(np.stack(resized)).view(len(x), height, width, -1)
    return stacked.permute(0, 3, 1, 2).to(x.device).float()


def antialiased(x: Tensor, height: int, width: int) -> Tensor:
    """Bilinear with antialiasing between the centres of pixels: PyTorch's own, as torchmetrics uses it since 1.8."""
    if x.shape[-2:] == (height, width):
        return x.float()
    return F.interpolate(x.float(), (height, width), mode="bilinear", align_corners=False, antialias=True)


def by_pillow(kernel: Image.Resampling) -> Resize:
    """Return a resize by one of Pillow's kernels, channel by channel in floats, clipped and not rounded."""

    def resized(x: Tensor, height: int, width: int) -> Tensor:
        if x.shape[-2:] == (height, width):
            return x.float()
        planes = x.flatten(0, 1).float().cpu().numpy()
        made = [np.asarray(Image.fromarray(plane).resize((width, height), kernel)) for plane in planes]
        return torch.from_numpy(np.stack(made)).clamp_(0, 255).view(*x.shape[:2], height, width).to(x.device)

    return resized


def none(x: Tensor, height: int, width: int) -> Tensor:
    """No resize; raises BadInput for images of another size."""
    if x.shape[-2:] != (height, width):
        raise BadInput(
            f"resize none: expected images of {width} by {height} pixels, got {x.shape[-1]} by {x.shape[-2]}"
        )
    return x.float()


RESIZES: dict[str, Resize] = {
    "tf1": tf1,
    "bilinear": bilinear,
    "clean": clean,
    "bicubic": unclipped,
    "pil": pil,
    "bilinear_antialias": antialiased,
    "box": by_pillow(Image.Resampling.BOX),
    "lanczos": by_pillow(Image.Resampling.LANCZOS),
    "nearest": by_pillow(Image.Resampling.NEAREST),
    "none": none,
}


def resize(name: str, x: Tensor, height: int, width: int) -> Tensor:
    """Resize uint8 images (n, c, h, w) to float32 in 0-255 by the method of that name; raises UnknownName."""
    return find("resize", name, RESIZES)(x, height, width)
