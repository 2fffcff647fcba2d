"""The feature cache: feature sets by content and extractor, in files that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ganbench._util.files import written_whole
from ganbench.errors import BadInput
from ganbench.features.feature_set import FeatureSet, packed, unpacked

BOUND = "GANBENCH_CACHE_BYTES"  # its name in the environment
USUAL_BOUND = 10 << 30  # bytes
DIGESTS = "digests.json"  # of sources, beside the feature sets
VERSION = 3  # goes up whenever the same files would give other features or facts by the same libraries


def default_bound() -> int:
    """How many bytes are kept: $GANBENCH_CACHE_BYTES, or 10 GiB; raises BadInput for another text than a number."""
    text = os.environ.get(BOUND, str(USUAL_BOUND))
    if not text.isdecimal():
        raise BadInput(f"{BOUND}: expected a number of bytes, got {text!r}")
    return int(text)


@dataclass(frozen=True)
class CachedFile:
    """One file of the cache."""

    path: Path
    source: str
    features: str
    bytes: int


@dataclass(frozen=True)
class Cache:
    """A folder of feature sets, at most ``bound`` bytes; the ones not used for longest go first."""

    folder: Path
    bound: int

    @property
    def digests(self) -> Path:
        """The file of the digests of sources."""
        return self.folder / DIGESTS

    def find(self, content: str, identity: Mapping[str, str]) -> FeatureSet | None:
        """Return the features of some content by some extractor; a damaged file counts as none."""
        path = self.path(content, identity)
        try:
            with safe_open(path, "pt") as file:
                features = unpacked({name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {})  # noqa: SIM118
            path.touch()
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None
        return features

    def keep(self, content: str, identity: Mapping[str, str], source: str, features: FeatureSet) -> None:
        """Keep a feature set; a folder that cannot be written to keeps nothing."""
        tensors, text = packed(features)
        label = {"source": source, "features": identity.get("name", ""), "identity": json.dumps(dict(identity))}
        if sum(tensor.nbytes for tensor in tensors.values()) > self.bound:
            return
        path = self.path(content, identity)
        with suppress(OSError, SafetensorError):
            with written_whole(path) as part:
                save_file(tensors, part, {**text, **label})  # from where they lie: no copy of them is made
            self.shrink()

    def path(self, content: str, identity: Mapping[str, str]) -> Path:
        """Return where a feature set is kept: named by the digests of its content and of its extractor's identity.

        The versions of what decodes and computes are part of the latter: another one may round differently.
        """
        made_by = json.dumps([VERSION, version("pillow"), version("torch"), dict(identity)], sort_keys=True)
        return self.folder / f"{short(content)}-{short(made_by)}.safetensors"

    def others(self, content: str, identity: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the other identities under which features of the same name were taken of the same content."""
        here, known = self.path(content, identity), dict(identity)
        identities = [json.loads(text(path).get("identity", "{}")) for path in self.files() if same(path, here)]
        return [each for each in identities if each.get("name") == identity.get("name") and each != known]

    def files(self) -> list[Path]:
        """Return the cache's files, the longest unused first."""
        times = []
        for path in self.folder.glob("*.safetensors"):
            try:
                times.append((path.stat().st_mtime_ns, path))
            except OSError:  # another process was faster
                continue
        return [path for _, path in sorted(times)]

    def entries(self) -> list[CachedFile]:
        """Return what is kept."""
        labels = [(path, text(path)) for path in self.files()]
        return [
            CachedFile(path, label.get("source", "?"), label.get("features", "?"), size(path)) for path, label in labels
        ]

    def shrink(self, bound: int | None = None) -> int:
        """Remove files until the rest is within the bound; return how many went."""
        files, removed = self.files(), 0
        excess = sum(map(size, files)) - (self.bound if bound is None else bound)
        for path in files:
            if excess <= 0:
                break
            excess -= size(path)
            path.unlink(missing_ok=True)
            removed += 1
        return removed

    def clear(self) -> int:
        """Remove everything; return how many files went."""
        files = self.files()
        for path in [*files, self.digests]:
            with suppress(NotADirectoryError):
                path.unlink(missing_ok=True)
        return len(files)


def short(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def same(a: Path, b: Path) -> bool:
    """Whether two files hold the same content, whatever the extractor."""
    return a.name.partition("-")[0] == b.name.partition("-")[0]


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def text(path: Path) -> dict[str, str]:
    """Return what a file says of itself; nothing where it is damaged."""
    try:
        with safe_open(path, "pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return {}
