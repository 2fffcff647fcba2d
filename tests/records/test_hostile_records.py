"""Records of which a byte or a type was changed: one line or a table, never a traceback, and at no great cost."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from ganbench.errors import BadInput, RequestError
from ganbench.notes.record import Observation
from ganbench.records.record import Record, read_line, to_line
from ganbench.records.store import Log, Store
from ganbench.tables import Tables
from tests.conftest import ROOT

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3.5, 1e308, -1e308, 10**9, 2**63, 2**70, "", "x", "7", "nan", [], [1], [[]], {}, {"a": 1},
    [None], ["x"], [1e308, -1e308],
)  # fmt: skip
SIGNS = b'0123456789-eE.",:[]{}\n\x00\xff\xf0'
SECONDS = 20.0  # that reading and tabulating one changed folder may take: .05 are usual


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Lines of two rows of two seeds on points, and of one seed on images, with short histories."""
    known = Store(ROOT / "results" / "quick").read().values()
    kept = [
        each
        for each in known
        if (each.dataset == "ring8" and each.baseline in {"ns_gan", "noise"} and each.seed < 2)
        or (each.dataset, each.baseline, each.seed) == ("digits", "ns_gan", 0)
    ]
    return [to_line(replace(each, history=each.history[:2], curve=each.curve[:2])) for each in kept]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything inside of a JSON value, of lists to the first three items."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    return [each for name, item in inner for each in [(*path, name), *places(item, (*path, name))]]


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a JSON value with another at a path; without it where the new one is an Ellipsis."""
    first, *rest = path
    copy = value.copy()
    if rest:
        copy[first] = changed(value[first], tuple(rest), new)
    elif new is ...:
        del copy[first]
    else:
        copy[first] = new
    return copy


def of_other_type(lines: list[str], draw: random.Random) -> bytes:
    """Return a file of records in which one value is another, or is missing."""
    i = draw.randrange(len(lines))
    table = json.loads(lines[i])
    table = changed(table, draw.choice(places(table)), draw.choice((*VALUES, ...)))
    return "".join(f"{line}\n" for line in [*lines[:i], json.dumps(table), *lines[i + 1 :]]).encode()


def of_other_byte(lines: list[str], draw: random.Random) -> bytes:
    """Return a file of records in which a bit is flipped, or a byte is another, is missing or is new."""
    content = bytearray("".join(f"{line}\n" for line in lines).encode())
    place = draw.randrange(len(content))
    match draw.randrange(4):
        case 0:
            content[place] ^= 1 << draw.randrange(8)
        case 1:
            content[place] = draw.randrange(256)
        case 2:
            del content[place]
        case _:
            content.insert(place, draw.choice(SIGNS))
    return bytes(content)


def tabulated(folder: Path) -> str:
    """Read a folder and make all its tables; return why it was refused, or nothing."""
    try:
        records = list(Store(folder).read().values())
        tables = Tables(records)
        for form in ("md", "latex", "html", "csv", "json"):
            tables.text(form)
    except RequestError as error:
        return str(error)
    return ""


def refusal(line: str, kind: type[Any]) -> str:
    """Read a line; return why it was refused, or nothing."""
    try:
        to_line(read_line(line, kind))
    except RequestError as error:
        return str(error)
    return ""


def check(lines: list[str], folder: Path, seeds: range) -> None:
    refused = 0
    for seed in seeds:
        draw = random.Random(seed)  # noqa: S311
        content = (of_other_type if seed % 2 else of_other_byte)(lines, draw)
        (folder / "records.jsonl").write_bytes(content)
        began = perf_counter()
        said = tabulated(folder)
        assert perf_counter() - began < SECONDS, seed
        assert "\n" not in said, seed
        refused += bool(said)
    assert refused > len(seeds) // 4


def test_a_changed_record_is_a_line_or_a_table(lines: list[str], tmp_path: Path) -> None:
    check(lines, tmp_path, range(120))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_changed_records_are_each_a_line_or_a_table(lines: list[str], part: int, tmp_path: Path) -> None:
    check(lines, tmp_path, range(1000 + 500 * part, 1500 + 500 * part))


def test_thousands_of_changed_lines_are_records_or_refused_in_a_line(lines: list[str]) -> None:
    for seed in range(3000):
        draw = random.Random(seed)  # noqa: S311
        content = (of_other_type if seed % 2 else of_other_byte)(lines[:1], draw)
        for line in content.decode("utf-8", "replace").split("\n"):
            assert "\n" not in refusal(line, Record), seed


def test_changed_observations_are_refused_in_a_line() -> None:
    known = Log(ROOT / "results" / "notes", Observation).read()
    line = to_line(next(iter(known.values())))
    for seed in range(1000):
        draw = random.Random(seed)  # noqa: S311
        for text in (of_other_type if seed % 2 else of_other_byte)([line], draw).decode("utf-8", "replace").split("\n"):
            assert "\n" not in refusal(text, Observation), seed


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("scores", 0, "draws"), 10**9, "expected a value and a reason for each set and draw, got 1 values"),
        (("seed",), 2**70, "seed: expected a whole number"),
        (("provenance", "group"), 1e308, "provenance: group: expected"),
        (("provenance", "seconds"), ["x"], "provenance: seconds: expected a number"),
        (("curve", 0), {"step": 1, "metric": "fid"}, "curve: [0]: lacks value"),
        (("plan", "steps"), "x", "plan: steps: expected a whole number, got 'x'"),
        (("scores", 0, "better"), "up", "better"),
    ],
)
def test_a_table_inside_of_a_record_is_checked(path: tuple[Any, ...], value: Any, said: str, lines: list[str]) -> None:
    with pytest.raises(BadInput) as refused:
        read_line(json.dumps(changed(json.loads(lines[0]), path, value)), Record, "file, line 3")
    assert said in str(refused.value)
    assert str(refused.value).startswith("file, line 3: ")
