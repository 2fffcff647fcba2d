"""From a source to a cloud: one pass through an extractor in bounded memory, or none where it was made before."""

from __future__ import annotations

from dataclasses import dataclass

from ganbench.cache import Cache
from ganbench.cloud import Cloud
from ganbench.errors import BadInput
from ganbench.external.gaussian import gaussian
from ganbench.external.passes import GreyBeforeColour, Manner, Pass, Tell, takes_bytes
from ganbench.external.pieces import given
from ganbench.features.base import Extractor
from ganbench.sources.base import Source


def silent(_name: str, _done: int, _count: int | None) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Looker:
    """How sources are looked at: an extractor (None: features were given), a cache, what to do with broken files."""

    extractor: Extractor | None
    cache: Cache | None = None
    skip_broken: bool = False
    tell: Tell = silent

    def identity(self, source: Source) -> dict[str, str]:
        """Return all that the numbers of this source's cloud depend on, beside its content."""
        if self.extractor is None:
            return {"name": "given", **({"made_by": source.identity} if source.identity else {})}
        scale = "uint8" if takes_bytes(self.extractor) else "uint8 v becomes v / 127.5 - 1"
        return {**self.extractor.identity, "input": scale}

    def __call__(self, source: Source, channels: int = 0) -> Cloud:
        """Return the cloud of a source; ``channels`` 3 makes colour of grey, 0 is as the pictures are.

        Raises BadInput for broken files unless they are skipped, for fewer than 2 samples, and for pictures that the
        extractor cannot look at.
        """
        key = {**self.identity(source), "channels": str(channels)}
        cache = self.cache if source.kind == "images" else None  # what was given is as quickly read again
        cloud = cache.find(source.digest(), key) if cache else None
        if cloud is None:
            cloud = self.look(source, channels)
            if cache and not source.changed() and not any(each.broken for each in cloud.left_out):
                cache.keep(source.digest(), key, source.name, cloud)
        self.tell(source.name, len(cloud), len(cloud))
        if len(cloud) < 2:
            raise BadInput(f"{source.name}: expected at least 2 samples, got {len(cloud)}")
        return cloud

    def look(self, source: Source, channels: int) -> Cloud:
        """Pass over a source."""
        if source.kind != "images":
            return gaussian(source) if source.kind == "moments" else given(source)
        manner = Manner(self.extractor, self.skip_broken, self.tell)
        try:
            return Pass(source, manner, channels).cloud()
        except GreyBeforeColour:
            return Pass(source, manner, 3).cloud()
