"""The answer at the top of the README: ``python -m ganbench.cli.readme results/standard`` puts a suite's there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from ganbench._util.files import write_atomically

ADDRESS = "https://github.com/ganbench/ganbench"  # as [project.urls] in pyproject.toml has it
RAW = ADDRESS.replace("//github.com", "//raw.githubusercontent.com") + "/main"
BLOCK = re.compile(r"<!-- answer:begin (\S+) -->\n.*?<!-- answer:end -->", re.DOTALL)
SAID = ("- Of ", "- Cannot be told apart")  # how the sentences begin that say who leads, and how sure that is
PICTURES = ("overview-digits.png", "overview-ring8.png")  # the first that a folder has


def block(results: Path, root: Path = Path()) -> str:
    """Return the sentences, the table and the picture of a results folder, which lies at ``results`` below ``root``."""
    lines = (root / results / "overview.md").read_text(encoding="utf-8").splitlines()
    said = "\n".join(line for line in lines if line.startswith(SAID))
    table = "\n".join(line for line in lines if line.startswith("|"))
    picture = next(name for name in PICTURES if (root / results / name).exists())
    shown = f"![Samples of every row, one seed each, with its score]({RAW}/{results.as_posix()}/{picture})"
    return f"<!-- answer:begin {results.as_posix()} -->\n{said}\n\n{table}\n\n{shown}\n<!-- answer:end -->"


def updated(readme: str, results: Path, root: Path = Path()) -> str:
    """Return a README with the answer of a results folder."""
    return BLOCK.sub(lambda _: block(results, root), readme)


def main() -> None:
    """Write README.md anew, from the root of the repository."""
    readme = Path("README.md")
    write_atomically(readme, updated(readme.read_text(encoding="utf-8"), Path(sys.argv[1])).encode())


if __name__ == "__main__":
    main()
