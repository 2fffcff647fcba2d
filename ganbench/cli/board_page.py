"""The sanity board as a page: ``python -m ganbench.cli.board_page results/board > docs/sanity-board.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from ganbench.conformance import board


def main() -> None:
    sys.stdout.write(board.page(board.read(Path(sys.argv[1])), "../results/board/board.png"))


if __name__ == "__main__":
    main()
