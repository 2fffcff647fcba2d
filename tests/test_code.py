"""What the code keeps to: no passage stands in two places, and locals have names that say what they hold."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from tests.conftest import ROOT

ALIKE = 8  # lines that no two places share, empty ones not counted
VAGUE = {"found", "law", "critic", "told"}  # for law and critic: distribution, discriminator


def modules() -> list[Path]:
    return [path for folder in ("ganbench", "baselines") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_two_places_share_a_passage() -> None:
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in modules():
        lines = [
            (number, line.strip())
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if line.strip()
        ]
        for start in range(len(lines) - ALIKE + 1):
            passage = tuple(line for _, line in lines[start : start + ALIKE])
            places[passage].append(f"{path.relative_to(ROOT)}:{lines[start][0]}")
    assert [places[passage] for passage in places if len(places[passage]) > 1] == []


def test_locals_say_what_they_hold() -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (name := getattr(node, "id", None) or getattr(node, "arg", None)) in VAGUE
        and isinstance(node, ast.Name | ast.arg)
    ]
    assert vague == []
