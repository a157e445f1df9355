"""The other end of the pipe: starts ``workers/serve.py`` under a compiler's own Python, asks one job at a time."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from checker.errors import InputError
from checker.graph import EMPTY

WORKERS: Final = Path(__file__).parent / "workers"
START_SECONDS: Final = 180.0
"""Some compilers import torch and half of PyPI before they answer."""

GRACE_SECONDS: Final = 30.0
"""How long after a job's own limit the worker itself is given up."""

Ended = Literal["answered", "crashed", "timeout", "memory"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one case may cost: wall-clock ``seconds``, and ``bytes`` of address space (0 for no limit)."""

    seconds: float = 120.0
    bytes: int = 16 << 30


@dataclass(frozen=True, slots=True)
class Raw:
    """A worker's reply: how the child ended, at what stage, the adapter's answer, and what the compiler printed."""

    ended: Ended
    answer: Mapping[str, Any] = field(default_factory=dict)
    log: str = ""
    stage: str = ""
    signal: int = 0

    @property
    def error(self) -> str:
        """The exception that ended the job; empty for none."""
        return str(self.answer.get("error", ""))


def python_of(toolchain: str, given: str | None) -> str:
    """Return the Python that a toolchain lives in: the one given, else what the environment names.

    Args:
        toolchain: name on the command line, such as ``tensorrt-rtx`` (``EDGELINT_TENSORRT_RTX_PYTHON``).
        given: value of ``--python``.

    Raises:
        InputError: none is named, or there is no such program.
    """
    variable = f"EDGELINT_{toolchain.upper().replace('-', '_')}_PYTHON"
    named = given or os.environ.get(variable, "")
    if not named:
        raise InputError(
            f"{toolchain}: which Python? name that of its virtual environment with --python or {variable} "
            "(docs/probing.md tells how to make one)"
        )
    found = shutil.which(named)
    if found is None:
        raise InputError(f"{named}: no such program; --python is the `bin/python` of the toolchain's environment")
    return found


@dataclass(slots=True)
class Worker:
    """A compiler's process.  It is started when it is first needed, and again after it has died."""

    adapter: str
    python: str
    limits: Limits = Limits()
    environment: Mapping[str, str] = EMPTY
    _process: subprocess.Popen[str] | None = None
    _version: str = ""

    def version(self) -> str:
        """Return the compiler's version.

        Raises:
            InputError: it cannot be started.
        """
        if not self._version:
            self._start()
        return self._version

    def ask(self, folder: Path, model: Path, *, target: str, precision: str, options: Mapping[str, Any]) -> Raw:
        """Have one model compiled; ``folder`` is where the child works and leaves its log."""
        job = {
            "folder": str(folder),
            "model": str(model),
            "target": target,
            "precision": precision,
            "options": dict(options),
            "seconds": self.limits.seconds,
            "bytes": self.limits.bytes,
        }
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            process = self._start()
        try:
            print(json.dumps(job), file=process.stdin, flush=True)
            reply = self._read(process, self.limits.seconds + GRACE_SECONDS)
        except BrokenPipeError:
            reply = None
        if reply is None:
            alive = process.poll() is None
            self.close()
            return Raw("timeout" if alive else "crashed", log=_log(folder))
        return Raw(reply["ended"], reply["answer"], _log(folder), reply["stage"], reply["signal"])

    def close(self) -> None:
        """End the process and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self) -> subprocess.Popen[str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment = {**inherited, "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", **self.environment}
        # Ctrl-C is for us: the worker has its own session and ends when its pipe closes.
        process = subprocess.Popen(  # noqa: S603  the user names the interpreter, the script is ours
            [self.python, str(WORKERS / "serve.py"), self.adapter],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=environment,
            start_new_session=True,
        )
        self._process = process
        hello = self._read(process, START_SECONDS)
        if hello is None or "error" in hello:
            self.close()
            why = hello["error"] if hello else "it died or said nothing while starting"
            raise InputError(f"{self.python}: the compiler cannot be started: {why}")
        self._version = str(hello["version"])
        return process

    @staticmethod
    def _read(process: subprocess.Popen[str], seconds: float) -> dict[str, Any] | None:
        """Read one reply; None where there is none in time or the process has died."""
        stream = process.stdout
        if stream is None:
            return None
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([stream], [], [], min(left, 5.0))
            if ready:
                line = stream.readline()
                return dict(json.loads(line)) if line.endswith("\n") else None
        return None


def _log(folder: Path) -> str:
    """Return what the compiler printed, without terminal colours; the end of it where it is very long."""
    path = folder / "log"
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - (64 << 20)))
        return file.read().decode("utf-8", "replace")


def supported() -> bool:
    """Tell whether workers can be run here: their isolation rests on ``fork`` and on resource limits."""
    return hasattr(os, "fork") and sys.platform != "win32"
