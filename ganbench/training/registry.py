"""The baselines, by name: the files of ``ganbench.baselines``, and anybody's own file by its path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_type_hints

from ganbench._util.convert import convert
from ganbench._util.names import check_names
from ganbench._util.user_code import imported, is_path, split
from ganbench.baseline import Baseline, Control
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, UnknownName

# of a user's baseline that was written for 0.1
RENAMED_ATTRIBUTES = {
    "critic_loss": "discriminator_loss",
    "n_critic": "d_steps",
    "moves": "updates",
    "refuses": "unsupported",
    "idle": "unused_fields",
}


def names() -> list[str]:
    """Return the names of all shipped baselines, without importing them."""
    return sorted(module.name for module in iter_modules(import_module("ganbench.baselines").__path__))


def everyone() -> list[str]:
    """Return all names that run: each baseline, a family's members one by one; trained ones first, controls last."""
    each = [(issubclass(cls := load(name), Control), name, cls.members[1]) for name in names()]
    return [full for _, name, members in sorted(each) for full in ([f"{name}:{m}" for m in members] or [name])]


def title(name: str) -> str:
    """Return what a baseline is called in records and tables: a file's name without its folders."""
    return name.replace("\\", "/").rsplit("/", 1)[-1] if is_path(name) else name


def canonical(name: str) -> str:
    """Return the name under which a baseline runs: a member that trains to the same as another has that one's."""
    base, member = split(name)
    return f"{base}:{load(name).aliases.get(member, member)}" if member else name


def names_of(name: str) -> list[str]:
    """Return all names of a member of a family, its own last."""
    base, member = split(name)
    others = [f"{base}:{alias}" for alias, own in load(name).aliases.items() if own == member]
    return [*others, name]


def load(name: str) -> type[Baseline]:
    """Return the baseline of that name, or the one in the file at that path.

    Raises UnknownName with the nearest names, Missing where there is no such file, BadInput for a file that does not
    import or does not hold exactly one baseline.
    """
    base, member = split(name)
    if is_path(name):
        cls = only_baseline(imported(Path(base), "baseline"), Path(base).name)
        check_renamed(cls, Path(base).name)
    else:
        check_names("baseline", [base], names())
        cls = only_baseline(import_module(f"ganbench.baselines.{base}"), base)
    if member and not cls.members[1]:
        raise UnknownName(f"{title(base)} is no family, so it has no member {member!r}")
    if member:
        check_names(f"member of {title(base)}", [member], [*cls.members[1], *cls.aliases])
    return cls


def only_baseline(module: ModuleType, name: str) -> type[Baseline]:
    """Return the public baseline that a module defines; raises BadInput for none or several."""
    defined = [
        item
        for label, item in getmembers(module, isclass)
        if issubclass(item, Baseline) and item.__module__ == module.__name__ and not label.startswith("_")
    ]
    if len(defined) != 1:
        given = " and ".join(item.__name__ for item in defined) or "none"
        raise BadInput(f"{name}: expected exactly one public subclass of ganbench.baseline.Baseline, found {given}")
    return defined[0]


def check_renamed(cls: type[Baseline], name: str) -> None:
    """Raise BadInput for a baseline that defines what 0.1 called otherwise."""
    own = [each for each in cls.__mro__ if issubclass(each, Baseline) and each.__module__ == cls.__module__]
    for each in own:
        for old, new in RENAMED_ATTRIBUTES.items():
            if old in vars(each) or old in vars(each).get("__annotations__", {}):
                raise BadInput(f"{name}: {each.__name__}.{old} is called {new} now")


def configure(name: str, settings: Mapping[str, Any], data: Dataset) -> Baseline:
    """Return the baseline of that name with ``settings`` for its fields; ``latent`` follows the data unless set.

    Raises UnknownName for a field that it does not have, BadInput for a value of the wrong type or out of range, or
    for one other than the default where the field has no effect.
    """
    net = built(name, settings, data)
    for field, reason in net.unused_fields().items():
        value = getattr(net, field)
        if field in settings and value != getattr(type(net), field, value):
            raise BadInput(f"{title(name)}: {field} = {settings[field]!r} has no effect: {reason}")
    return net


def built(name: str, settings: Mapping[str, Any], data: Dataset) -> Baseline:
    """Return a baseline as ``configure`` does, also with values that have no effect, as records hold them."""
    cls, member = load(name), split(name)[1]
    hints = get_type_hints(cls)
    for old in settings.keys() & RENAMED_ATTRIBUTES.keys():
        raise BadInput(f"{title(name)}: {old} is called {RENAMED_ATTRIBUTES[old]} now")
    check_names(f"field of {title(name)}", settings, [field.name for field in fields(cls)])
    chosen = {cls.members[0]: cls.aliases.get(member, member)} if member else {}
    for field, value in chosen.items():
        if settings.get(field, value) not in (value, member):
            raise BadInput(f"{title(name)}: the name says {field} = {value!r}, the settings {settings[field]!r}")
    given = {field: convert(value, hints[field], f"{title(name)}: {field}") for field, value in settings.items()}
    baseline = cls(**{**given, **chosen})
    return baseline if "latent" in given else replace(baseline, latent=baseline.latent_for(data.latent))


def effective_settings(name: str, shared: Mapping[str, Any], own: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """Return a baseline's own settings and, below them, those settings shared by all that have an effect on it."""
    settings = dict(own)
    for field in sorted(shared, key=lambda field: field != "order"):  # whether d_steps counts depends on the order
        if field not in configure(name, settings, data).unused_fields():
            settings = {field: shared[field], **settings}
    return settings


def settings_of(baseline: Baseline) -> dict[str, Any]:
    """Return all fields of a baseline as JSON writes them: lists instead of tuples."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(baseline).items()}


def summary(cls: type[Baseline]) -> str:
    """Return the first line of a baseline's docstring."""
    return (cls.__doc__ or "").strip().split("\n", 1)[0]
