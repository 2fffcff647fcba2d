"""A value as the narrower type that a test knows it to have."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def narrow(value: object, kind: type[T]) -> T:
    """Return the value itself; fails if it is not of that type."""
    assert isinstance(value, kind), f"expected {kind.__name__}, got {type(value).__name__}"
    return value
