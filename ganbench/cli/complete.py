"""Names for the Tab key: ``ganbench completion SHELL`` prints what a shell needs to complete them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ZshComplete

from ganbench._util.catalogue import catalogue

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
VARIABLE = "_GANBENCH_COMPLETE"  # click's own name for the variable of a program called ganbench
FILES = ("./", "../", "/", "~")  # how a path starts that a user brings along
WHERE = """\b
bash: ganbench completion bash > ~/.local/share/bash-completion/completions/ganbench
zsh:  ganbench completion zsh >> ~/.zshrc
fish: ganbench completion fish > ~/.config/fish/completions/ganbench.fish
"""
HELP = 72  # characters of what is said beside a name


def of(kind: str, *more: str, commas: bool = False) -> Complete:
    """Return what completes the names of one kind of the catalogue.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    more : str
        Other values that may stand there, such as ``all``.
    commas : bool
        Whether several names may stand there with commas between: then the last of them is completed.
    """

    def complete(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        before, comma, last = typed.rpartition(",") if commas else ("", "", typed)
        if last.startswith(FILES):
            return [CompletionItem(typed, type="file")]
        if kind == "baselines" and "+" in last:
            return regularised(last)
        done = set(before.split(","))
        items = [(name, facts.get("summary") or facts.get("question", "")) for name, facts in names(kind)]
        items += [(name, "") for name in more]
        return [
            CompletionItem(f"{before}{comma}{name}", help=str(said)[:HELP])
            for name, said in items
            if name.startswith(last) and name not in done
        ]

    return complete


def names(kind: str) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the names of one kind with their facts; of a family of baselines each member too."""
    for name, facts in catalogue()[kind].items():
        yield name, facts
        for member in facts.get("members", ()):
            yield f"{name}:{member}", facts


def regularised(typed: str) -> list[CompletionItem]:
    """Complete the last regulariser of ``NAME+REGULARISER+...``, with those that are not there yet."""
    before, _, last = typed.rpartition("+")
    there = set(before.split("+")[1:])
    return [
        CompletionItem(f"{before}+{name}", help=str(facts["summary"])[:HELP])
        for name, facts in catalogue()["regularisers"].items()
        if name.startswith(last) and name not in there
    ]


def splits(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete what samples may be: a file, or a split of a data set."""
    known = [f"{name}:{split}" for name in catalogue()["datasets"] for split in ("held_out", "train", "control")]
    matching = [CompletionItem(name) for name in known if typed and name.startswith(typed)]
    return matching or [CompletionItem(typed, type="file")]


def results(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Complete folders, those of results first."""
    parent = Path(typed) if typed.endswith("/") else Path(typed).parent
    there = sorted(path.parent for path in parent.glob("*/records.jsonl"))
    matching = [CompletionItem(str(path)) for path in there if str(path).startswith(typed.removeprefix("./"))]
    return matching or [CompletionItem(typed, type="dir")]


@click.command(epilog=WHERE)
@click.argument("shell", type=click.Choice(tuple(SHELLS)))
def completion(shell: str) -> None:
    """Print what a shell needs to complete names by the Tab key."""
    made = SHELLS[shell](click.get_current_context().find_root().command, {}, "ganbench", VARIABLE)
    click.echo(made.source_template % made.source_vars())
