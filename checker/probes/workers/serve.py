"""The loop of every worker: jobs come in as JSON lines, raw answers go out as JSON lines.

Run as ``python serve.py ADAPTER`` by the interpreter of the compiler's own environment.  An adapter is a module
in this folder with ``version() -> str`` and ``ask(job, stage) -> dict``.  It is imported once; each job runs in a
forked child with limits of its own on time and memory, so that a segfault, a hang or a blow-up costs that job and
nothing else.

A job: ``{"folder", "model", "target", "precision", "options", "seconds", "bytes"}``.  A reply: ``{"ended", "signal",
"stage", "answer"}``; what the compiler printed is in ``folder/log``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LOG, STAGE, ANSWER = "log", "stage", "answer.json"
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "bad allocation", "Cannot allocate memory", "Unable to allocate")


def child(adapter: Any, job: dict[str, Any]) -> None:
    """Answer one job and end the process."""
    folder = Path(job["folder"])
    os.setsid()
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(folder)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    if job["bytes"]:
        resource.setrlimit(resource.RLIMIT_AS, (job["bytes"], job["bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    code = 0
    try:
        answer = adapter.ask(job, (folder / STAGE).write_text)
    except BaseException as error:  # noqa: BLE001  whatever a vendor's code raises is its answer
        words = f"{type(error).__name__}: {error}"
        answer = {"error": words[-4000:], "memory": any(word in words for word in OUT_OF_MEMORY)}
    try:
        whole = folder / (ANSWER + ".part")
        whole.write_text(json.dumps(answer))
        whole.rename(folder / ANSWER)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001  no memory left even to say so
        code = 1
    os._exit(code)


def wait(pid: int, seconds: float) -> int | None:
    """Wait for a child; None where the time is up."""
    end, pause = time.monotonic() + seconds, 0.001
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() > end:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def answered(adapter: Any, job: dict[str, Any]) -> dict[str, Any]:
    """Have a child answer one job."""
    folder = Path(job["folder"])
    pid = os.fork()
    if pid == 0:
        child(adapter, job)
    status = wait(pid, job["seconds"])
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)  # what the compiler started may outlive it
    if status is None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    stage = (folder / STAGE).read_text() if (folder / STAGE).exists() else ""
    found = json.loads((folder / ANSWER).read_text()) if (folder / ANSWER).exists() else None
    killer = os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else 0
    if status is None:
        ended = "timeout"
    elif found is None:
        tail = (folder / LOG).read_bytes()[-4000:].decode("utf-8", "replace") if (folder / LOG).exists() else ""
        ended = "memory" if any(word in tail for word in OUT_OF_MEMORY) else "crashed"
    else:
        ended = "memory" if found.get("memory") else "answered"
    return {"ended": ended, "signal": killer, "stage": stage, "answer": found or {}}


def main() -> None:
    """Say what is here, then answer until the pipe is closed."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        adapter = importlib.import_module(sys.argv[1])
        hello = {"version": adapter.version()}
    except Exception as error:  # noqa: BLE001  a missing library and a broken one are told alike
        replies.write(json.dumps({"error": f"{type(error).__name__}: {error}"[:1000]}) + "\n")
        return
    replies.write(json.dumps(hello) + "\n")
    for line in sys.stdin:
        replies.write(json.dumps(answered(adapter, json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
