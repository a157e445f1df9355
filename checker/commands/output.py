"""Where a command's words go: standard output, a file, standard error."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace

from checker.files import write_whole
from checker.render.words import visible

NARROWEST = 60


def width() -> int:
    """Return the terminal's columns; 80 (or ``COLUMNS``) where there is none."""
    return max(shutil.get_terminal_size(fallback=(80, 24)).columns, NARROWEST)


def in_color(options: Namespace) -> bool:
    """Tell whether to colour: as asked, else on a terminal where ``NO_COLOR`` is not set."""
    if options.color != "auto":
        return bool(options.color == "always")
    if options.output or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def emit(text: str, output: str | None) -> None:
    """Write a command's whole answer, at once and as UTF-8.

    Raises:
        InputError: the output file cannot be written.
    """
    if output is not None:
        write_whole(output, text)
        return
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", newline="\n")
    sys.stdout.write(text)


def complain(message: str) -> None:
    """Write one line to standard error, whatever the message holds."""
    sys.stderr.write(f"edgelint: error: {visible(' '.join(message.split()))}\n")


def remark(message: str) -> None:
    """Write a note to standard error."""
    sys.stderr.write(f"edgelint: note: {visible(' '.join(message.split()))}\n")
