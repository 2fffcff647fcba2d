"""The 1797 handwritten digits of scikit-learn, 8 by 8: real images that are on every machine."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits

from ganbench.data.sources import Pixels
from ganbench.dataset import Dataset, Space


def digits() -> Dataset:
    """Return the digits as (1, 8, 8) images in [-1, 1]: 17 grey levels ``v`` become ``v / 8 - 1``."""
    bunch = load_digits()
    x = torch.from_numpy(bunch.images).byte().unsqueeze(1)
    y = torch.from_numpy(bunch.target).long()
    part = torch.arange(len(x)) % 4
    train, held_out, control = (torch.isin(part, torch.tensor(kept)) for kept in ([0, 1], [2], [3]))
    return Dataset(
        name="digits",
        space=Space(shape=(1, 8, 8), classes=10, low=-1.0, high=1.0),
        train=Pixels(x[train], 8.0, y[train]),
        held_out=Pixels(x[held_out], 8.0, y[held_out]),
        control=Pixels(x[control], 8.0, y[control]),
        split="position in the file modulo 4: 0 and 1 train, 2 held out, 3 control",
        features="digits",
        latent=16,
    )
