"""Cells that end no better than they began are found, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganbench.records.store import Store
from ganbench.runs.did_not_learn import main, verdicts
from tests.runs.command import TINY, ganbench, suite


@pytest.mark.slow
def test_training_that_stands_still_is_told_from_one_that_learns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TINY.replace('"ns_gan", "noise"', '"ns_gan", "gmmn", "noise"').replace("steps = 2", "steps = 60")
    text += "[settings.ring8.ns_gan]\nlr = 1e-30\n[settings.ring8.gmmn]\nema = 0.0\nscales = [0.05, 0.5]\n"
    done = ganbench("run", "--suite", suite(tmp_path, text), "--out", str(tmp_path), "--jobs", "1")
    assert done.exit_code == 0, done.output
    records = list(Store(tmp_path / "tiny").read().values())
    by_name = {verdict.row.records[0].baseline: verdict for verdict in verdicts(records, None)}
    assert set(by_name) == {"ns_gan", "gmmn"}  # controls are not trained
    assert by_name["ns_gan"].trained == pytest.approx(by_name["ns_gan"].untrained)
    assert by_name["gmmn"].learned
    assert main([str(tmp_path / "tiny")]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("gmmn")]
    assert line.startswith("ns_gan on ring8: fid ")
    assert ", untrained " in line


def test_a_folder_without_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "records.jsonl").write_text("{}\n")
    assert main([str(tmp_path)]) == 2
    assert "line 1: lacks" in capsys.readouterr().err
