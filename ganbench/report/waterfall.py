"""The picture of an explanation: a waterfall from one number to the other, with the interval of each step."""

from __future__ import annotations

from pathlib import Path

from ganbench.errors import BadInput
from ganbench.report.style import ALARM, QUIET, SAMPLE, panels, save, style
from ganbench.scoring.explain import Explanation

THICK = 0.62  # of a bar, of the distance of two


def draw(explanation: Explanation, path: Path) -> Path:
    """Write the waterfall as a PNG; raises BadInput for another suffix, and where it cannot be written."""
    if path.suffix.lower() != ".png":
        raise BadInput(f"{path}: expected a name that ends in .png")
    steps = explanation.steps
    labels = [explanation.start, *(f"{each.field}\n{each.before} -> {each.after}" for each in steps), explanation.end]
    with style():
        figure, (axes,) = panels(1, 1, 6.4, 0.55 * len(labels) + 0.9)
        axes.barh(0, explanation.value, THICK, color=QUIET)
        before = explanation.value
        for place, each in enumerate(steps, 1):
            axes.barh(place, each.change, THICK, left=before, color=ALARM if each.change > 0 else SAMPLE)
            if each.interval:
                low, high = (before + end for end in each.interval)
                axes.plot([low, high], [place, place], color="black", linewidth=1)
            axes.annotate(f"{each.change:+.3g}", (max(before, each.value), place), (4, 5), textcoords="offset points")
            axes.plot([each.value, each.value], [place - THICK / 2, place + 1 + THICK / 2], color=QUIET, linewidth=0.6)
            before = each.value
        axes.barh(len(labels) - 1, explanation.final, THICK, color=QUIET)
        for place, value in ((0, explanation.value), (len(labels) - 1, explanation.final)):
            axes.annotate(f"{value:.4g}", (value, place), (4, -3), textcoords="offset points")
        axes.set_yticks(range(len(labels)), labels)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_title(f"{explanation.n} of {explanation.samples} against {explanation.reference}")
        try:
            return save(figure, path)
        except OSError as error:
            raise BadInput(f"{path}: cannot be written ({error.strerror})") from error
