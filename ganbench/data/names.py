"""A name with settings in parentheses, as in ``ring8(sd=0.05,radius=2)``: read, checked and spelled one way."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ganbench._util.names import check_names
from ganbench.errors import BadInput

Setting = int | float | None
Settings = Mapping[str, Setting]


def split(text: str) -> tuple[str, dict[str, Setting]]:
    """Return the bare name and the given settings; raises BadInput for anything but ``name(field=number,...)``."""
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
