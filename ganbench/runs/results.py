"""A results folder from Python: its records, its tables, and the same written in other formats."""

from __future__ import annotations

import json
from functools import cached_property
from html import escape
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench._util.files import save_as
from ganbench.errors import Missing
from ganbench.records.record import Record, to_line
from ganbench.records.store import Store

if TYPE_CHECKING:  # it takes long to import
    import pandas as pd

    from ganbench.tables.comparison import Table

WIDE = 200  # characters


class Results:
    """What a run left in a folder.

    Parameters
    ----------
    folder : str or Path
        A folder with ``records.jsonl`` in it, such as ``results/quick``.
    every : bool
        Whether to take all records of the folder; by default those that its last run was about.

    Raises
    ------
    Missing
        Where there are no records in the folder.
    """

    def __init__(self, folder: str | Path, *, every: bool = False) -> None:
        self.folder, self.every = Path(folder), every
        if not (self.folder / "records.jsonl").is_file():
            raise Missing(f"{folder}: no records.jsonl here; expected the results of a run, such as results/quick")

    @cached_property
    def records(self) -> list[Record]:
        """The records, in the order in which the run was planned."""
        store = Store(self.folder)
        return list(store.read().values()) if self.every else store.selected()

    @property
    def tables(self) -> list[Table]:
        """One comparison of all rows for each data set, and those at equal budgets."""
        from ganbench.tables import compare  # noqa: PLC0415

        return compare(self.records, most=None)

    def __repr__(self) -> str:
        from rich.console import Console  # noqa: PLC0415

        from ganbench.tables import show  # noqa: PLC0415

        out = StringIO()
        Console(file=out, width=WIDE, color_system=None).print(show(self.records, None))
        text = "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip()
        return f"{len(self.records)} records in {self.folder}\n{text}".rstrip()

    def _repr_html_(self) -> str:
        from ganbench.tables.markup import as_html  # noqa: PLC0415

        return f"<p>{len(self.records)} records in {escape(str(self.folder))}</p>{''.join(map(as_html, self.tables))}"

    def to_dict(self) -> dict[str, Any]:
        """Return the records as plain data."""
        return {"folder": str(self.folder), "records": [json.loads(to_line(record)) for record in self.records]}

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each data set, baseline, metric and seed: ``table.csv`` with its keys looked up."""
        from ganbench.tables import frame  # noqa: PLC0415

        return frame(self.records)

    def to_csv(self) -> str:
        """Return one line for each seed and metric: the text of ``table.csv``."""
        from ganbench.tables import export, summarise  # noqa: PLC0415

        return export.table_csv(summarise(self.records))

    def to_markdown(self) -> str:
        """Return the comparisons of the best rows as Markdown: the text of ``table.md``."""
        from ganbench.tables import compare  # noqa: PLC0415
        from ganbench.tables.markup import markdown  # noqa: PLC0415

        return "\n".join(map(markdown, compare(self.records)))

    def to_latex(self) -> str:
        """Return the comparisons of the best rows as LaTeX, with what a paper needs beside them."""
        from ganbench.tables import Tables  # noqa: PLC0415
        from ganbench.tables.markup import document  # noqa: PLC0415

        tables = Tables(self.records)
        return document(tables.compared, tables.summaries)

    def save(self, path: str | Path) -> Path:
        """Write the comparison, whole or not at all, as the name's suffix says: .json, .csv, .md, .tex, .html, .txt.

        Raises BadInput for another suffix, and where the file cannot be written.
        """
        formats = {
            ".json": lambda: json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n",
            ".csv": self.to_csv,
            ".md": self.to_markdown,
            ".tex": self.to_latex,
            ".html": self._repr_html_,
            ".txt": lambda: f"{self!r}\n",
        }
        return save_as(path, formats)
