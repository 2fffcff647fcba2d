"""Claims put to an implementation in a process of its own, which may hang, exit or crash without stopping the rest."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ganbench.check.claims import Claim
from ganbench.check.judge import Finding, time_for
from ganbench.errors import Missing, RequestError

START_SECONDS = 120.0  # imports of large libraries on a busy machine


@dataclass(frozen=True)
class Request:
    """Whom to ask: an implementation as the user names it, or a peer (both empty: ours); seconds for a fast claim."""

    implementation: str = ""
    order: tuple[str, ...] = ()
    returns: str = ""
    adapter: str = ""
    timeout: float = 60.0
    peer: str = ""

    @property
    def whose(self) -> str:
        return self.implementation or self.peer or "ganbench"


class Worker:
    """A process that judges; a thread reads its answers so that waiting can end."""

    def __init__(self, request: Request) -> None:
        command = [sys.executable, "-m", "ganbench.check.worker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        try:
            first = self.ask(json.dumps({**asdict(request), "folder": str(Path.cwd())}), START_SECONDS)
            if "refused" in first:
                raise RequestError(first["refused"])
        except TimeoutError as error:
            self.close()
            raise Missing(f"{request.whose}: its import takes more than {START_SECONDS:g} s") from error
        except EOFError as error:
            self.close()
            raise Missing(f"{request.whose}: its import ends the process ({error})") from error
        except RequestError:
            self.close()
            raise

    def _read(self, answers: IO[str]) -> None:
        for line in answers:
            self.lines.put(line)
        self.lines.put("")

    def ask(self, line: str, seconds: float) -> dict[str, Any]:
        """Send a line and return the answer; raises TimeoutError, or EOFError where the process has ended."""
        if self.process.stdin is None:
            raise EOFError("no way in")
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.lines.get(timeout=seconds)
        except BrokenPipeError:
            answer = ""
        except queue.Empty as error:
            raise TimeoutError(f"no answer within {seconds:g} s") from error
        if not answer:
            raise EOFError(f"exit code {self.process.wait()}")
        return dict(json.loads(answer))

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                close_quietly(stream)


def close_quietly(stream: IO[str]) -> None:
    """Close a pipe whose other end may be gone."""
    try:
        stream.close()
    except BrokenPipeError:
        return


def hear(claims: Iterable[Claim], request: Request) -> Iterator[Finding]:
    """Yield a finding per claim, in order; raises RequestErrors where the implementation cannot be used at all."""
    worker: Worker | None = None
    try:
        for claim in claims:
            worker = worker or Worker(request)
            try:
                yield Finding(**worker.ask(claim.id, time_for(claim, request.timeout)))
            except (TimeoutError, EOFError) as error:
                worker.close()
                worker = None
                what = f"hangs: {error}" if isinstance(error, TimeoutError) else f"ends the process: {error}"
                yield Finding(claim.id, claim.metric, claim.says, "failed", message=what)
    finally:
        if worker is not None:
            worker.close()
