"""The public names of the package: what there is, what it costs to import, and what reports and results turn into."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganbench
from ganbench.errors import BadInput, Missing
from ganbench.tables import write

ROOT = Path(__file__).parents[1]


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def report() -> Any:
    real, fake = (np.random.default_rng(seed).normal(size=(60, 3)) for seed in (0, 1))
    return ganbench.score(fake, real, metrics="fid, precision")


def test_importing_the_package_is_quick_and_imports_no_torch() -> None:
    code = """
import sys, time
began = time.process_time()
import ganbench
print(time.process_time() - began < 0.1 or time.process_time() - began, "torch" in sys.modules, "numpy" in sys.modules)
"""
    assert python(code) == "True False False"


def test_every_public_name_is_there_and_nothing_else_is_listed() -> None:
    assert dir(ganbench) == sorted(ganbench.__all__)
    assert {"score", "run", "Options", "Report", "Results", "metrics"} <= set(ganbench.__all__)
    assert all(getattr(ganbench, name) is not None for name in ganbench.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        _ = ganbench.scores


def test_scoring_imports_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    code = f"""
import sys
import numpy as np
from click.testing import CliRunner
from ganbench.cli.main import main
for seed in (0, 1):
    np.save(f"{tmp_path}/{{seed}}.npy", np.random.default_rng(seed).integers(0, 256, (30, 8, 8, 3), np.uint8))
words = ["score", "{tmp_path}/0.npy", "--reference", "{tmp_path}/1.npy", "--metrics", "fid", "--no-cache"]
result = CliRunner().invoke(main, words)
assert result.exit_code == 0, result.output
heavy = ("matplotlib", "pandas", "torchvision", "sklearn", "ray")  # numba serves exact distances, which W107 uses
print([name for name in heavy if name in sys.modules])
"""
    assert python(code) == "[]"


def test_metrics_are_named_as_on_the_command_line(report: Any) -> None:
    assert list(report.values["an array in memory"]) == ["fid", "precision"]


def test_a_report_is_its_table_and_plain_data(report: Any) -> None:
    value = report.rows[0].value("fid")
    shown = f"{value:.5g}"
    assert shown in repr(report)
    assert f"<td>{shown}</td>" in report._repr_html_()
    assert f"| {shown} |" in report.to_markdown()
    assert report.to_dict()["rows"][0]["scores"][0]["value"] == value
    frame = report.to_pandas()
    assert frame.set_index("metric").loc["fid", "value"] == value


@pytest.mark.parametrize("suffix", [".json", ".csv", ".md", ".tex", ".html", ".txt"])
def test_a_report_is_saved_by_the_suffix_of_the_name(report: Any, suffix: str, tmp_path: Path) -> None:
    path = report.save(tmp_path / f"report{suffix}")
    texts = {".json": report.to_json(), ".csv": report.to_csv(), ".md": report.to_markdown(), ".txt": f"{report!r}\n"}
    assert path.read_text(encoding="utf-8") == texts.get(suffix, path.read_text(encoding="utf-8")) != ""
    with pytest.raises(BadInput, match=r"expected a name that ends in .json, .csv"):
        report.save(tmp_path / "report.docx")


def test_names_in_html_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "<b>&.npy"
    np.save(path, np.random.default_rng(1).normal(size=(60, 3)))
    html = ganbench.score(str(path), np.random.default_rng(0).normal(size=(60, 3)), metrics="fid")._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;.npy" in html


def channel_means(x: torch.Tensor) -> torch.Tensor:
    return torch.cat([x.float().mean((2, 3)), x.float().std((2, 3))], 1)


def test_features_may_be_a_callable_known_by_its_name_and_source() -> None:
    real, fake = (np.random.default_rng(seed).integers(0, 256, (40, 8, 8, 3), np.uint8) for seed in (0, 1))
    row = ganbench.score(fake, real, metrics="fid", features=channel_means).rows[0]
    expected = ganbench.metrics.fid(*(channel_means(torch.from_numpy(x).permute(0, 3, 1, 2)) for x in (real, fake)))
    assert row.value("fid") == pytest.approx(expected, rel=1e-12)  # rows are scored in another order
    identity = row.scores[0].features
    assert identity["name"] == f"{__name__}.channel_means"
    assert len(identity["source_sha256"]) == 64
    scaled = ganbench.score(
        fake, real, metrics="fid", features=channel_means, options=ganbench.Options(pixels="[-1, 1]")
    )
    assert scaled.rows[0].value("fid") == pytest.approx(expected / 127.5**2, rel=1e-3)
    with pytest.raises(BadInput, match="expected a name or a callable, got int"):
        ganbench.score(fake, real, features=3)  # type: ignore[arg-type]


def test_the_weights_of_a_module_are_part_of_its_identity() -> None:
    images = [np.random.default_rng(seed).integers(0, 256, (40, 6, 6, 1), np.uint8) for seed in (0, 1)]

    class Scaled(torch.nn.Module):
        def __init__(self, by: float) -> None:
            super().__init__()
            self.by = torch.nn.Parameter(torch.tensor(by))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (self.by * x.float()).flatten(1)

    digests = {
        ganbench.score(*images, metrics="precision", features=Scaled(by)).features["source_sha256"]
        for by in (1.0, 1.0, 2.0)
    }
    assert len(digests) == 2


def test_results_of_a_folder_are_its_tables_and_plain_data(tmp_path: Path) -> None:
    results = ganbench.Results(ROOT / "results" / "quick")
    for path in write(results.records, tmp_path / "written"):
        if path.suffix in (".md", ".csv") and path.stem == "table":
            assert results.save(tmp_path / path.name).read_bytes() == path.read_bytes()
    assert len(json.loads(results.save(tmp_path / "all.json").read_text())["records"]) == len(results.records)
    for baseline in {record.baseline for record in results.records}:
        assert baseline in repr(results)
        assert f"<th>{baseline}<" in results._repr_html_() or "(" in baseline
    with pytest.raises(Missing, match=r"no records.jsonl here"):
        ganbench.Results(tmp_path)
    with pytest.raises(BadInput, match=r"expected a name that ends in"):
        results.save(tmp_path / "table.docx")


def test_a_suite_is_run_from_python(tmp_path: Path) -> None:
    results = ganbench.run(
        "quick", baselines="gan", datasets="ring8", seeds=[0, 1], metrics="fid", steps=2, out=tmp_path
    )
    frame = results.to_pandas()
    assert sorted(frame["seed"]) == [0, 1]
    assert set(frame["metric"]) == {"frechet"}
    assert len(ganbench.Results(tmp_path / "quick").records) == len(results.records)
    with pytest.raises(BadInput, match="is a suite of experiments"):
        ganbench.run("notes", out=tmp_path)
