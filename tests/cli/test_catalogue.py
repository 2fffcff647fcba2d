"""The catalogue says what the code says."""

from __future__ import annotations

import json

from ganbench._util.catalogue import FILE, facts
from ganbench.cli import catalogue


def test_the_file_is_what_the_code_would_write() -> None:
    kept, made = json.loads(FILE.read_text(encoding="utf-8")), json.loads(catalogue.text())
    for kind, entries in made.items():
        assert list(kept[kind]) == list(entries), f"{kind}: write it anew with python -m ganbench.cli.catalogue"
        for name, each in entries.items():
            assert kept[kind][name] == each, f"{name}: write it anew with python -m ganbench.cli.catalogue"


def test_what_is_not_in_it_has_no_facts() -> None:
    assert facts("metrics", "fid")["better"] == "lower"
    assert facts("metrics", "./mine.py") == {}
