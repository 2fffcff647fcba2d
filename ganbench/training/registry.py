"""The baselines, by name: the files of ``ganbench.baselines``, and anybody's own file by its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_type_hints

import torch

from ganbench import nets
from ganbench._util.convert import convert
from ganbench._util.names import check_names
from ganbench._util.user_code import imported, is_path, split
from ganbench._util.user_code import regularised as file_and_regularisers
from ganbench.baseline import Baseline, Control
from ganbench.dataset import Dataset
from ganbench.errors import BadInput, UnknownName
from ganbench.regularisers import around, in_order
from ganbench.training.functional import seeded

# settings of the shared networks, and values that differ in some network wherever they have an effect
NETWORK: dict[str, tuple[Any, ...]] = {
    "networks": ("mlp", "maxout", "dcgan", "resnet"),
    "width": (3, 4),
    "depth": (1, 2),
}
PROBED = 64  # batch size for which they are tried

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
    """Return the name under which a baseline runs: a member that trains to the same as another has that one's.

    Regularisers are named in the order in which they go around the loss.
    """
    base, member = split(name)
    plain = f"{base}:{load(name).aliases.get(member, member)}" if member else base
    return "+".join([plain, *in_order(file_and_regularisers(name)[1])])


def ordered(name: str) -> str:
    """Return a name with its regularisers in the order in which they go around the loss.

    Raises UnknownName with the nearest names for a regulariser that there is not, BadInput for one named twice.
    """
    plain, added = file_and_regularisers(name)
    return "+".join([plain, *in_order(added)])


def names_of(name: str) -> list[str]:
    """Return all names whose settings a baseline takes: of a member of a family all names, its own last.

    With regularisers it takes those of the baseline without them, and over these its own.
    """
    plain, added = file_and_regularisers(name)
    base, member = split(name)
    others = [f"{base}:{alias}" for alias, own in load(plain).aliases.items() if own == member]
    return list(dict.fromkeys([*others, plain, *("+".join([each, *added]) for each in others), name]))


def load(name: str) -> type[Baseline]:
    """Return the baseline of that name, or the one in the file at that path, with the regularisers that it names.

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
    regularisers = file_and_regularisers(name)[1]
    return around(cls, regularisers) if regularisers else cls


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
    for field, reason in unused(net, settings, data).items():
        value = getattr(net, attribute_of(field))
        if value != getattr(type(net), attribute_of(field), value):
            raise BadInput(f"{title(name)}: {field} = {settings[field]!r} has no effect: {reason}")
    return net


def unused(net: Baseline, settings: Iterable[str], data: Dataset) -> dict[str, str]:
    """Return which of these settings have no effect on a baseline, and why."""
    reasons = {setting_of(field): reason for field, reason in net.unused_fields().items()}
    own = dict.fromkeys(without_effect(net, set(settings) & NETWORK.keys(), data), "its networks are its own")
    return {name: reason for name, reason in (own | reasons).items() if name in settings}


def without_effect(net: Baseline, settings: Iterable[str], data: Dataset) -> list[str]:
    """Return which of NETWORK's settings leave a baseline's networks as they are, found out by making some."""
    same = []
    for name in settings:
        if getattr(Baseline, attribute_of(name)) != getattr(type(net), attribute_of(name)):
            continue  # a field of the baseline's own
        outcomes = {shapes(replace(net, **{attribute_of(name): value}), data) for value in NETWORK[name]}
        if len(outcomes) == 1 or (name == "networks" and is_another_name(net, data)):
            same.append(name)
    return same


def is_another_name(net: Baseline, data: Dataset) -> bool:
    """Whether a baseline makes of the kind of networks that is asked for what it makes of the data's usual kind."""
    usual = replace(net, networks_="auto")
    return net.networks_ not in ("auto", nets.kind_of(data.space)) and shapes(net, data) == shapes(usual, data)


def shapes(net: Baseline, data: Dataset) -> tuple[tuple[str, torch.Size], ...]:
    """Return the names and shapes of all weights of a baseline's networks; none where they do not fit the data."""
    space = net.with_networks(data.space)
    if nets.unfit(space) or net.unsupported(space, PROBED):
        return ()
    try:
        pair = seeded(0, lambda: net.networks(space))
    except BadInput:  # a part of them does not fit
        return ()
    return tuple((name, weight.shape) for each in pair for name, weight in each.named_parameters())


def attribute_of(setting: str) -> str:
    """Return the attribute of a baseline that a setting sets: ``networks`` is taken by a method."""
    return f"{setting}_" if setting == "networks" else setting


def setting_of(attribute: str) -> str:
    """Return how settings call a field of a baseline: without a trailing underscore."""
    return attribute.rstrip("_")


def field_names(cls: type[Baseline]) -> list[str]:
    """Return the names of a baseline's settings."""
    return [setting_of(field.name) for field in fields(cls)]


def built(name: str, settings: Mapping[str, Any], data: Dataset) -> Baseline:
    """Return a baseline as ``configure`` does, also with values that have no effect, as records hold them."""
    cls, member = load(name), split(name)[1]
    hints = get_type_hints(cls)
    for old in settings.keys() & RENAMED_ATTRIBUTES.keys():
        raise BadInput(f"{title(name)}: {old} is called {RENAMED_ATTRIBUTES[old]} now")
    check_names(f"field of {title(name)}", settings, field_names(cls))
    chosen = {cls.members[0]: cls.aliases.get(member, member)} if member else {}
    for field, value in chosen.items():
        if settings.get(field, value) not in (value, member):
            raise BadInput(f"{title(name)}: the name says {field} = {value!r}, the settings {settings[field]!r}")
    given = {
        attribute_of(field): convert(value, hints[attribute_of(field)], f"{title(name)}: {field}")
        for field, value in settings.items()
    }
    baseline = cls(**{**given, **chosen})
    return baseline if "latent" in given else replace(baseline, latent=baseline.latent_for(data.latent))


def effective_settings(name: str, shared: Mapping[str, Any], own: Mapping[str, Any], data: Dataset) -> dict[str, Any]:
    """Return a baseline's own settings and, below them, those settings shared by all that have an effect on it."""
    settings = dict(own)
    for field in sorted(shared, key=lambda field: field != "order"):  # whether d_steps counts depends on the order
        configure(name, settings, data)
        asked = (
            built(name, settings | {field: shared[field]}, data) if field in NETWORK else built(name, settings, data)
        )
        unfit = field == "networks" and nets.unfit(asked.with_networks(data.space))
        if unfit or field in unused(asked, [field], data):
            continue
        settings = {field: shared[field], **settings}
    return settings


def settings_of(baseline: Baseline) -> dict[str, Any]:
    """Return all fields of a baseline as JSON writes them: lists instead of tuples.

    Those of the shared networks are left out at their defaults: records that are older than they are have the same.
    """
    usual = {attribute_of(name): getattr(Baseline, attribute_of(name)) for name in NETWORK}
    held = {name: value for name, value in asdict(baseline).items() if name not in usual or value != usual[name]}
    return {setting_of(name): list(value) if isinstance(value, tuple) else value for name, value in held.items()}


def summary(cls: type) -> str:
    """Return the first line of the docstring of a baseline or a regulariser."""
    return (cls.__doc__ or "").strip().split("\n", 1)[0]
