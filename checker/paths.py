"""Where the data files of the project lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from checker.errors import InputError


@cache
def opsets_dir() -> Path:
    """Return the folder that holds target tables, schemas and evidence.

    Raises:
        InputError: the installation carries no such folder.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "opsets", package.parent / "opsets"):
        if folder.is_dir():
            return folder
    raise InputError(f"no opsets folder beside or inside {package}: the installation is incomplete, install it again")
