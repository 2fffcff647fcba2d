"""Amounts of memory as text: 500MB, 4GB, 4GiB."""

from __future__ import annotations

import re

from ganbench.errors import BadInput

UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def bytes_of(text: str) -> int:
    """Return the number of bytes that a text such as 500MB or 4GiB means; raises BadInput for anything else."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?)\s*([a-zA-Z]*)", text.strip())
    factor = UNITS.get(match[2].upper().removesuffix("B") + "B" if match[2] else "") if match else None
    if match is None or factor is None or float(match[1]) * factor < 1:
        raise BadInput(f"expected an amount such as 500MB or 4GiB, got {text[:60]!r}")
    return int(float(match[1]) * factor)
