"""The sanity board: what metrics say about simple distributions whose quality is known, metric by check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path

import numpy as np

from ganbench._util.files import write_atomically
from ganbench._util.streams import stream
from ganbench.conformance.adapters import PEERS, Peer
from ganbench.conformance.implementation import Implementation, locate, number, one_line, ours
from ganbench.conformance.output import cell as text_cell
from ganbench.conformance.runner import peer_functions
from ganbench.conformance.sanity import (
    DESIDERATA,
    DIVERSITY,
    FIDELITY,
    Array,
    Check,
    Desideratum,
    Kind,
    Sweep,
    checks,
    kind_of,
    published,
)
from ganbench.errors import BadInput, RequestError

REPETITIONS = 1
SLOW = {"topp", "topr"}  # they take as long as all others together
DISTANCES = ("fid", "kid", "mmd", "cmmd", "energy_distance", "sliced_wasserstein", "mind")
METRICS_OF_BOARD = (*(name for name in (*FIDELITY, *DIVERSITY) if name not in SLOW), *DISTANCES)
TITLES: dict[Kind, str] = {"fidelity": "Fidelity", "diversity": "Diversity", "distance": "Distances"}
RAISES = ": raises "
AGREEMENT = {"pass": True, "low": True, "high": True, "fail": False}


@dataclass(frozen=True)
class Column:
    """A metric of one implementation on the board."""

    name: str  # "fid", "prdc: coverage"
    metric: str
    kind: Kind
    implementation: str  # "ganbench", a library's name and version, or what the user named
    function: Callable[[Array, Array], float] = field(compare=False, repr=False)


@dataclass(frozen=True)
class CheckResult:
    """What one check said of one column: how it fails each desideratum (nothing: it passes), and the values."""

    column: str
    metric: str
    kind: Kind
    implementation: str
    check: str
    faults: dict[Desideratum, list[str]]
    values: dict[str, list[float | None]]  # by sweep, in the order of its places; the mean of the repetitions

    @property
    def failed(self) -> list[Desideratum]:
        return [name for name, faults in self.faults.items() if faults]

    @property
    def silent(self) -> bool:
        """Whether nothing is wrong but that a set of some sweep was not taken."""
        faults = [each for those in self.faults.values() for each in those]
        return bool(faults) and all(RAISES in each for each in faults)

    @property
    def short(self) -> str:
        """The entry in a word or two."""
        if self.silent:
            return "no value"
        return f"fails {', '.join(self.failed)}" if self.failed else "pass"


def columns_of_ours(metrics: Sequence[str]) -> list[Column]:
    """Return columns of this package's metrics; raises BadInput for one that has no place on the board."""
    names = metrics or METRICS_OF_BOARD
    return [column(name, name, "ganbench", ours(name)) for name in names]


def column(name: str, metric: str, implementation: str, function: Implementation) -> Column:
    """Return a column that calls an implementation with two arrays."""
    return Column(
        name, metric, kind_of(metric), implementation, lambda real, fake: function({"real": real, "fake": fake}, {})
    )


def columns_of_peers(peers: Sequence[Peer] = PEERS) -> tuple[list[Column], dict[str, str]]:
    """Return columns of the libraries that can be imported, and why others are left out."""
    columns: list[Column] = []
    skipped: dict[str, str] = {}
    for peer in peers:
        if not peer.version:
            skipped[peer.name] = "it is not installed"
            continue
        try:
            functions = peer_functions(peer.name)
        except RequestError as error:
            skipped[peer.name] = str(error)
            continue
        names = [metric for metric in peer.metrics if metric in METRICS_OF_BOARD]
        columns += [
            column(f"{peer.name}: {name}", name, f"{peer.name} {peer.version}", functions(name)) for name in names
        ]
    return columns, skipped


def encoder(where: str) -> Callable[[Array], Array]:
    """Return a user's function from rows (n, d) to features (n, k), named as an implementation is."""
    if ":" not in where:
        raise BadInput(
            f"--features: expected FILE.py:function or package.module:function from rows (n, d) to features, "
            f"got {where!r}; the board's rows are points, no images"
        )
    function = locate(where)

    def encode(rows: Array) -> Array:
        features = np.asarray(function(rows), dtype=float)
        if features.ndim != 2 or len(features) != len(rows):
            raise BadInput(f"{where}: expected features of shape ({len(rows)}, k), got {features.shape}")
        return features

    return encode


def fill(
    columns: Sequence[Column], encode: Callable[[Array], Array] | None = None, repetitions: int = REPETITIONS
) -> Iterator[tuple[Check, list[CheckResult]]]:
    """Yield each check with the entries of the columns whose kind it is about."""
    for check in checks():
        there = [each for each in columns if each.kind in check.expects]
        values = values_of(check, there, encode, repetitions)
        yield check, [entry(check, each, *values[each.name]) for each in there]


Values = dict[str, list[float | None]]
Raised = dict[str, str]


def values_of(
    check: Check, columns: Sequence[Column], encode: Callable[[Array], Array] | None, repetitions: int
) -> dict[str, tuple[Values, Raised]]:
    """Return every column's mean values by sweep, and by sweep what it raised instead."""
    values: dict[str, tuple[Values, Raised]] = {each.name: ({}, {}) for each in columns}
    for sweep in check.sweeps:
        for each in columns:
            values[each.name][0][sweep.label] = []
        for x in sweep.at:
            draws = [drawn(check, sweep, x, i, encode) for i in range(repetitions)]
            for each in columns:
                means, raised = values[each.name]
                means[sweep.label].append(mean_of(each, draws, raised, f"{sweep.label}, at {x:g}"))
    return values


def drawn(
    check: Check, sweep: Sweep, x: float, repetition: int, encode: Callable[[Array], Array] | None
) -> tuple[Array, Array]:
    """Return one reference and its samples, the same for every column and on every machine."""
    seed = stream(repetition, "sanity board", check.name, sweep.label, f"{x:g}").initial_seed()
    real, fake = sweep.draw(np.random.default_rng(seed), x)
    return (encode(real), encode(fake)) if encode else (real, fake)


def mean_of(column: Column, draws: Sequence[tuple[Array, Array]], raised: Raised, where: str) -> float | None:
    """Return the mean value of some draws, None where there is none: then ``raised`` says why."""
    try:
        with redirect_stdout(StringIO()):  # what libraries print is not about the board
            return float(np.mean([number(column.function(real, fake)) for real, fake in draws]))
    except (Exception, SystemExit) as error:  # whatever an implementation does with rows that it does not expect
        raised.setdefault(where, f"{type(error).__name__}: {one_line(error)}")
        return None


def entry(check: Check, column: Column, values: Values, raised: Raised) -> CheckResult:
    """Judge one column's values, rounded as they are kept."""
    rounded = {label: [None if v is None else float(f"{v:.6g}") for v in row] for label, row in values.items()}
    expected = check.expects[column.kind]
    faults: dict[Desideratum, list[str]] = {
        name: [] for name in DESIDERATA if any(each.desideratum == name for each in expected)
    }
    for sweep in check.sweeps:
        known = [value for value in rounded[sweep.label] if value is not None]
        for each in expected if len(known) == len(sweep.at) else ():
            if each.sweep in {"", sweep.label} and (fault := each.fault(sweep.at, known)):
                faults[each.desideratum].append(f"{sweep.label}: {fault}")
    for where, what in raised.items():
        faults[expected[-1].desideratum].append(f"{where}{RAISES}{what}")
    return CheckResult(column.name, column.metric, column.kind, column.implementation, check.name, faults, rounded)


# ---- the board as text, data and picture ----

Rows = Sequence[tuple[Check, Sequence[CheckResult]]]


def matrix(rows: Rows, kind: Kind) -> list[list[str]]:
    """Return checks by columns of one kind, a header first."""
    names = list(dict.fromkeys(each.column for _, entries in rows for each in entries if each.kind == kind))
    lines = [["check", *names]] if names else []
    for check, entries in rows:
        by_name = {each.column: each.short for each in entries if each.kind == kind}
        if by_name:
            lines.append([check.name, *(by_name.get(name, "") for name in names)])
    if names:
        flat = [each for _, entries in rows for each in entries]
        mine = {name: [each for each in flat if each.column == name] for name in names}
        lines.append(["passed", *(f"{sum(not e.failed for e in mine[n])} of {len(mine[n])}" for n in names)])
    return lines


def grid(lines: Sequence[Sequence[str]]) -> str:
    """Return lines as a Markdown table, the first of them its head."""
    text = ["| " + " | ".join(map(text_cell, line)) + " |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(lines[0]), *text[1:]])


def as_text(rows: Rows) -> str:
    """Return the board for a terminal: one line for each check that a column fails, and how."""
    lines: list[str] = []
    names = dict.fromkeys(each.column for _, entries in rows for each in entries)
    for name in names:
        entries = [each for _, row in rows for each in row if each.column == name]
        passed = [each.check for each in entries if not each.failed]
        lines.append(
            f"{name}: passes {len(passed)} of {len(entries)} checks{': ' if passed else ''}{', '.join(passed)}"
        )
        for each in entries:
            for desideratum, faults in each.faults.items():
                said = "has no value" if each.silent else f"fails {desideratum}"
                lines += [f"  {each.check} {said}: {faults[0]}"] if faults else []
    return "\n".join(lines) + "\n"


INTRODUCTION = """# The sanity board

Simple distributions whose quality is known, and what metrics say about them: fifteen checks of Raisa, van Breugel and
van der Schaar ("Position: All Current Generative Fidelity and Diversity Metrics are Flawed", ICML 2025,
arXiv:2505.22450), and five of ours. `ganbench check --board --metric coverage` shows one metric with all its values'
faults, `ganbench check --board --metric fid --implementation my_pkg.metrics:fid` yours.

*Bounds* asks for 1 where samples are perfect and 0 where they are hopeless, *purpose* that the value moves with the
quality, *data* and *hyperparameters* that it does not move with the number of rows, *invariance* that it does not move
with what does not matter. A diversity passes as a low one (samples wider than the data do not cover it) or as a high
one (they do). A distance has no bounds: it must be lowest where samples are best, and stand still but for a tenth of
itself. Every place is one draw; 0.05 is near, and a rise counts from 0.2 (of a distance: a fifth)."""


def page(rows: Rows, picture: str = "") -> str:
    """Return the board in Markdown: a matrix for each kind, beside the paper's, and how each fails."""
    parts = [INTRODUCTION]
    parts += [f"![checks by metrics]({picture})"] if picture else []
    parts += ["## The checks", grid([["check", "what is done", "what varies", "from"], *map(described, rows)])]
    for kind, title in TITLES.items():
        if lines := matrix(rows, kind):
            parts += [f"## {title}", grid(lines)]
    parts += beside_the_paper(rows)
    parts += libraries(rows)
    parts += ["## How each fails", *(how(check, entries) for check, entries in rows if any(e.failed for e in entries))]
    return "\n\n".join(parts) + "\n"


def described(row: tuple[Check, Sequence[CheckResult]]) -> list[str]:
    """Return a check's line in the list of checks."""
    check = row[0]
    return [check.name, check.says, check.varies, "the paper" if check.published else "ours"]


def how(check: Check, entries: Sequence[CheckResult]) -> str:
    """Return what every column that fails a check says there."""
    lines = [
        f"- {each.column}, {'no value' if each.silent else name}: {text_cell(faults[0])}"
        + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
        for each in entries
        for name, faults in each.faults.items()
        if faults
    ]
    return f"**{check.name}**\n\n" + "\n".join(lines)


def comparisons(rows: Rows) -> list[tuple[CheckResult, Desideratum, bool, str]]:
    """Return our own entries beside what the paper found: entry, desideratum, whether both agree, and its word."""
    verdicts = published()
    return [
        (each, name, AGREEMENT[verdicts[key]] == (not faults), verdicts[key])
        for _, entries in rows
        for each in entries
        if each.implementation == "ganbench"
        for name, faults in each.faults.items()
        if (key := (each.check, name, each.metric)) in verdicts
    ]


def beside_the_paper(rows: Rows) -> list[str]:
    """Return how often our own values and the paper's lead to the same verdict, and where they do not."""
    pairs = comparisons(rows)
    if not pairs:
        return []
    apart = [
        [each.check, each.metric, name, "pass" if not each.faults[name] else f"fail: {each.faults[name][0]}", word]
        for each, name, alike, word in pairs
        if not alike
    ]
    same = len(pairs) - len(apart)
    said = (
        f"Of {len(pairs)} verdicts that the paper has too, {same} are the same ({same / len(pairs):.0%}). It scales "
        "every feature by the reference's deviation first, where metrics here get the rows as they are (hence the "
        "differences at scaled_dimension); its alpha-precision and beta-recall are on trained embeddings; it chooses k "
        "of density and coverage by the data; and it draws ten times on finer sweeps, up to 10 000 rows."
    )
    head = ["check", "metric", "desideratum", "here", "the paper"]
    return ["## Beside what the paper found", said, *([grid([head, *apart])] if apart else [])]


def libraries(rows: Rows) -> list[str]:
    """Return how often each library's verdict is that of our metric of the same name, and where it is not."""
    flat = [each for _, entries in rows for each in entries]
    mine = {(each.check, each.metric): each for each in flat if each.implementation == "ganbench"}
    theirs = [each for each in flat if each.implementation != "ganbench" and (each.check, each.metric) in mine]
    if not theirs:
        return []
    lines = [["library", "version", "metric", "as ours", "otherwise"]]
    for name in dict.fromkeys(each.column for each in theirs):
        own = [each for each in theirs if each.column == name]
        apart = [each for each in own if each.failed != mine[each.check, each.metric].failed]
        library, _, version = own[0].implementation.partition(" ")
        said = dict.fromkeys(each.short for each in apart)
        other = [f"{word} ({', '.join(each.check for each in apart if each.short == word)})" for word in said]
        lines.append([library, version, own[0].metric, f"{len(own) - len(apart)} of {len(own)}", "; ".join(other)])
    said_of_values = (
        "The same draws through other libraries' functions: on how many checks a column passes or fails the same as "
        "our metric of that name. *No value* is a set that the library does not take, such as rows of one number "
        "(*d* 1), where what it does take is right."
    )
    return ["## Other libraries", said_of_values, grid(lines)]


def save(rows: Rows, folder: Path) -> list[Path]:
    """Write the board as page, data and picture; return their paths."""
    content = [asdict(each) for _, entries in rows for each in entries]
    board = write_atomically(folder / "board.json", (json.dumps(content, indent=None) + "\n").encode())
    return [
        board,
        write_atomically(folder / "board.md", page(rows, "board.png").encode()),
        draw(rows, folder / "board.png"),
    ]


def read(folder: Path) -> list[tuple[Check, list[CheckResult]]]:
    """Return the board that was saved in a folder."""
    entries = [CheckResult(**each) for each in json.loads((folder / "board.json").read_text(encoding="utf-8"))]
    return [(check, [each for each in entries if each.check == check.name]) for check in checks()]


def draw(rows: Rows, path: Path) -> Path:
    """Draw checks by columns: passed, failed, or not about it."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import, and checking needs none

    from ganbench.report.style import ALARM, DPI, QUIET, SAMPLE, save, style  # noqa: PLC0415

    names = [each for kind in TITLES for each in dict.fromkeys(e.column for _, r in rows for e in r if e.kind == kind)]
    with style():
        figure = Figure(figsize=(2.2 + 0.27 * len(names), 1.6 + 0.22 * len(rows)), dpi=DPI, layout="constrained")
        axes = figure.subplots()
        for i, (_, entries) in enumerate(rows):
            for each in entries:
                share = len(each.failed) / len(each.faults)
                mark = {0.0: ("o", SAMPLE), 1.0: ("x", ALARM)}.get(share, ("v", "#E69F00"))
                mark = ("_", QUIET) if each.silent else mark
                axes.plot(names.index(each.column), i, mark[0], color=mark[1], markersize=5)
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(rows)), [check.name for check, _ in rows])
        axes.invert_yaxis()
        axes.set_xlim(-0.7, len(names) - 0.3)
        axes.set_title("o passes    v passes in part    x fails    - no value    empty: not about it", loc="left")
        return save(figure, path)
