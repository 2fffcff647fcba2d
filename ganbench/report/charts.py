"""Charts of records: how scores moved while training, and where they ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ganbench.records.picture_marks import mark_of
from ganbench.records.record import Record
from ganbench.report.style import COLOURS, DASHES, QUIET, file_name, line_style, panels, save, style
from ganbench.tables.columns import Column, columns
from ganbench.tables.rows import Row, rows
from ganbench.tables.scales import scale_of
from ganbench.tables.summary import Summary, summarise

DECADES = 30.0  # ratio of largest to smallest from which an axis is logarithmic
NAMED = 8  # lines that stand out where all are drawn
CROWD = 16  # lines that an eye can follow in one panel
ACROSS = 8  # panels side by side
OTHERS = "#D9D9D9"


def curves(records: Sequence[Record], folder: Path, form: str = "png") -> list[Path]:
    """Draw learning curves, a panel for each data set and watched metric; writes ``curves.png``, if there are any.

    Lines are means over seeds, bands reach from the lowest to the highest seed; controls are horizontal lines. Where
    one panel would hold a crowd, every baseline gets its own, and there are pictures ``curves-<dataset>-<metric>.png``.
    """
    watched = sorted({(record.dataset, each["metric"]) for record in records for each in record.curve})
    if not watched:
        return []
    down = [row for name in sorted({name for name, _ in watched}) for row in members(records, name)]
    if len({row.label for row in down if not row.is_control}) > CROWD:
        return [path for dataset, metric in watched for path in crowd(records, dataset, metric, folder, form)]
    trained = sorted({row.label for row in down if not row.is_control})
    styles = {label: line_style(i) for i, label in enumerate(trained)}
    quiet = sorted({row.label for row in down if row.is_control})
    styles |= {label: (QUIET, DASHES[i % len(DASHES)]) for i, label in enumerate(quiet)}
    with style():
        figure, axes = panels(len(watched), 2, 3.6, 2.8)
        for ax, (dataset, metric) in zip(axes, watched, strict=True):
            curve_panel(ax, members(records, dataset), metric, styles)
            ax.set(title=dataset, xlabel="steps", ylabel=named(metric, records, dataset))
        legend(figure, axes, list(styles))
        return [save(figure, folder / f"curves.{form}", mark_of(records))]


def crowd(records: Sequence[Record], dataset: str, metric: str, folder: Path, form: str = "png") -> list[Path]:
    """Draw one panel for each baseline with a curve: it stands out among all others; dashed the held-out data."""
    down = members(records, dataset)
    courses = {row.label: course(row, metric) for row in down if not row.is_control}
    courses = {label: points for label, points in courses.items() if len(points[0])}
    if not courses:
        return []
    floor = [points[2][-1] for row in down if row.label == "held_out" and len((points := course(row, metric))[0])]
    seen = np.concatenate([*(part for points in courses.values() for part in points[1:]), floor])
    least, most, margin = seen.min(), seen.max(), np.ptp(seen) / 20 or 1.0
    limits = (least / 1.4, most * 1.4) if wide(seen, metric) else (least - margin, most + margin)
    lines = [np.column_stack((steps, mean)) for steps, _, mean, _ in courses.values()]
    with style():
        figure, axes = panels(len(courses), ACROSS, 1.2, 1.1)
        for ax, (label, (steps, low, mean, high)) in zip(axes, courses.items(), strict=True):
            ax.add_collection(LineCollection(lines, colors=OTHERS, linewidths=0.5))
            ax.fill_between(steps, low, high, color=COLOURS[0], alpha=0.25, linewidth=0)
            ax.plot(steps, mean, color=COLOURS[0])
            for height in floor:
                ax.axhline(height, color=QUIET, linestyle="--", linewidth=0.8)
            ax.set(yscale="log" if wide(seen, metric) else "linear", ylim=limits)
            ax.set_title(label, fontsize=6.5)
            ax.label_outer()
        what = named(metric, records, dataset)
        figure.suptitle(f"{dataset}: {what} by steps; grey: the other baselines, dashed: held-out data", fontsize=9.5)
        path = folder / f"curves-{file_name(dataset)}-{file_name(metric)}.{form}"
        return [save(figure, path, mark_of(records))]


def wide(seen: Sequence[float] | NDArray[np.float64], metric: str) -> bool:
    """Whether a metric is compared by ratios, and its values are so far apart that their axis should show these."""
    return scale_of(metric) == "log" and len(seen) > 0 and min(seen) > 0 and max(seen) > DECADES * min(seen)


def members(records: Sequence[Record], dataset: str) -> list[Row]:
    return rows(record for record in records if record.dataset == dataset)


def named(metric: str, records: Sequence[Record], dataset: str) -> str:
    """Return what the data set's table calls a metric, with its arrow; its plain name where it is not in the table."""
    same = columns(each for each in records if each.dataset == dataset)
    return next((replace(each, mark="").header for each in same if each.example.metric == metric), metric)


def curve_panel(axes: Axes, members: Sequence[Row], metric: str, styles: dict[str, tuple[str, str]]) -> None:
    """One line for each row."""
    seen: list[float] = []
    for row in members:
        steps, low, mean, high = course(row, metric)
        if not len(steps):
            continue
        seen += [*low.tolist(), *high.tolist()]
        colour, dashes = styles[row.label]
        if row.is_control:
            axes.axhline(float(mean[-1]), color=colour, linestyle=dashes, linewidth=0.9, label=row.label)
            continue
        axes.plot(steps, mean, color=colour, linestyle=dashes, label=row.label)
        axes.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
    if wide(seen, metric):
        axes.set_yscale("log")


def course(row: Row, metric: str) -> tuple[NDArray[np.float64], ...]:
    """Return steps, and the lowest, mean and highest seed at each; steps at which no seed has a value are left out."""
    at: dict[int, list[float]] = {}
    for point in (point for record in row.records for point in record.curve if point["metric"] == metric):
        values = at.setdefault(point["step"], [])
        if point["value"] is not None:
            values.append(point["value"])
    points = [(step, min(values), float(np.mean(values)), max(values)) for step, values in sorted(at.items()) if values]
    return tuple(np.array(points, dtype=np.float64).reshape(-1, 4).T)


def tuned(means: Mapping[str, Sequence[float]], dataset: str, objective: str, path: Path, better: str) -> Path:
    """Draw what the best of 1, 2, ... trials reaches, a line for each baseline; the best ``NAMED`` of all stand out."""
    order = sorted(means, key=lambda label: means[label][-1] * (-1 if better == "higher" else 1))
    with style():
        figure, axes = panels(1, 1, 5.2, 3.4)
        for label in reversed(order):
            named = label in order[:NAMED]
            colour, dash = line_style(order.index(label)) if named else (OTHERS, "-")
            x = range(1, len(means[label]) + 1)
            axes[0].plot(x, means[label], color=colour, linestyle=dash, linewidth=1.2, label=label if named else None)
        axes[0].set(title=dataset, xlabel="trials of settings", ylabel=f"mean {objective} of the best of them")
        axes[0].set(yscale="log" if wide([value for own in means.values() for value in own], objective) else "linear")
        legend(figure, axes, order[:NAMED])
        return save(figure, path)


def legend(figure: Figure, axes: Sequence[Axes], order: Sequence[str]) -> None:
    """One legend for all panels, at the right; each label once."""
    handle_of = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    labels = [label for label in order if label in handle_of]
    if labels:
        handles = [handle_of[label] for label in labels]
        figure.legend(handles, labels, loc="outside right upper", ncols=1 + len(labels) // 25)


def intervals(records: Sequence[Record], folder: Path, form: str = "png") -> list[Path]:
    """Draw means with 95 % intervals, a panel for each column of a data set's table; ``intervals-<dataset>.png``.

    Small dots are seeds. Baselines are blue, controls grey.
    """
    paths = []
    for summary in summarise(records):
        if summary.columns:
            with style():
                figure, axes = panels(len(summary.columns), ACROSS, 1.7, 0.7 + 0.17 * len(summary.rows))
                for i, (ax, column) in enumerate(zip(axes, summary.columns, strict=True)):
                    interval_panel(ax, summary, column, named=i % ACROSS == 0)
                figure.suptitle(f"{summary.dataset}: means with 95 % intervals over seeds", fontsize=9.5)
                path = folder / f"intervals-{file_name(summary.dataset)}.{form}"
                paths.append(save(figure, path, mark_of(records)))
    return paths


def interval_panel(axes: Axes, summary: Summary, column: Column, named: bool) -> None:
    """One column: a dot with its interval for each row, the first row on top; distances on a logarithmic axis."""
    seen: list[float] = []
    for colour, is_control in ((COLOURS[0], False), (QUIET, True)):
        for place, row in enumerate(summary.rows):
            entry, values = summary.entries[row.label, column.name], row.values(column)
            if row.is_control != is_control or not entry.estimate:
                continue
            seen += values
            axes.scatter(values, [place] * len(values), s=7, color=colour, alpha=0.35, linewidths=0)
            mean, low, high = entry.estimate.mean, entry.estimate.low, entry.estimate.high
            halves = [[mean - (mean if low is None else low)], [(mean if high is None else high) - mean]]
            axes.errorbar([mean], [place], xerr=halves, fmt="o", markersize=3, color=colour, linewidth=1)
    if wide(seen, column.example.metric):
        axes.set(xscale="log", xlim=(min(seen) / 2, max(seen) * 2))
    if column.example.better == "target" and column.ideal is not None:
        axes.axvline(column.ideal, color=QUIET, linewidth=0.8, zorder=0)
    axes.set(yticks=range(len(summary.rows)), ylim=(len(summary.rows) - 0.5, -0.5), title=column.header)
    axes.set_yticklabels([row.label for row in summary.rows] if named else [])
