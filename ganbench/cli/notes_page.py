"""The atlas of the notes as a page: ``python -m ganbench.cli.notes_page results/notes > docs/notes.md``."""

from __future__ import annotations

import sys
from pathlib import Path

from ganbench.cli.notes_run import thorough
from ganbench.notes.pages import atlas
from ganbench.notes.record import Observation
from ganbench.records.store import Log

PICTURES = "../results/notes/"  # from the folder of the page


def page(results: Path) -> str:
    """Return the page in Markdown, of the latest observation of each experiment in a results folder."""
    latest = {observation.experiment: observation for observation in Log(results, Observation).read().values()}
    return atlas(list(latest.values()), PICTURES, thorough(results))


def main() -> None:
    sys.stdout.write(page(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
