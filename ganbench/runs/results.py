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
        """One comparison of baselines for each data set."""
        from ganbench.tables import compare  # noqa: PLC0415

        return compare(self.records)

    def __repr__(self) -> str:
        from rich.console import Console  # noqa: PLC0415

        from ganbench.tables import show  # noqa: PLC0415

        out = StringIO()
        Console(file=out, width=WIDE, color_system=None).print(show(self.records))
        text = "\n".join(line.rstrip() for line in out.getvalue().splitlines()).strip()
        return f"{len(self.records)} records in {self.folder}\n{text}".rstrip()

    def _repr_html_(self) -> str:
        return f"<p>{len(self.records)} records in {escape(str(self.folder))}</p>{''.join(map(as_html, self.tables))}"

    def to_dict(self) -> dict[str, Any]:
        """Return the records as plain data."""
        return {"folder": str(self.folder), "records": [json.loads(to_line(record)) for record in self.records]}

    def to_pandas(self) -> pd.DataFrame:
        """Return one row for each data set, baseline, metric and seed: the table of ``table.csv``."""
        from ganbench.tables import frame  # noqa: PLC0415

        return frame(self.records)

    def to_markdown(self) -> str:
        """Return the comparisons as Markdown: the text of ``table.md``."""
        from ganbench.tables.markup import markdown  # noqa: PLC0415

        return "\n".join(map(markdown, self.tables))

    def to_latex(self) -> str:
        """Return the comparisons as LaTeX that needs the package booktabs."""
        from ganbench.tables.markup import latex  # noqa: PLC0415

        return "\n".join(map(latex, self.tables))

    def save(self, path: str | Path) -> Path:
        """Write the comparison, whole or not at all, as the name's suffix says: .json, .csv, .md, .tex, .html, .txt.

        Raises BadInput for another suffix, and where the file cannot be written.
        """
        formats = {
            ".json": lambda: json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n",
            ".csv": lambda: str(self.to_pandas().to_csv(index=False, lineterminator="\n")),
            ".md": self.to_markdown,
            ".tex": self.to_latex,
            ".html": self._repr_html_,
            ".txt": lambda: f"{self!r}\n",
        }
        return save_as(path, formats)


def as_html(table: Table) -> str:
    """Return a comparison as HTML, as a notebook shows it."""
    head = "".join(f"<th>{escape(name)}</th>" for name in ("baseline", *table.header))
    body = "".join(
        f"<tr><th>{escape(line.label)}</th>{''.join(f'<td>{escape(cell.text)}</td>' for cell in line.cells)}</tr>"
        for line in table.lines
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    return f"<h3>{escape(table.dataset)}</h3><table><tr>{head}</tr>{body}</table><ul>{notes}</ul>"
