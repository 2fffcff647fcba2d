"""Observations as pages: the table of statements, the atlas with a picture of each, and a CSV to compute with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from ganbench._util.files import write_atomically
from ganbench._util.markup import escaped
from ganbench.notes import CHAPTERS, EXPERIMENTS, load
from ganbench.notes.base import Experiment, Findings, Matrix
from ganbench.notes.claims import LISTS, VERDICTS, Claim, about, claims, digest
from ganbench.notes.history import recorded
from ganbench.notes.record import Observation
from ganbench.report.style import DPI, save, style
from ganbench.tables.numbers import written
from ganbench.tables.statistics import CONFIDENCE, interval

INTRODUCTION = f"""# What we know about GAN metrics, tested

What a reader gains, each line from an experiment below:

{{gains}}

Behind these stand {{count}} statements: of five study notes on GANs, word for word; of the papers that the notes name;
and our own. Each has an experiment, the number that was expected, and a rule that can end in *right*, *wrong* or
*undecided*, whatever was expected. A rule is a list of conditions on measured numbers: right where each is sure
({CONFIDENCE:.0%} intervals over seeds, Student's t; of a share of runs, Clopper and Pearson's), wrong where one surely
fails, undecided otherwise, and undecided too where the experiment does not find its own control (*sound*). *Loose* is
right as people mean it and false to the letter; *damaged* is text that lost a sign on its way into the note. Rules are
data (`ganbench/notes/claims/`), and each ends in *undecided* on numbers that are pure noise (a test).

A number that was recalled from memory supports no verdict; `results/published.csv` says how each was read.
"""
GAINS = (  # what a reader gains, and the claims that must be right for it to be said
    ("The Inception Score is no distance: one image per class, copies, averages, noise far from the borders and "
     "adversarial images all score above real images.",
     ("IS on one image per class", "IS on copied training images", "IS on blurry averages",
      "H(y|x) and score under an adversary", "IS of noise around a ring")),
    ("It grows with the number of samples, loses a tenth of itself to ten splits and nearly everything to sorted ones: "
     "compare scores of one size, in one order, by one classifier.",
     ("IS grows with the sample", "IS in ten splits", "IS of sorted samples", "IS of a retrained classifier")),
    ("FID sees means and covariances only: another distribution with the same two has the distance 0, and so does a "
     "single Gaussian over a ring of modes.",
     ("equal moments, another distribution", "two moments of a blurry ring")),
    ("A count of modes is passed by a single Gaussian, and a table of modes and quality by the bare centres: report "
     "the spread within modes too.",
     ("modes captured by a blob", "perfect scores of mere centres")),
    ("The Inception Score rises for copies of training images; metrics that are given the training set notice them.",
     ("IS on copied training images",)),
    ("Log-likelihood by Parzen windows ranks centres of clusters above true samples.",
     ("Parzen windows for an implicit density",)),
    ("With settings searched for each alike, none of six published improvements is a fifth closer to the data than the "
     "original GAN on every data set that was tried.",
     ("six improvements and the original",)),
    ("A GAN's own losses say nothing of its distance to the data; the estimate of a WGAN-GP's discriminator "
     "follows it, along one run.",
     ("no robust stopping criterion", "the discriminator's estimate as a monitor")),
)  # fmt: skip
LOOKED = "## Rules that were changed after a look at the numbers"
HEADER = ["statement", "where", "expected", "measured", "verdict"]
MEANT = {"confirmed": "right", "note is wrong": "wrong", "not confirmed": "undecided"}  # in records of an older form


def write(
    observations: Sequence[Observation], folder: Path, redraw: bool, full: Sequence[Observation] = ()
) -> list[Path]:
    """Write ``table.md``, ``table.csv``, ``atlas.md`` and, with ``redraw``, the pictures; return their paths.

    ``full`` are observations of the full form, whose verdicts stand beside those of the fast one.
    """
    texts = {
        "table.md": table(observations, full),
        "atlas.md": atlas(observations, full=full),
        "table.csv": csv(observations, full),
    }
    paths = [write_atomically(folder / name, text.encode()) for name, text in texts.items()]
    return paths + ([picture(each, folder) for each in observations if each.status == "done"] if redraw else [])


def picture(observation: Observation, folder: Path) -> Path:
    """Draw an observation into ``folder/<experiment>.png``."""
    experiment = load(observation.experiment)
    with style():
        figure = Figure(figsize=experiment.size, dpi=DPI, layout="constrained")
        experiment.draw(observation.findings, figure)
        return save(figure, folder / f"{observation.experiment}.png")


def ordered(observations: Sequence[Observation]) -> list[tuple[str, list[tuple[Experiment, Observation]]]]:
    """Return the chapters' titles with their experiments, in the order of the table of contents."""
    known = {each.experiment: each for each in observations}
    pairs = [(load(name), known[name]) for name in EXPERIMENTS if name in known]
    parts = [(title, [pair for pair in pairs if pair[0].chapter == chapter]) for chapter, title in CHAPTERS.items()]
    return [(title, part) for title, part in parts if part]


def judged(observations: Sequence[Observation]) -> list[tuple[Claim, Observation | None]]:
    """Return every claim whose experiment was carried out, and those that need none, in the order of the lists."""
    known = {each.experiment: each for each in observations}
    return [(claim, known.get(claim.experiment)) for claim in claims()
            if claim.experiment in known or claim.kind == "damaged"]  # fmt: skip


def table(observations: Sequence[Observation], full: Sequence[Observation] = ()) -> str:
    """Return the statements with their verdicts, list by list, the matrices, and what is to be corrected."""
    pairs, thorough = judged(observations), by_experiment(full)
    parts = ["# Statements and verdicts", tally(observations)]
    for name, title in LISTS.items():
        if rows := [row(claim, each, thorough.get(claim.experiment)) for claim, each in pairs if claim.list == name]:
            parts += [f"## {title}", grid(HEADER, rows)]
    parts += ["## Matrices"] if any(each.findings.matrices for each in observations) else []
    parts += [matrix for _, part in ordered(observations) for _, each in part for matrix in matrices(each.findings)]
    return "\n\n".join([*parts, *errata(observations)]) + "\n"


def tally(observations: Sequence[Observation]) -> str:
    """Count the verdicts, list by list."""
    pairs = judged(observations)
    lines = []
    for name, title in LISTS.items():
        said = [verdict(claim, each) for claim, each in pairs if claim.list == name]
        counted = [f"{said.count(word)} {word}" for word in (*VERDICTS, "failed") if word in said]
        lines += [f"- {title}: {len(said)} statements, {', '.join(counted)}."] if said else []
    return "\n".join(lines)


def by_experiment(observations: Sequence[Observation]) -> dict[str, Observation]:
    return {each.experiment: each for each in observations if each.status == "done"}


def row(claim: Claim, observation: Observation | None, full: Observation | None) -> list[str]:
    said = verdict(claim, observation)
    return [
        escaped(claim.statement),
        escaped(claim.where),
        escaped(f"{claim.expected} ({claim.source})" if claim.expected else ""),
        measured(claim, observation),
        f"{said}; full form: {verdict(claim, full)}" if full else said,
    ]


def verdict(claim: Claim, observation: Observation | None) -> str:
    """Return the verdict by the rules of the day, or that the experiment failed."""
    if observation is None:
        return "damaged"
    return claim.judge(observation.findings) if observation.status == "done" else "failed"


def measured(claim: Claim, observation: Observation | None) -> str:
    """Return the numbers that answer a claim, the first alone or each with its name."""
    if observation is None:
        return ""
    if observation.status != "done":
        return escaped(observation.reason)
    texts = [(name, written(interval(observation.findings.numbers[name]))) for name in claim.shown]
    shown = [text if len(texts) == 1 else f"{name.replace('_', ' ')} {text}" for name, text in texts]
    return escaped("; ".join(text.removesuffix(" ± 0") for text in shown))


def matrices(findings: Findings) -> list[str]:
    """Return an experiment's matrices in Markdown."""
    return [f"**{escaped(name)}**\n\n{matrix_grid(matrix)}" for name, matrix in findings.matrices.items()]


def matrix_grid(matrix: Matrix) -> str:
    """Return one matrix as a grid."""
    cells = [[cell_text(cell) for cell in line] for line in matrix.cells]
    return grid(
        ["", *map(escaped, matrix.columns)], [[escaped(n), *c] for n, c in zip(matrix.rows, cells, strict=True)]
    )


def cell_text(cell: float | str | None) -> str:
    """Return a matrix's entry as text: four significant digits, or the words."""
    return "" if cell is None else escaped(cell) if isinstance(cell, str) else f"{cell:.4g}"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def errata(observations: Sequence[Observation]) -> list[str]:
    """List what the notes say wrongly, loosely or in damaged words, with the correct statement and its number."""
    lines = []
    for claim, each in judged(observations):
        said = verdict(claim, each)
        if claim.list == "notes" and said in {"wrong", "loose", "damaged"}:
            numbers = f" Measured: {text}." if (text := measured(claim, each)) else ""
            correct = f" Correct: {escaped(claim.correct)}" if claim.correct else ""
            lines.append(f"- **{escaped(claim.where)}**, {said}: {escaped(claim.statement)}{correct}{numbers}")
    return ["## To be corrected in the notes", "\n".join(lines)] if lines else []


def changed_rules() -> list[str]:
    """List the changes of rules that were committed when numbers were known, as version control has them."""
    return [
        f"- {each.date}, {escaped(each.claim)}: "
        + (f"{each.part} `{each.before}` then, `{each.after}` now" if each.part else "withdrawn")
        for each in recorded()
        if each.after_a_look == "yes"
    ]


def after_a_look(observations: Sequence[Observation]) -> list[str]:
    """List the rules that are younger than the numbers they judge, and the verdicts that changed with them."""
    since = changed_rules()
    listed = [f"Changed in version control since rules are data, when numbers were known:\n\n{chr(10).join(since)}"]
    younger = [each for each in observations if each.rules != digest(each.experiment)]
    if not younger:
        return [LOOKED, *listed] if since else []
    changed = [
        f"- {escaped(claim.name)}: {MEANT.get(before, before)} then, {now} now"
        for each in younger
        for claim in about(each.experiment)
        if (before := each.verdicts.get(claim.name)) is not None
        and (now := verdict(claim, each)) != MEANT.get(before, before)
    ]
    names = ", ".join(f"`{each.experiment}`" for each in younger)
    said = (
        f"The numbers of {len(younger)} of {len(observations)} experiments were known before their present rules: "
        f"{names}. Their verdicts were computed again from the recorded numbers, some of them on a "
        "statement in other words: these rules were code before, and became data on one day "
        "(`git log -p ganbench/notes`). Every change since then is in `ganbench/notes/claims/changes.csv`, which "
        "`python -m ganbench.notes.history` writes from version control."
    )
    return [LOOKED, said, *(["\n".join(changed)] if changed else []), *(listed if since else [])]


def gains(observations: Sequence[Observation]) -> str:
    """Return what a reader gains: the sentences whose claims are all right."""
    said = {claim.name: verdict(claim, each) for claim, each in judged(observations)}
    lines = [f"- {text}" for text, names in GAINS if all(said.get(name) == "right" for name in names)]
    return "\n".join(lines) or "- nothing yet: run the experiments"


def atlas(observations: Sequence[Observation], pictures: str = "", full: Sequence[Observation] = ()) -> str:
    """Return the page that shows each experiment with its picture; ``pictures`` is where those are, from the page."""
    introduction = INTRODUCTION.format(gains=gains(observations), count=len(judged(observations)))
    thorough = by_experiment(full)
    parts = [introduction, tally(observations), *apart(observations, thorough)]
    for title, pairs in ordered(observations):
        parts.append(f"## {title}")
        for experiment, each in pairs:
            shown = f"![{experiment.title}]({pictures}{each.experiment}.png)" if each.status == "done" else ""
            parts += [f"### {escaped(experiment.title)}", *([shown] if shown else [])]
            parts += [entry(claim, each, thorough.get(experiment.name)) for claim in about(experiment.name)]
            parts += matrices(each.findings)
    parts += ["## Damaged text", *(entry(claim, None) for claim in claims() if claim.kind == "damaged")]
    parts += waiting(observations)
    return "\n\n".join([*parts, *errata(observations), *after_a_look(observations)]) + "\n"


def waiting(observations: Sequence[Observation]) -> list[str]:
    """List the statements whose experiment has not been carried out, or has nothing to read here."""
    known = {each.experiment for each in observations} | {""}
    lines = [
        f"- {escaped(claim.statement)} (`{claim.experiment}`)" for claim in claims() if claim.experiment not in known
    ]
    return ["## Statements whose experiment was not carried out here", "\n".join(lines)] if lines else []


def apart(observations: Sequence[Observation], full: Mapping[str, Observation]) -> list[str]:
    """Say how many statements the full form has judged too, and list the verdicts that differ from the fast one's."""
    pairs = [(c, verdict(c, each), verdict(c, full[c.experiment])) for c, each in judged(observations)
             if c.experiment in full]  # fmt: skip
    if not pairs:
        return []
    lines = [f"- {escaped(c.statement)} ({fast} in the fast form, {thorough} in the full one)"
             for c, fast, thorough in pairs if fast != thorough]  # fmt: skip
    said = (
        f"The verdicts are those of the fast forms, of minutes. Of {len(pairs)} statements the full form, with more "
        f"seeds, steps or draws, was run as well (`ganbench run --suite notes-full`); {len(lines)} of its verdicts "
        f"differ{':' if lines else '.'}"
    )
    return [said, *(["\n".join(lines)] if lines else [])]


def entry(claim: Claim, observation: Observation | None, full: Observation | None = None) -> str:
    """Return one claim with its quotation, its numbers, its rule and what they mean."""
    lines = [f"**{escaped(claim.statement)}** ({escaped(claim.where)})"]
    quoted = [claim.original] if claim.original else []
    quoted += [claim.english] if claim.english and claim.english != claim.original else []
    lines += ["", *(f"> {escaped(text)}  " for text in quoted)] if quoted else []
    facts = [f"- expected: {escaped(claim.expected)} ({escaped(claim.source)})"] if claim.expected else []
    facts += [f"- measured: {text}"] if (text := measured(claim, observation)) else []
    facts += [f"- verdict: **{verdict(claim, observation)}**{rule(claim)}"]
    facts += [f"- full form: **{verdict(claim, full)}** ({measured(claim, full)})"] if full else []
    facts += [f"- correct: {escaped(claim.correct)}"] if claim.correct else []
    return "\n".join([*lines, "", *facts, *(["", escaped(claim.remark)] if claim.remark else [])])


def rule(claim: Claim) -> str:
    """Return a claim's conditions as code."""
    parts = {"holds": claim.holds, "strictly": claim.strictly, "sound": claim.sound}
    said = [
        f"{name} {', '.join(f'`{each}`' for each in conditions)}" for name, conditions in parts.items() if conditions
    ]
    return f" ({'; '.join(said)})" if said else ""


def csv(observations: Sequence[Observation], full: Sequence[Observation] = ()) -> str:
    """Return one line for each claim, with all values of the numbers that answer it as JSON."""
    thorough = by_experiment(full)
    lines = [line(claim, each, thorough.get(claim.experiment)) for claim, each in judged(observations)]
    return pd.DataFrame(lines).to_csv(index=False, lineterminator="\n")


def line(claim: Claim, observation: Observation | None, full: Observation | None) -> Mapping[str, object]:
    """Return the facts of one claim."""
    numbers = {name: observation.findings.numbers.get(name, ()) for name in claim.shown} if observation else {}
    return {
        "list": claim.list,
        "experiment": claim.experiment,
        "claim": claim.name,
        "where": claim.where,
        "statement": claim.statement,
        "expected": claim.expected,
        "source": claim.source,
        "measured": json.dumps(numbers),
        "verdict": verdict(claim, observation),
        "verdict_full": verdict(claim, full) if full else "",
        "form": observation.form if observation else "",
        "seconds": observation.provenance.get("seconds") if observation else None,
        "rules": digest(claim.experiment) if claim.experiment else "",
        "key": observation.key if observation else "",
    }
