"""Files of tensors that carry a digest of themselves: a damaged one, or one of something else, counts as none."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

DIGEST, FACTS = "digest", "facts"  # the digest's name among the facts, and that of all of them in a file


def digest(tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> str:
    """Return the digest of named tensors and facts, whatever their order."""
    total = blake2b(digest_size=16)
    for name, text in sorted(facts.items()):
        if name != DIGEST:
            total.update(f"{name} {len(text)} {text}\n".encode("utf-8", "surrogatepass"))
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode("utf-8", "surrogatepass"))
        total.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def signed(tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> dict[str, str]:
    """Return facts with the digest of them and of the tensors."""
    return {**facts, DIGEST: digest(tensors, facts)}


def packed(tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> bytes:
    """Return a file of tensors and facts, in the format of safetensors, with their digest.

    The facts are one text, since the format writes several in any order, and equal files shall be equal bytes.
    """
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return save(whole, {FACTS: json.dumps(signed(whole, facts), sort_keys=True)})


def unpacked(path: Path, key: str) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Return the tensors and facts of a file if it is there, whole, and its fact "key" is that; otherwise None.

    A file that is there and cannot be used is named on stderr.
    """
    if not path.exists():
        return None
    reason = ""
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {}).get(FACTS, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, RuntimeError, MemoryError) as error:
        facts, tensors, reason = {}, {}, f"it cannot be read ({' '.join(str(error).split())[:100]})"
    if not reason and (not isinstance(facts, dict) or facts.get("key") != key):
        reason = "it is of something else"
    if not reason and facts.get(DIGEST) != digest(tensors, facts):
        reason = "its content is not what was written"
    if not reason:
        return tensors, facts
    sys.stderr.write(f"ganbench: {path} counts as none: {reason}\n")
    return None
