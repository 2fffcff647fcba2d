"""The command line. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from errno import EPIPE
from typing import Any

import click

from ganbench.cli.cache import cache
from ganbench.cli.card import card
from ganbench.cli.check import check
from ganbench.cli.complete import completion
from ganbench.cli.explain import explain
from ganbench.cli.features import features, merge
from ganbench.cli.golden import golden
from ganbench.cli.list import list_
from ganbench.cli.report import report
from ganbench.cli.run import run
from ganbench.cli.sample import sample
from ganbench.cli.score import score
from ganbench.cli.slurm import slurm
from ganbench.cli.status import status
from ganbench.cli.table import table
from ganbench.cli.verify import verify

INTERRUPTED = 130
RENAMED = {"--way": "--backend", "--replay": "--reproduce"}  # options of version 0.1


class Commands(click.Group):
    """Commands whose errors are one line on stderr: exit code 2 for a wrong request, 1 for what went wrong."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        prepare_streams()
        try:
            return super().main(*args, **kwargs)
        except SystemExit as ended:
            if not finish_output() and not ended.code:
                raise SystemExit(1) from None
            raise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        asked = bool(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not asked:  # the usage itself is the answer
                raise
            raise refusal(error.format_message(), error.exit_code) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            from ganbench._util.names import suggestion  # noqa: PLC0415

            ctx.fail(f"No such command {args[0]!r}; {suggestion(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        from ganbench.errors import GanbenchError, RequestError  # noqa: PLC0415

        try:
            return super().invoke(ctx)
        except GanbenchError as error:
            code, text = 2 if isinstance(error, RequestError) else 1, str(error)
        except click.NoSuchOption as error:
            code, text = error.exit_code, no_such_option(error)
        except click.ClickException as error:
            code, text = error.exit_code, error.format_message()
        except KeyboardInterrupt as error:
            code, text = INTERRUPTED, str(error) or "interrupted"
        except RecursionError:
            code, text = 2, "an input is nested too deep to be read"
        except OSError as error:
            if error.errno == EPIPE:  # who read the output has left: click ends quietly
                raise
            where = f"{error.filename}: " if error.filename else ""
            code, text = 1, f"{where}{error.strerror or error}"
        raise refusal(text, code)


def prepare_streams() -> None:
    """Let whatever is written be written: a closed output leads nowhere, and signs that an encoding lacks become ?."""
    with suppress(OSError):
        while (handle := os.open(os.devnull, os.O_RDWR)) < 3:  # else a file of results might become the output
            pass
        os.close(handle)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif getattr(stream, "errors", "") == "strict":
            stream.reconfigure(errors="replace")


def finish_output() -> bool:
    """Write what is left of the output; return whether that could be done. Otherwise Python would say so in its way."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, OSError) or error.errno != EPIPE:
            refusal(f"output: {getattr(error, 'strerror', None) or error}", 1)
        return False
    return True


def no_such_option(error: click.NoSuchOption) -> str:
    """Say what an option is called now, or which ones are spelled nearly so."""
    from ganbench._util.names import nearest  # noqa: PLC0415

    if now := RENAMED.get(error.option_name):
        return f"{error.option_name} is now {now}"
    command = error.ctx.command if error.ctx else None
    known = [name for each in (command.params if command else ()) for name in each.opts if name.startswith("--")]
    near = [f"--{name}" for name in nearest(error.option_name.lstrip("-"), (each[2:] for each in known))]
    return f"No such option: {error.option_name}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def refusal(text: str, code: int) -> click.exceptions.Exit:
    """Say on one line of stderr what went wrong; return what leaves with that exit code."""
    from ganbench._util.markup import printable  # noqa: PLC0415

    with suppress(OSError, ValueError):  # nobody listens any more
        click.echo(f"ganbench: {printable(' '.join(text.split()))}", err=True)
    return click.exceptions.Exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ganbench")
def main() -> None:
    """Which GAN is better, on what evidence?"""


COMMANDS = (
    run, slurm, status, table, report, sample, list_, score, card, features, merge, explain, verify, check, golden,
    cache, completion,
)  # fmt: skip
for command in COMMANDS:
    main.add_command(command)
