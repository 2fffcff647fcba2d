"""Networks of images as extractors: uint8 in, through a named resize, features and class posteriors out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench.dataset import Space
from ganbench.errors import BadInput
from ganbench.features.base import BATCH, Extracted, in_batches
from ganbench.features.resize import QUANTISED, as_uint8, is_picture, resize

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class View:
    """How a picture is shown to a network: resized to a square by name, then ``(x - mean) / sd`` of 0-255."""

    resize: str
    side: int  # pixels
    mean: tuple[float, ...]  # of each channel; one for all
    sd: tuple[float, ...]
    fit: str = "stretch"  # a name of FITS: how a picture that is not square becomes one
    rounded: bool = False  # to whole grey levels after the resize

    def __call__(self, x: Tensor) -> Tensor:
        """Return uint8 images (n, 1 or 3, h, w) as float32 (n, 3, side, side)."""
        x = FITS[self.fit](x, self.resize, self.side).expand(-1, 3, -1, -1)
        if self.rounded:
            x = x.round().clamp(0, 255)
        mean, sd = (
            torch.tensor(values, dtype=torch.float32, device=x.device).view(1, -1, 1, 1)
            for values in (self.mean, self.sd)
        )
        return (x - mean) / sd

    def __str__(self) -> str:
        mean, sd = ("/".join(f"{value:g}" for value in values) for values in (self.mean, self.sd))
        size = f"{self.side} by {self.side}"
        resized = {
            "stretch": f"{self.resize} resize to {size}",
            "crop first": f"central square, then {self.resize} resize to {size}",
            "crop last": f"{self.resize} resize of the shorter side to {self.side}, then the central {size}",
        }
        rounded = ", rounded" if self.rounded else ""
        return f"{QUANTISED}; {resized[self.fit]}{rounded}; minus {mean}, over {sd}"


def stretch(x: Tensor, method: str, side: int) -> Tensor:
    """Resize the whole picture to a square."""
    return resize(method, x, side, side)


def crop_first(x: Tensor, method: str, side: int) -> Tensor:
    """Cut the largest central square out, then resize it: what the code of CMMD does."""
    shorter = min(x.shape[-2:])
    top, left = ((length - shorter) // 2 for length in x.shape[-2:])
    return resize(method, x[..., top : top + shorter, left : left + shorter], side, side)


def crop_last(x: Tensor, method: str, side: int) -> Tensor:
    """Resize the shorter side, then cut the central square out: what CLIP does, by torchvision's rules of rounding."""
    shorter = min(x.shape[-2:])
    height, width = (side * length // shorter for length in x.shape[-2:])
    top, left = (round((length - side) / 2) for length in (height, width))
    return resize(method, x, height, width)[..., top : top + side, left : left + side]


FITS: dict[str, Callable[[Tensor, str, int], Tensor]] = {
    "stretch": stretch,
    "crop first": crop_first,
    "crop last": crop_last,
}


class ImageNetwork:
    """A network behind a view, as an extractor.

    It computes in float32 in batches of one fixed size, one thread to a batch, so that features depend neither on
    the other images of a batch nor on the number of threads; a read-out into classes computes in float64.
    """

    def __init__(self, identity: dict[str, str], view: View, network: nn.Module, batch: int) -> None:
        self.name, self.view, self.batch = identity["name"], view, batch
        self.identity = {**identity, "preprocessing": str(view)}
        self.network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def accepts(self, space: Space) -> bool:
        """Grey or RGB images in [-1, 1] or 0-255, of any size."""
        return is_picture(space)

    def __call__(self, x: Tensor) -> Extracted:
        """Return features (n, d), and posteriors if there is a head, of images (n, 1 or 3, h, w), uint8 or in [-1, 1].

        Raises BadInput for another shape, another type or values out of range.
        """
        images = as_uint8(x.detach(), self.name)
        return self.extracted(self.view, torch.split(images, self.batch), images.device)

    def mixed(self, pictures: Sequence[Tensor]) -> Extracted:
        """Extract from pictures of any sizes, (1 or 3, h, w) each: the same bits as from one after the other.

        They share batches, which pictures of different sizes cannot before they are resized. Raises as a call does.
        """
        if not pictures:
            raise BadInput(f"features {self.name}: expected one or more pictures, got none")
        images = [as_uint8(picture.detach()[None], self.name) for picture in pictures]
        batches = [images[i : i + self.batch] for i in range(0, len(images), self.batch)]
        return self.extracted(lambda batch: torch.cat([self.view(image) for image in batch]), batches, images[0].device)

    def extracted(self, views: Callable[[Batch], Tensor], batches: Sequence[Batch], device: torch.device) -> Extracted:
        """Extract from the views of batches, padded to one size."""
        network = self.network.to(device)

        def forward(view: Tensor) -> Tensor:
            features: Tensor = network(view.contiguous(memory_format=torch.channels_last))
            return features.float()

        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            values = in_threads(lambda batch: in_batches(forward, views(batch), self.batch), batches, device)
        return Extracted(values, self.posteriors(values))

    def posteriors(self, values: Tensor) -> Tensor | None:
        """Return the probabilities (n, K) float64 of each class, given features, or None without a read-out."""
        head = getattr(self.network, "fc", None)
        if not isinstance(head, nn.Linear):
            return None
        weight = head.weight.double()
        bias = None if head.bias is None else head.bias.double()

        def logits(batch: Tensor) -> Tensor:
            return in_batches(lambda rows: F.linear(rows.double(), weight, bias), batch)

        return F.softmax(in_threads(logits, torch.split(values, BATCH), values.device), dim=1)


def in_threads(function: Callable[[Batch], Tensor], batches: Sequence[Batch], device: torch.device) -> Tensor:
    """Apply ``function`` to batches on as many threads as torch may use, and join the rows that come out.

    A convolution sums in another order when several threads share it; here each batch has a thread to itself. A GPU
    works through the batches one after another.
    """
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1:
        return torch.cat([function(batch) for batch in batches])
    try:
        with ThreadPoolExecutor(min(threads, len(batches)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return torch.cat(list(pool.map(function, batches)))
    finally:
        torch.set_num_threads(threads)  # what a thread sets, threads started later would inherit
