"""The key of a cell, which is its identity: a digest of what its numbers depend on.

Versions stand for code, never source text: a refactor makes no result stale, a changed number needs a new version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

# The fields of a record that, with the seed, its key is the digest of. What is left are results and provenance.
CONDITIONS = ("baseline", "version", "settings", "dataset", "dataset_version", "plan", "engine", "samples")


def cell_key(conditions: Mapping[str, Any], seed: int) -> str:
    """Return the key of one seed under ``conditions``, which are named by CONDITIONS."""
    return key_of({**{name: conditions[name] for name in CONDITIONS}, "seed": seed})


def key_of(parts: Mapping[str, Any]) -> str:
    """Return the digest of named parts, whatever their order."""
    text = json.dumps(parts, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()
