"""The scripts for other machines run here in a small form."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import gpu, race, torture


@pytest.mark.slow  # compiles
def test_the_gpu_script_measures_every_part_on_a_cpu_but_for_cuda_graphs(tmp_path: Path) -> None:
    page = tmp_path / "gpu.md"
    gpu.main(["--device", "cpu", "--tiny", "--out", str(page)])
    rows = [line.split(" | ") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert {row[0] for row in rows} == {"| equality", "| metrics", "| Inception", "| steps"}
    assert len(rows) == 2 + 2 + 1 + len(gpu.BACKENDS)
    for _, what, figure in rows:
        expected = "CUDA graphs need CUDA" if what.endswith("graphs") else ("within", " s |", "/s")
        assert any(each in figure for each in ([expected] if isinstance(expected, str) else expected)), (what, figure)


def test_after_the_deadline_parts_are_left_out_and_said(tmp_path: Path) -> None:
    page = tmp_path / "gpu.md"
    gpu.main(["--device", "cpu", "--tiny", "--minutes", "0", "--out", str(page)])
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert rows
    assert all("no time was left" in row for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "pip install 'ganbench[race]'"),
        (["gmmn@5"], "expected ns_gan@SEEDS, wgan_gp@SEEDS or dcgan@SEEDS, got gmmn@5"),
    ],
)
def test_a_race_without_jax_or_of_something_else_ends_in_one_line(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(race, "has_jax", lambda python: False)
    with pytest.raises(SystemExit) as ended:
        race.main(["--jax", sys.executable, *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("part", torture.PARTS)
def test_a_short_torture_breaks_no_promise(part: str) -> None:
    ((name, said, seconds),) = torture.torture(torture.SHORT, [part])
    assert said
    assert f"| {name} | {said} |" in torture.page([(name, said, seconds)])
