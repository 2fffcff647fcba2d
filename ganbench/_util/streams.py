"""Random streams that depend on a seed and a name, and on nothing else."""

from __future__ import annotations

from hashlib import blake2b

import torch


def stream(seed: int, *names: str | int) -> torch.Generator:
    """Return the CPU stream for ``names`` under ``seed``; adding a name disturbs no other.

    All draws come from the CPU's generator, also for games on a GPU: that is what makes a seed's
    weights and noise the same on every device.
    """
    key = "/".join(map(str, (seed, *names))).encode()
    digest = blake2b(key, digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
