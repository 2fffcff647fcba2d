"""A name with settings in parentheses, as in ``ring8(sd=0.05,radius=2)``: read, checked and spelled one way.

A path in place of a name means one's own data: ``./faces@64(crop=none)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from ganbench._util.names import check_names
from ganbench.errors import BadInput

Setting = int | float | str | None
Settings = Mapping[str, Setting]


# Of one's own data; those that are words have a fixed set of them.
OWN_FIELDS: Settings = {
    "size": 0,
    "crop": "center",
    "labels": "folder",
    "flip": 0,
    "skip_broken": 0,
    "channels": 0,
    "key": "",  # any word: which column or array of several
    "features": "",  # any extractor's name: what examples are scored by
}
OWN_CHOICES: Mapping[str, tuple[Setting, ...]] = {
    "crop": ("center", "none"),
    "labels": ("folder", "none"),
    "flip": (0, 1),
    "skip_broken": (0, 1),
    "channels": (0, 1, 3),
}
OWN_SUFFIXES = (
    ".zip",
    ".tar",
    ".tar.gz",
    ".tgz",
    ".npz",
    ".npy",
    ".safetensors",
    ".pt",
    ".pth",
    ".gz",
    ".parquet",
    ".py",
)
OWN = re.compile(r"(?P<path>.*?)(?:@(?P<size>\d+))?(?:\((?P<settings>[^()/]*)\))?", re.DOTALL)
LARGEST = 1024  # side of a picture


def is_own(text: str) -> bool:
    """Whether a name is a path of one's own data."""
    path = own_function(parsed(text)[0])[0]
    return "/" in path or "\\" in path or path.startswith(".") or path.lower().endswith(OWN_SUFFIXES)


def parsed(text: str) -> tuple[str, str, str]:
    """Return the path, the size and the settings of a text, as they are written."""
    match = OWN.fullmatch(text.strip())
    return (match["path"], match["size"] or "", match["settings"] or "") if match else (text, "", "")


def own_function(path: str) -> tuple[str, str]:
    """Return the file and the function that ``file.py:function`` names; of other paths the path and nothing."""
    file, colon, function = path.rpartition(":")
    return (file, function) if colon and file.endswith(".py") else (path, "")


def split_own(text: str) -> tuple[str, dict[str, Setting]]:
    """Return a path and its settings; raises BadInput for a setting that is none."""
    path, size, settings = parsed(text)
    given: dict[str, Setting] = {"size": int(size)} if size else {}
    for part in filter(None, (each.strip() for each in settings.split(","))):
        field, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value or field in given:
            raise BadInput(f"{text!r}: expected each setting once, as field=value, got {part!r}")
        given[field] = int(value) if value.isdecimal() else value
    return path, given


def settle_own(path: str, given: Settings, defaults: Settings) -> dict[str, Setting]:
    """Return every setting of one's own data; raises UnknownName for a field, BadInput for a value."""
    check_names(f"setting of {path}", given, defaults)
    for field, choices in OWN_CHOICES.items():
        if given.get(field, defaults[field]) not in choices:
            raise BadInput(f"{path}: {field} must be {' or '.join(map(str, choices))}, got {given[field]}")
    size = given.get("size", 0)
    if not isinstance(size, int) or not 0 <= size <= LARGEST:
        raise BadInput(f"{path}: size must be a number of pixels up to {LARGEST}, got {size}")
    if own_function(path)[1] and (unused := [field for field in given if field in OWN_FIELDS]):
        raise BadInput(f"{path}: {', '.join(unused)} cannot change what a function returns")
    return {**defaults, **given}


def with_setting(text: str, field: str, value: Setting) -> str:
    """Return one's own data with one more setting, as it is spelled."""
    path, given = split_own(text)
    if own_function(path)[1]:
        return text
    defaults: Settings = {**OWN_FIELDS, "validation": 0}
    return spelled_own(path, settle_own(path, {**given, field: value}, defaults), defaults)


def spelled_own(path: str, settings: Settings, defaults: Settings) -> str:
    """Return the one spelling of one's own data: the size behind the path, then other settings."""
    size = f"@{settings['size']}" if settings["size"] else ""
    changed = [
        f"{field}={settings[field]}" for field in defaults if field != "size" and settings[field] != defaults[field]
    ]
    return f"{path}{size}({','.join(changed)})" if changed else f"{path}{size}"


def split(text: str) -> tuple[str, dict[str, Setting]]:
    """Return the bare name and the given settings; raises BadInput for anything but ``name(field=number,...)``.

    Of one's own data the name is the path. ``name@64`` is short for ``name(size=64)``.
    """
    if is_own(text):
        return split_own(text)
    if sized := re.fullmatch(r"\s*(\w+)@(\d+)\s*(?:\((.*)\))?\s*", text):
        text = f"{sized[1]}(size={int(sized[2])}{',' if sized[3] else ''}{sized[3] or ''})"
    if "(" not in text:
        return text.strip(), {}
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise BadInput(f"{text!r}: expected name(field=number,...)") from error
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
        raise BadInput(f"{text!r}: expected name(field=number,...)")
    given: dict[str, Setting] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in given:
            raise BadInput(f"{text!r}: expected each field once, as field=number")
        given[keyword.arg] = number(keyword.arg, keyword.value)
    return call.func.id, given


def number(field: str, node: ast.expr) -> Setting:
    """Return the literal number or None that ``node`` is, or raise BadInput."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise BadInput(f"{field}: expected a number, got {ast.unparse(node)}") from error
    if isinstance(value, bool) or not isinstance(value, int | float | None):
        raise BadInput(f"{field}: expected a number, got {ast.unparse(node)}")
    return value


def settle(name: str, given: Settings, defaults: Settings) -> dict[str, Setting]:
    """Return every setting of ``name``: those given, checked, over the defaults; raises UnknownName."""
    check_names(f"field of {name}", given, defaults)
    settled = {**defaults, **given}
    try:
        return {field: as_default(value, defaults[field]) for field, value in settled.items()}
    except OverflowError as error:
        raise BadInput(f"{name}: expected numbers that fit a float, got {dict(given)}") from error


def as_default(value: Setting, default: Setting) -> Setting:
    """Return a whole number as a float where the default is one, so that 2 and 2.0 are the same setting."""
    return float(value) if isinstance(default, float) and value is not None else value


def spelled(name: str, settings: Settings, defaults: Settings) -> str:
    """Return the one spelling of a name: settings that differ from the defaults, in the defaults' order."""
    changed = [f"{field}={settings[field]!r}" for field in defaults if settings[field] != defaults[field]]
    return f"{name}({','.join(changed)})" if changed else name
