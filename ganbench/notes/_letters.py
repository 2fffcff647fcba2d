"""Letters as images: real, sharp pictures of classes that a classifier of digits has never seen."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

LETTERS = "ACEFHJKLMNPRTUVWXY"  # without those that a reader may take for a digit: B D G I O Q S Z
FACES = ("Sans", "Sans-Bold", "Sans-Oblique", "SansMono", "SansMono-Bold", "Serif", "Serif-Bold", "Serif-Italic")
OVERSAMPLING = 4  # edges as soft as those of scanned digits


def letters(n: int, side: int, random: torch.Generator) -> Tensor:
    """Return ``n`` letters in turn, of random face and height, centred up to a random shift: (n, 1, side, side)."""
    faces = torch.randint(len(FACES), (n,), generator=random).tolist()
    heights = (0.85 + 0.25 * torch.rand(n, generator=random)).tolist()
    shifts = (torch.rand(n, 2, generator=random) - 0.5).mul(side / 8).tolist()
    drawn = [
        letter(LETTERS[i % len(LETTERS)], face, height, shift, side)
        for i, (face, height, shift) in enumerate(zip(faces, heights, shifts, strict=True))
    ]
    return torch.from_numpy(np.stack(drawn)).unsqueeze(1)


def letter(character: str, face: int, height: float, shift: list[float], side: int) -> np.ndarray:
    """Draw one letter, white on black, and return it as float32 in [-1, 1]."""
    large = side * OVERSAMPLING
    image = Image.new("L", (large, large), 0)
    middle = [large / 2 + offset * OVERSAMPLING for offset in shift]
    font = opened(FACES[face], round(height * large))
    ImageDraw.Draw(image).text((middle[0], middle[1]), character, fill=255, font=font, anchor="mm")
    small = image.resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / 127.5 - 1


@cache
def opened(face: str, size: int) -> ImageFont.FreeTypeFont:
    """Return a face of the family that comes with matplotlib."""
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / f"DejaVu{face}.ttf", size)
