"""Suites that come with the package, one TOML file each, and suites in anybody's files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ganbench._util.convert import convert
from ganbench._util.markup import printable
from ganbench._util.names import check_names
from ganbench.errors import BadInput, Missing
from ganbench.suites import settings
from ganbench.suites.suite import Bundle, Notes, Suite

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the suites that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def shipped(name: str) -> Suite | Notes | Bundle:
    """Return a suite of the package; raises UnknownName with the nearest names."""
    check_names("suite", [name], names())
    return read(FOLDER / f"{name}.toml")


def find_suite(name: str) -> Suite | Notes | Bundle:
    """Return the suite of that name, or the one in the TOML file at that path."""
    return read(Path(name)) if name.endswith(".toml") or "/" in name else shipped(name)


def read(path: Path) -> Suite | Notes | Bundle:
    """Return the suite in a TOML file; raises Missing, BadInput (with the line for malformed TOML) or UnknownName."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Missing(f"{path}: cannot read this suite: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not TOML: {printable(str(error))}") from error
    if isinstance(count := table.get("seeds"), int):
        table["seeds"] = list(range(count))
    kind: type[Suite | Notes | Bundle] = Notes if "experiments" in table else Bundle if "suites" in table else Suite
    if isinstance(inherited := table.get("inherit"), str) and isinstance(table.get("settings", {}), dict):
        table["settings"] = merged(settings.load(inherited), table.get("settings", {}))
    suite = convert({"name": path.stem, **table}, kind, str(path))
    check_name(suite.name, path)
    return suite


def check_name(name: str, path: Path) -> None:
    """Raise BadInput for a name that cannot be that of a folder inside another."""
    if name != name.strip(" .") or not name or len(name.encode()) > 200 or re.search(r'[/\\:*?"<>|]', name):
        raise BadInput(f"{path}: name: expected one that a folder can have, got {name[:60]!r}")
    if name != printable(name):
        raise BadInput(f"{path}: name: expected no control characters, got {name[:60]!r}")


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the entries of ``over`` in their place, table by table."""
    both = {name: merged(base[name], over[name]) for name in base.keys() & over.keys() if isinstance(base[name], dict)}
    return base | over | both
