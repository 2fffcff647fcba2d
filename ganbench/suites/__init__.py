"""Suites that come with the package, one TOML file each, and suites in anybody's files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from ganbench._util.convert import convert
from ganbench._util.markup import printable
from ganbench._util.names import check_names
from ganbench._util.seeds import seeds_of
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
    table = table_of(path)
    for part in (table, *(plan.values() if isinstance(plan := table.get("plan"), dict) else ())):
        if isinstance(part, dict) and "seeds" in part:
            part["seeds"] = seeds(part["seeds"], path)
    kind: type[Suite | Notes | Bundle] = Notes if "experiments" in table else Bundle if "suites" in table else Suite
    if isinstance(inherited := table.get("inherit"), str) and isinstance(table.get("settings", {}), dict):
        chosen = settings.load(inherited)
        trials = chosen.pop("trials", {})
        table["settings"] = merged(chosen, table.get("settings", {}))
        table.setdefault("trials", trials)
    suite = convert({"name": path.stem, **table}, kind, str(path))
    check_name(suite.name, path)
    return suite


def table_of(path: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the table in a TOML file, over that of the suite that it ``extends``; ``below`` extend this one."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Missing(f"{path}: cannot read this suite: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not TOML: {printable(str(error))}") from error
    if not isinstance(base := table.pop("extends", None), str):
        return table if base is None else table | {"extends": base}  # which is no field: refused with its line
    if "/" not in base and not base.endswith(".toml"):
        check_names("suite", [base], names())
        base = str(FOLDER / f"{base}.toml")
    other = path.parent / base
    if other.resolve() in {each.resolve() for each in (path, *below)}:
        raise BadInput(f"{path}: extends: {printable(base)} extends this suite in turn")
    return merged(table_of(other, (path, *below)), table)


def seeds(value: Any, path: Path) -> Any:
    """Return the seeds that a suite says as text (``"0-4"``) or as a count; anything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return list(range(value))
    if isinstance(value, str):
        try:
            return list(seeds_of(value))
        except BadInput as error:
            raise BadInput(f"{path}: seeds: {error}") from error
    return value


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
