"""The picture of a score card: each metric of the samples over that of as many held-out reals, by encoder."""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten

from ganbench.report.style import ALARM, QUIET, SAMPLE, panels, save, style
from ganbench.scoring.card import Card, EncoderScore

LEAST = 1e-3  # ratios are drawn from here to its inverse


def draw(card: Card, path: Path) -> Path:
    """Draw a card as a PNG: ratios on a logarithmic axis, 1 being real data; orange is worse by more than a tenth."""
    with style():
        figure, axes = panels(len(card.encoders), 3, 3.4, 3.0)
        for ax, (name, lines) in zip(axes, card.encoders.items(), strict=True):
            shown = [each for each in lines if each.ratio is not None]
            ratios = [min(max(each.ratio or 0.0, LEAST), 1 / LEAST) for each in shown]
            places = range(len(shown))
            ax.hlines(places, 1, ratios, color=QUIET, linewidth=0.8)
            ax.scatter(ratios, places, color=[ALARM if is_worse(each) else SAMPLE for each in shown], zorder=3, s=22)
            ax.axvline(1, color=QUIET, linewidth=0.8)
            ax.set_yticks(list(places), [each.metric for each in shown])
            ax.set(xscale="log", xlim=(LEAST / 2, 2 / LEAST), title=name, xlabel="samples over held-out reals")
            ax.invert_yaxis()
        ratio = card.frechet_ratio
        ratio_text = f"; mean Frechet ratio {ratio.value:.3g} [{ratio.low:.3g}, {ratio.high:.3g}]" if ratio else ""
        warned = f"; warnings: {', '.join(sorted({each.code for each in card.warnings}))}" if card.warnings else ""
        figure.suptitle(shorten(f"{Path(card.samples).name}: n {card.n}{ratio_text}{warned}", 120), fontsize=9)
        return save(figure, path)


def is_worse(line: EncoderScore) -> bool:
    """Whether a metric is worse than that of real data by more than a tenth."""
    ratio = line.ratio or 0.0
    return ratio > 1.1 if line.better == "lower" else ratio < 0.9
