"""A policy file: ``[tool.edgelint]`` of a pyproject.toml, or an edgelint.toml, which is the same without the prefix.

Every fault is one line with the file and the key; an unknown key is a fault too, with the nearest known one, since a
misspelt limit would demand nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

# ections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, get_args

from checker import plain_toml
from checker.errors import InputError
from checker.gate import FailOn
from checker.policy.record import Demands, Limits, Override, Policy, Waiver
from checker.report import GradeName
from checker.table_file import near

FILE: Final = "edgelint.toml"
PYPROJECT: Final = "pyproject.toml"
PRECISIONS: Final = ("fp32", "fp16", "bf16", "int8", "int16", "a16w8")

_DEMANDS: Final = ("targets", "precision", "fail-on", "limits")
_LIMITS: Final = (
    "min-macs-on-accelerator", "max-segments", "max-macs", "max-weight-bytes", "max-peak-activation-bytes", "grades",
)  # fmt: skip
_TOP: Final = (*_DEMANDS, "opsets", "model-waivers", "override", "waiver")
_WAIVER: Final = ("rule", "target", "op", "scope", "models", "reason", "owner", "expires")
_UNITS: Final = {
    "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]*)")


def nearest(folder: Path) -> Policy | None:
    """Return the policy of the nearest folder upward that has one; None where none has.

    Raises:
        InputError: the file is faulty.
    """
    for parent in (folder, *folder.parents):
        if (parent / FILE).is_file():
            return read(parent / FILE, folder)
        pyproject = parent / PYPROJECT
        if pyproject.is_file():
            tool = _parsed(pyproject, str(pyproject)).get("tool")
            if isinstance(tool, dict) and "edgelint" in tool:
                return read(pyproject, folder)
    return None


def read(path: Path, folder: Path | None = None) -> Policy:
    """Read a policy file.

    Args:
        path: the file.
        folder: what its path is shown relative to, if it lies there.

    Raises:
        InputError: it cannot be read, or something in it is wrong.
    """
    shown = str(path.relative_to(folder) if folder and path.is_relative_to(folder) else path)
    data = _parsed(path, shown)
    if path.name == PYPROJECT or "tool" in data:
        tool = data.get("tool")
        data = tool.get("edgelint", {}) if isinstance(tool, dict) else {}
    top = _Table(data, shown, "", _TOP)
    overrides = [
        _override(top.inner(each, f"override {n}", ("models", *_DEMANDS))) for n, each in top.tables("override")
    ]
    waivers = [waiver(top.inner(each, f"waiver {n}", _WAIVER)) for n, each in top.tables("waiver")]
    return Policy(
        path=shown,
        folder=path.parent,
        demands=_demands(top),
        overrides=tuple(overrides),
        waivers=tuple(waivers),
        model_waivers=top.word("model-waivers", ("allow", "forbid")) != "forbid",
        opsets=tuple(str(path.parent / each) for each in top.texts("opsets") or ()),
    )


def _parsed(path: Path, shown: str) -> dict[str, Any]:
    try:
        return plain_toml.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{shown}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InputError(f"{shown}: no UTF-8 text") from None
    except plain_toml.TOMLDecodeError as error:
        raise InputError(f"{shown}: no TOML: {error}") from None


class _Table:
    """One table of the file, which says where it stands when something in it is wrong."""

    def __init__(self, data: Any, path: str, title: str, known: Sequence[str]) -> None:
        """Look at a table and see that every key is known.

        Raises:
            InputError: it is no table, or a key is not known.
        """
        self.path, self.title = path, title
        if not isinstance(data, Mapping):
            self.fault("must be a table")
        self.data: Mapping[str, Any] = data
        for key in data:
            if key not in known:
                raise InputError(f"{path}: {self._at(title)}unknown key `{key}`{near(key, known)}")

    @staticmethod
    def _at(title: str) -> str:
        return f"{title}: " if title else ""

    def fault(self, message: str, key: str = "") -> NoReturn:
        """Say what is wrong, and where.

        Raises:
            InputError: always.
        """
        raise InputError(f"{self.path}: {self._at(self.title)}{f'`{key}` ' if key else ''}{message}")

    def inner(self, data: Any, title: str, known: Sequence[str]) -> _Table:
        return _Table(data, self.path, title, known)

    def tables(self, key: str) -> list[tuple[int, Any]]:
        """Return the tables of a list, numbered from 1."""
        found = self.data.get(key, [])
        if not isinstance(found, list):
            self.fault(f"is written [[{key}]], or [[tool.edgelint.{key}]] in {PYPROJECT}", key)
        return list(enumerate(found, 1))

    def text(self, key: str) -> str | None:
        found = self.data.get(key)
        if found is not None and (not isinstance(found, str) or not found.strip()):
            self.fault("must be a text", key)
        return found

    def word(self, key: str, known: Sequence[str]) -> str | None:
        found = self.text(key)
        if found is not None and found not in known:
            self.fault(f"is `{found}`, must be one of {', '.join(known)}{near(found, known)}", key)
        return found

    def texts(self, key: str) -> tuple[str, ...] | None:
        found = self.data.get(key)
        if found is None:
            return None
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not listed or not all(isinstance(each, str) and each for each in listed):
            self.fault("must be a text or a list of texts", key)
        return tuple(listed)

    def amount(self, key: str) -> int | None:
        """Return a whole number, which may be written with a unit: ``"20 MiB"``, ``"1.5 G"``."""
        found = self.data.get(key)
        if isinstance(found, str):
            read_ = _SIZE.fullmatch(found)
            if read_ and read_[2] in _UNITS:
                return round(float(read_[1]) * _UNITS[read_[2]])
            self.fault(f'is `{found}`, must be a whole number, or a text such as "20 MiB" or "1.5 G"', key)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 0):
            self.fault('must be a whole number, or a text such as "20 MiB" or "1.5 G"', key)
        return found

    def share(self, key: str) -> float | None:
        found = self.data.get(key)
        if found is None:
            return None
        if not isinstance(found, (int, float)) or isinstance(found, bool) or not 0 <= found <= 1:
            self.fault("must be a share between 0 and 1, such as 0.95", key)
        return float(found)


def _demands(table: _Table) -> Demands:
    limits = table.inner(table.data.get("limits", {}), f"{table.title} limits".strip(), _LIMITS)
    grades = limits.texts("grades")
    for grade in grades or ():
        if grade not in get_args(GradeName):
            limits.fault(f"`{grade}` is no grade{near(grade, get_args(GradeName))}", "grades")
    return Demands(
        targets=table.texts("targets"),
        precision=table.word("precision", PRECISIONS),
        fail_on=table.word("fail-on", get_args(FailOn)),  # type: ignore[arg-type]  # one of them
        limits=Limits(
            min_macs_on_accelerator=limits.share("min-macs-on-accelerator"),
            max_segments=limits.amount("max-segments"),
            max_macs=limits.amount("max-macs"),
            max_weight_bytes=limits.amount("max-weight-bytes"),
            max_peak_activation_bytes=limits.amount("max-peak-activation-bytes"),
            grades=grades,  # type: ignore[arg-type]  # each is a grade
        ),
    )


def _override(table: _Table) -> Override:
    models = table.texts("models")
    if models is None:
        table.fault('must say which files it is about: models = ["detectors/*.onnx"]')
    return Override(models, _demands(table))


def waiver(table: _Table) -> Waiver:
    """Read a waiver.

    Raises:
        InputError: reason, owner or day is missing, or something is of the wrong kind.
    """
    said = {key: table.text(key) for key in ("reason", "owner")}
    missing = [key for key in ("reason", "owner", "expires") if not table.data.get(key)]
    if missing:
        table.fault(f"needs {', '.join(f'`{key}`' for key in missing)}: a waiver has a reason, an owner and a last day")
    rule, target, op, scope = (table.texts(key) or ("*",) for key in ("rule", "target", "op", "scope"))
    return Waiver(
        reason=said["reason"] or "",
        owner=said["owner"] or "",
        expires=_day(table),
        models=table.texts("models") or () if "models" in table.data else (),
        rule=rule,
        target=target,
        op=op,
        scope=scope,
    )


def in_metadata(data: Any, where: str, number: int, known: Sequence[str]) -> Waiver:
    """Read one waiver of a model's own metadata.

    Raises:
        InputError: it is written wrongly.
    """
    return replace(waiver(_Table(data, where, f"waiver {number}", known)), origin="model")


def _day(table: _Table) -> date:
    found = table.data["expires"]
    if isinstance(found, date) and not isinstance(found, datetime):
        return found
    if isinstance(found, str):
        try:
            return date.fromisoformat(found)
        except ValueError:
            pass
    return table.fault("must be a day, such as 2027-01-31", "expires")
