"""From the PATH arguments of a command to model files, and a file written whole or not at all."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from checker.errors import InputError

SUFFIX = ".onnx"
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Never looked into, like every folder whose name begins with a dot; a file that is named outright always counts."""


def expand(paths: Sequence[str]) -> list[str]:
    """List the model files that the arguments name, each once, in the order given; folders and globs are sorted.

    A file is taken whatever its name ends in.  A folder stands for every ``.onnx`` file below it.  A pattern is tried
    only where no file or folder bears that very name.

    Raises:
        InputError: a path does not exist, or a folder or pattern yields no model.
    """
    found: dict[str, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_one(path)))
    return list(found)


def stands_for_many(paths: Sequence[str]) -> bool:
    """Tell whether the arguments ask for a list of reports: several of them, a folder, or a pattern."""
    return len(paths) > 1 or not Path(paths[0]).is_file()


def _one(path: str) -> list[str]:
    here = Path(path)
    if here.is_dir():
        models = sorted(_models(path))
        if not models:
            raise InputError(f"{path}: no {SUFFIX} file in this folder or below it")
        return models
    if here.exists():
        return [path]
    if glob.has_magic(path):
        matches = sorted(m for m in glob.iglob(path, recursive=True) if Path(m).is_file())  # noqa: PTH207  keeps ./ as given
        if not matches:
            raise InputError(f"{path}: no file matches this pattern")
        return matches
    raise InputError(f"{path}: no such file or folder")


def _models(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS]
        yield from (os.path.join(parent, n) for n in names if n.endswith(SUFFIX))  # noqa: PTH118  keeps ./ as given


def write_whole(path: str, text: str) -> None:
    """Write a text file so that it is complete or absent: into a neighbour first, then renamed over the name.

    A link is followed; a device or pipe (``/dev/stdout``) is simply written to.

    Raises:
        InputError: the folder does not exist or cannot be written to.
    """
    target = Path(os.path.realpath(path))
    temporary = ""
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        publish(temporary, target)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def publish(temporary: str | Path, target: Path) -> None:
    """Rename a finished private file to its name, with the permissions that an ordinary new file would have."""
    mask = os.umask(0)
    os.umask(mask)
    Path(temporary).chmod(0o666 & ~mask)
    Path(temporary).replace(target)
