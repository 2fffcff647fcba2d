"""Several selections of one folder side by side, and the options of ``ganbench table``."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ganbench.cli.main import main
from ganbench.errors import BadInput, UnknownName
from ganbench.records.record import Record
from ganbench.records.store import Store
from ganbench.tables.side_by_side import selections, tables_of
from tests.tables.made import scores, seeds_of

SHORT = {"steps": 500, "batch": 64}
LONG = {"steps": 5000, "batch": 64}


def row(name: str, *fid: float, **changes: Any) -> list[Record]:
    both = (scores("fid", *fid), scores("fid", *(2 * x for x in fid), weights="last"))
    return seeds_of(name, *both, **changes)


RECORDS = [
    *row("gan", 20.0, 21.0, 22.0, plan=SHORT),
    *row("gan", 10.0, 11.0, 12.0, plan=LONG),
    *row("wgan", 30.0, 31.0, 32.0, plan=SHORT),
    *row("wgan", 8.0, 8.1, 8.2, plan=LONG),
    *row("noise", 400.0, 401.0, 402.0, plan=LONG),
]


def test_rows_stand_side_by_side_each_selection_ranked_by_itself() -> None:
    (table,) = tables_of(selections(RECORDS, "steps"), "steps")
    assert table.header == ("league", "fid ↓ steps 500", "fid ↓ steps 5000")
    cells = {line.label: [f"{c.text}{'*' * c.in_tier}" for c in line.cells[1:]] for line in table.lines}
    assert list(cells) == ["wgan", "gan", "noise"]  # as the last selection ranks them
    assert cells["gan"] == ["21.0 (18.6-23.6)*", "11.0 (8.7-13.8)"]
    assert cells["wgan"][1].endswith("*")
    assert cells["noise"][0] == ""


def test_averaged_and_last_weights_stand_side_by_side() -> None:
    (table,) = tables_of(selections([r for r in RECORDS if r.plan == LONG], "weights"), "weights")
    assert table.header[1:] == ("fid ↓ weights average", "fid ↓ weights last")
    assert [cell.text.split(" ")[0] for cell in table.lines[1].cells[1:]] == ["11.0", "22"]


def test_controls_belong_to_every_selection_of_a_setting() -> None:
    own = [
        *row("gan", 20.0, 21.0, 22.0, settings={"lr": 0.1}),
        *row("gan", 10.0, 11.0, 12.0, settings={"lr": 0.2}),
        *row("noise", 400.0, 401.0, 402.0, settings={"lr": 0.0002}),
    ]
    (table,) = tables_of(selections(own, "lr"), "lr")
    assert table.header[1:] == ("fid ↓ lr 0.1", "fid ↓ lr 0.2")
    assert all(cell.text for cell in table.lines[-1].cells)


def test_a_field_must_be_known_and_must_differ() -> None:
    with pytest.raises(UnknownName, match="did you mean 'steps'"):
        selections(RECORDS, "step")
    with pytest.raises(BadInput, match="all records have 64"):
        selections(RECORDS, "batch")
    apart = [*row("gan", 1.0, 2.0, 3.0, plan=SHORT), *row("gan", 1.0, 2.0, 3.0, plan=LONG, dataset="ring8")]
    with pytest.raises(BadInput, match="digits: 500; ring8: 5000"):
        tables_of(selections(apart, "steps"), "steps")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Store(tmp_path / "results").append(*RECORDS)
    return tmp_path / "results"


def said(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["table", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_writes_files_only_without_a_form(folder: Path) -> None:
    code, text, _ = said(folder, "--format", "csv")
    assert code == 0
    assert {line["row"] for line in csv.DictReader(StringIO(text))} == {
        "gan (steps 500)", "gan (steps 5000)", "wgan (steps 500)", "wgan (steps 5000)", "noise",
    }  # fmt: skip
    assert not [*folder.glob("*.csv"), *folder.glob("*.md")]
    code, text, _ = said(folder)
    assert (folder / "summary.csv").is_file()
    assert "tables: " in text


@pytest.mark.parametrize("form", ["md", "latex", "html", "json"])
def test_every_form_is_printed_alone(folder: Path, form: str) -> None:
    code, text, _ = said(folder, "--format", form)
    assert (code, "tables:" in text) == (0, False)
    assert "wgan" in text
    if form == "json":
        assert {line["dataset"] for line in json.loads(text)["summary"]} == {"digits"}


def test_last_weights_are_shown_and_not_written(folder: Path) -> None:
    code, text, _ = said(folder, "--weights", "last")
    assert code == 0
    assert "the weights of the last step" in " ".join(text.split())
    assert not (folder / "summary.csv").exists()


def test_results_of_last_weights_alone_are_shown_without_being_asked_for(tmp_path: Path) -> None:
    Store(tmp_path).append(*seeds_of("gan", scores("fid", 1.0, 2.0, 3.0, weights="last")))
    code, text, _ = said(tmp_path)
    assert (code, "the weights of the last step" in " ".join(text.split())) == (0, True)
    assert ",3," in (tmp_path / "summary.csv").read_text()


@pytest.mark.parametrize("form", ["", "md", "latex", "html", "csv", "json"])
def test_selections_are_shown_in_every_form(folder: Path, form: str) -> None:
    code, text, _ = said(folder, "--compare", "steps", *(["--format", form] if form else []))
    assert code == 0
    assert "5000" in text
    assert not (folder / "summary.csv").exists()


def test_a_wrong_request_is_one_line(folder: Path, tmp_path: Path) -> None:
    Store(tmp_path / "old").append(*seeds_of("gan", scores("fid", 1.0, 2.0, 3.0)))
    for arguments, reason in (
        ((folder, "--compare", "stepz"), "unknown field of records 'stepz'; did you mean 'steps'"),
        ((folder, "--compare", "batch"), "--compare batch: expected two values or more, all records have 64"),
        ((tmp_path / "old", "--weights", "last"), "no scores of last weights, only of average"),
        ((folder, "--format", "xml"), "'xml' is not one of"),
    ):
        code, text, error = said(*arguments)
        assert (code, text) == (2, "")
        assert reason in error
        assert error.count("\n") == 1
