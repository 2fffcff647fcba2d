"""``ganbench cache``: the features that were taken before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ganbench.features.store import Cache


def usual_cache() -> Cache:
    """Return the cache in its usual place."""
    from ganbench._util.files import cache_folder  # noqa: PLC0415
    from ganbench.features import store  # noqa: PLC0415

    return store.Cache(cache_folder(), store.default_bound())


@click.group()
def cache() -> None:
    """Manage the feature cache."""


@cache.command(name="list")
def listed() -> None:
    """List the feature sets in the cache."""
    kept = usual_cache()
    entries = kept.entries()
    for entry in entries:
        click.echo(f"{entry.bytes / 1e6:10.1f} MB  {entry.features:24}  {entry.source}")
    total = sum(entry.bytes for entry in entries) / 1e6
    click.echo(f"{len(entries)} feature sets, {total:.1f} of at most {kept.bound / 1e6:.0f} MB, in {kept.folder}")


@cache.command()
def clear() -> None:
    """Remove everything from the cache."""
    kept = usual_cache()
    click.echo(f"{kept.clear()} files removed from {kept.folder}")
