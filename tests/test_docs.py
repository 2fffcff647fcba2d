"""What the documentation tells people to type works; its notebooks run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from ganbench import data
from ganbench.cli.main import main
from ganbench.training import registry
from ganbench.training.trainer import Plan, Trainer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
NOTEBOOKS = sorted(DOCS.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("page", ["tutorials/paper.md", "own-baseline.md"])
def test_the_baseline_of_a_page_trains(page: str, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    code = next(block for block in blocks if "(Baseline)" in block)
    (tmp_path / "own.py").write_text(code, encoding="utf-8")
    ring = data.load("ring8")
    trainer = Trainer(registry.configure(str(tmp_path / "own.py"), {}, ring), ring, [0], Plan(2, batch=8))
    trainer.run()
    assert not trainer.failures


def commands() -> list[tuple[str, list[str]]]:
    """Every ``ganbench`` command in a block of a page, with its page."""
    result = []
    for page in PAGES:
        for block in re.findall(r"```(?:sh|yaml)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                text = re.sub(r"^(?:- run: |bash: |zsh:  |fish: )", "", line.strip())
                if text.startswith("ganbench "):
                    result.append((page.name, shlex.split(text, comments=True)[1:]))
    return result


def test_every_command_on_a_page_has_options_that_exist() -> None:
    listed = commands()
    assert len(listed) > 40
    for page, words in listed:
        command = main.commands.get(words[0])
        assert command, f"{page}: ganbench {words[0]}"
        passed_on = main.commands["run"].params if words[0] == "slurm" else []
        known = {name for each in (*command.params, *passed_on) for name in each.opts} | {"--help", "-h"}
        for word in words[1:]:
            option = word.strip("[]").partition("=")[0]
            assert not option.startswith("--") or option in known, f"{page}: {' '.join(words)}"


def test_what_pages_show_of_python_is_python() -> None:
    for page in PAGES:
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            if not block.startswith(">>>"):  # an example that doctest runs
                compile(block, page.name, "exec")


def test_every_page_is_in_the_navigation() -> None:
    yaml: Any = pytest.importorskip("yaml")
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert set(leaves(nav)) == there


def leaves(tree: Any) -> list[str]:
    """The pages of a navigation."""
    if isinstance(tree, str):
        return [tree]
    return [page for part in (tree.values() if isinstance(tree, dict) else tree) for page in leaves(part)]


def test_notebooks_are_committed_without_what_a_run_leaves() -> None:
    assert len(NOTEBOOKS) == 2
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of what runs notebooks, not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", cwd=str(tmp_path)).execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


def test_the_ray_cluster_of_the_page_is_one_that_ray_accepts() -> None:
    yaml, jsonschema = pytest.importorskip("yaml"), pytest.importorskip("jsonschema")
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install ganbench[ray]")
    page = (DOCS / "machines.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```yaml\n(cluster_name.*?)```", page, re.DOTALL)
    cluster = yaml.safe_load(text)
    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(cluster, schema)
    assert cluster["max_workers"] == len(cluster["provider"]["worker_ips"]) == 9
