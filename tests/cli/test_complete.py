"""The Tab key completes every name, without importing anything that takes long."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ganbench._util.catalogue import catalogue
from tests.runs.command import ganbench

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys; from ganbench.cli.main import main; sys.argv[0] = 'ganbench'; main(prog_name='ganbench')"


def completed(*words: str, cwd: Path = ROOT) -> list[str]:
    """What bash is told for the last of some words, as click's own script asks."""
    environment = os.environ | {
        "_GANBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["ganbench", *words]),
        "COMP_CWORD": str(len(words)),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-X", "importtime", "-c", PROGRAM]
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    assert not any(f" {name}\n" in done.stderr for name in ("torch", "numpy", "scipy", "pandas"))
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("run", "--baseline", "wgan"), ["wgan", "wgan_gp", "wgan_lp"]),
        (("run", "--baseline", "al"), ["all"]),
        (("run", "--baseline", "ns_gan+r"), ["ns_gan+r1", "ns_gan+r2"]),
        (("run", "--add", "f_gan:kl+r1+le"), ["f_gan:kl+r1+lecam"]),
        (("run", "--dataset", "ri"), ["ring8"]),
        (("run", "--suite", "qu"), ["quick"]),
        (("run", "--experiment", "bl"), ["blur"]),
        (("run", "--metrics", "fid,kid_po"), ["fid,kid_polynomial"]),
        (("score", "x", "--features", "rand"), ["random_conv"]),
        (("score", "--reference", "digits"), ["digits:held_out", "digits:train", "digits:control"]),
        (("check", "--metric", "authen"), ["authenticity"]),
        (("table", "results/qu"), ["results/quick"]),
        (("list", "bas"), ["baselines"]),
        (("rep",), ["report"]),
    ],
)
def test_a_name_is_completed(words: tuple[str, ...], names: list[str]) -> None:
    if words[-1] == "fid,kid_po":
        names = [f"fid,{name}" for name in catalogue()["metrics"] if name.startswith("kid_po")]
    assert set(names) <= set(completed(*words))


def test_a_name_that_is_there_already_is_not_offered_again() -> None:
    assert "fid,fid" not in completed("run", "--metrics", "fid,f")


def test_a_regulariser_that_is_there_already_is_not_offered_again() -> None:
    assert completed("run", "--baseline", "ns_gan+r1+r") == ["ns_gan+r1+r2"]


def test_a_path_is_left_to_the_shell() -> None:
    assert completed("run", "--baseline", "./mi") == ["./mi"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_one_that_it_can_read(shell: str, tmp_path: Path) -> None:
    done = ganbench("completion", shell)
    assert done.exit_code == 0
    assert "_GANBENCH_COMPLETE" in done.stdout
    (tmp_path / "script").write_text(done.stdout)
    if program := shutil.which(shell):
        subprocess.run([program, "-n", str(tmp_path / "script")], check=True)  # noqa: S603


def test_a_shell_that_is_not_known_is_one_line() -> None:
    done = ganbench("completion", "tcsh")
    assert done.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in done.stderr
