"""Records as tables: Markdown and LaTeX to read, CSV to compute with, and a view for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Group

from ganbench._util.files import write_atomically
from ganbench.records.record import Record, Weights, usual_weights
from ganbench.tables import export
from ganbench.tables.comparison import MOST, Table, equal, of_summary
from ganbench.tables.markup import as_html, document, markdown, terminal
from ganbench.tables.overview import Overview, overview
from ganbench.tables.summary import Summary, summarise

if TYPE_CHECKING:  # it takes long to import
    import pandas as pd

__all__ = ["Tables", "compare", "frame", "show", "summarise", "write"]

OVERFLOWING = np.errstate(over="ignore", invalid="ignore")  # of a score of 1e308 the variance is no number: no news
FORMATS = ("md", "csv", "latex", "html", "json")


class Tables:
    """All tables of some records, each computed once.

    Parameters
    ----------
    records : sequence of Record
        In any order: what is written depends on the records alone, not on their order or on the day.
    most : int or None
        Rows of tables that are to be read, at most; None for all. Data files always hold all.
    weights : {"average", "last"} or None
        Of the generators that the samples come from: averaged over the steps, or those of the last step. None for the
        averaged ones, or those of the last step where only they were scored.
    """

    def __init__(self, records: Sequence[Record], most: int | None = MOST, weights: Weights | None = None) -> None:
        self.records, self.most, self.weights = records, most, weights or usual_weights(records)

    @cached_property
    @OVERFLOWING
    def summaries(self) -> list[Summary]:
        """The summary of each data set, in alphabetical order."""
        return summarise(self.records, self.weights)

    @cached_property
    @OVERFLOWING
    def overview(self) -> Overview | None:
        """The answer across data sets; None where nothing was scored."""
        return overview(self.summaries, self.most)

    @cached_property
    @OVERFLOWING
    def compared(self) -> list[Table]:
        """One table for each data set, and after it those at equal budgets."""
        return [each for summary in self.summaries for each in (of_summary(summary, self.most), *equal(summary))]

    @property
    def all(self) -> list[Table]:
        """The answer across data sets, then the tables of each."""
        return [*([self.overview.table] if self.overview else []), *self.compared]

    @OVERFLOWING
    def write(self, folder: Path) -> list[Path]:
        """Write the tables into a folder; return their paths.

        ``overview.md`` is the answer across data sets; ``table.md`` and ``table.tex`` have a table for each.
        ``overview.json`` and ``summary.csv`` hold all of it as data, ``table.csv`` has a line for each seed and metric,
        ``table_keys.csv`` what these depend on, ``budgets.csv`` the rows at equal budgets.
        """
        texts = {
            "table.md": "\n".join(map(markdown, self.compared)),
            "table.csv": export.table_csv(self.summaries),
            "table_keys.csv": export.keys_csv(self.summaries),
            "summary.csv": export.summary_csv(self.summaries),
            "budgets.csv": export.budgets_csv(self.summaries),
            "table.tex": document(self.compared, self.summaries),
        }
        if self.overview:
            texts |= {"overview.md": markdown(self.overview.table), "overview.json": self.overview.to_json()}
        return [write_atomically(folder / name, text.encode()) for name, text in texts.items()]

    def show(self) -> Group:
        """Return the tables for a terminal, as a rich renderable."""
        return Group(*map(terminal, self.all))

    @OVERFLOWING
    def text(self, form: str) -> str:
        """Return the tables in one of FORMATS; CSV is that of ``summary.csv``, JSON has the overview too."""
        if form == "csv":
            return export.summary_csv(self.summaries)
        if form == "json":
            return export.as_json(self.summaries, self.overview)
        return printed(self.all, form, self.summaries)


def printed(tables: Sequence[Table], form: str, summaries: Sequence[Summary] = ()) -> str:
    """Return tables as Markdown, LaTeX or HTML."""
    if form == "latex":
        return document(tables, summaries)
    return "\n".join(map(markdown if form == "md" else as_html, tables)).rstrip("\n") + "\n"


def compare(records: Sequence[Record], most: int | None = MOST) -> list[Table]:
    """Return one table for each data set, in alphabetical order, and after it those at equal budgets."""
    return Tables(records, most).compared


def write(records: Sequence[Record], folder: Path) -> list[Path]:
    """Write the tables of records into a folder; return their paths, as ``Tables.write`` does."""
    return Tables(records).write(folder)


def show(records: Sequence[Record], most: int | None = MOST) -> Group:
    """Return the tables of records for a terminal, as a rich renderable."""
    return Tables(records, most).show()


def frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return one line for each data set, row, metric and seed, with everything that makes a score comparable."""
    return export.frame(summarise(records))
