"""Evidence files: a header and a line for each case, appended one by one, so that nothing is lost by an interruption.

``opsets/evidence/<target>/<toolchain>-<version>.jsonl``, also read where compressed (``.jsonl.xz``, ``.jsonl.gz``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

from checker.errors import InputError
from checker.paths import opsets_dir
from checker.probes.toolchain import NETWORK_ANSWER, About, Case, Observation

SUFFIXES: Final = (".jsonl", ".jsonl.xz", ".jsonl.gz")
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One evidence file: its header, its one-operator (and small composite) cases, its whole networks."""

    path: Path
    header: Record
    ops: tuple[Record, ...] = ()
    networks: tuple[Record, ...] = ()


def folder() -> Path:
    """Return the folder that holds all evidence."""
    return opsets_dir() / "evidence"


def files(below: Path | None = None) -> tuple[Path, ...]:
    """Return the evidence files in a folder and below it (default: all that are shipped), sorted."""
    found = (below or folder()).rglob("*.jsonl*")
    return tuple(sorted(path for path in found if path.name.endswith(SUFFIXES) and path.parent.name != "cases"))


def read(path: Path) -> Evidence:
    """Read an evidence file; a last line that was cut off by an interruption is left out.

    Raises:
        InputError: it cannot be read, or a line is no record.
    """
    header: Record = {}
    found: dict[str, list[Record]] = {"op": [], "network": []}
    for number, record in records(path):
        kind = record.get("record")
        if kind == "header" and number == 1:
            header = record
        elif kind in found:
            found[kind].append(record)
        else:
            raise InputError(f"{path}: line {number}: not an evidence record (`record` is {kind!r})")
    return Evidence(path, header, tuple(found["op"]), tuple(found["network"]))


def records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the lines of a file of JSON lines, numbered from 1.

    Raises:
        InputError: it cannot be read, or a line other than a cut-off last one is no JSON object.
    """
    try:
        with opened(path) as file:
            for number, line in enumerate(file, 1):
                try:
                    record = json.loads(line)
                except ValueError:
                    if not line.endswith("\n"):
                        return
                    raise InputError(f"{path}: line {number}: not JSON") from None
                if not isinstance(record, dict):
                    raise InputError(f"{path}: line {number}: not a JSON object")
                yield number, record
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def opened(path: Path) -> IO[str]:
    """Open a text file that may be compressed."""
    if path.suffix == ".xz":
        import lzma

        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".gz":
        import gzip

        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def key(record: Record) -> str:
    """Return what makes a record the answer to one question and no other."""
    kept = ("record", "case", "network", "precision", "asked", "variant")
    return json.dumps({name: record[name] for name in kept if record.get(name)}, sort_keys=True)


def header(about: About, version: str, target: str, *, host: str, date: str) -> dict[str, Any]:
    """Return the first line of a file; ``date`` is ISO."""
    return {
        "record": "header",
        "toolchain": about.tool,
        "version": version,
        "target": target,
        "host": host,
        "options": {**about.options, **({"weights": "about zero"} if about.centred_weights else {})},
        "date": date,
        "licence_note": about.licence_note,
    }


def question(case: Case) -> dict[str, Any]:
    """Return the part of a record that is known before the answer."""
    if case.network:
        record: dict[str, Any] = {"record": "network", "network": case.name, "precision": case.precision}
    else:
        record = {"record": "op", "case": case.name, "precision": case.precision, "asked": dict(case.asked or {})}
    if case.variant:
        record["variant"] = dict(case.variant)
    return record


def answer(case: Case, observation: Observation, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the record of an answer; culprits get ONNX names by ``names``."""
    record = question(case)
    if not case.network:
        record["answer"] = observation.outcome
        if observation.into:
            record["into"] = list(observation.into)
        if observation.stage:
            record["stage"] = observation.stage
        return {**record, "says": observation.says}
    culprits: dict[str, int] = {}
    for name, count in observation.culprits.items():
        mapped = names.get(name, name)
        if mapped:
            culprits[mapped] = culprits.get(mapped, 0) + count
    listed = [{"op": op, "count": count} for op, count in sorted(culprits.items())]
    stage = "memory" if observation.outcome == "memory" else observation.stage
    told = {"answer": NETWORK_ANSWER[observation.outcome], "stage": stage, "culprits": listed}
    return {**record, **told, "says": observation.says}


@cache
def exceptions(target: str) -> Mapping[str, Mapping[str, str]]:
    """Return what ``opsets/evidence/<target>/exceptions.toml`` lists, and why.

    Its tables are ``observations`` (cases, as ``"<case> <precision>"``, on which table and compiler differ) and
    ``one-sided`` (constraints, as ``"<op>: <constraint>"``, that were never seen to hold and to fail); each has reasons
    as keys and lists as values.  Both are here turned round: what is listed to its reason.
    """
    from checker.table_file import decode

    path = folder() / target / "exceptions.toml"
    data = decode(path.read_text(encoding="utf-8"), str(path)) if path.is_file() else {}
    return {
        name: {each: reason for reason, listed in data.get(name, {}).items() for each in listed}
        for name in ("observations", "one-sided")
    }


@cache
def names_of(tool: str, *targets: str) -> Mapping[str, str]:
    """Return the ONNX operator or composite that each of a toolchain's own operators is.

    Looked for in ``opsets/evidence/<tool>.names.toml``, or under the name of a target; a name that maps to the empty
    string is no culprit.
    """
    return {str(theirs): str(ours) for theirs, ours in _named(tool, *targets).get("names", {}).items()}


@cache
def fused_of(tool: str) -> Mapping[str, frozenset[str]]:
    """Return the operators that a toolchain makes of several nodes of the file before it says where they run.

    An operator to those that it is made of: ``[fused]`` in the file of names.
    """
    return {str(made): frozenset(parts) for made, parts in _named(tool).get("fused", {}).items()}


def becomes_of(tool: str) -> Mapping[str, str]:
    """Return what a toolchain turns an operator of the file into before it says where it runs.

    An operator to the one that is named instead: ``[becomes]`` in the file of names.
    """
    return {str(op): str(made) for op, made in _named(tool).get("becomes", {}).items()}


def _named(*names: str) -> Mapping[str, Any]:
    from checker.table_file import decode

    for name in names:
        path = folder() / f"{name}.names.toml"
        if path.is_file():
            return decode(path.read_text(encoding="utf-8"), str(path))
    return {}


@dataclass(slots=True)
class Log:
    """An evidence file that is being written; ``answered`` are the keys of what is in it already."""

    path: Path
    answered: set[str] = field(default_factory=set)
    _file: IO[str] | None = None

    def open(self, first: Record) -> None:
        """Open the file, with ``first`` as its header where it is new.

        A line that was cut off is removed; the header of an existing file has to name the same toolchain, version and
        target.

        Raises:
            InputError: the file is another compiler's, or cannot be written.
        """
        if self.path.suffix != ".jsonl":
            raise InputError(f"{self.path}: a compressed file cannot be added to; unpack it first")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size:
                self._resume(first)
                self._file = self.path.open("a", encoding="utf-8")
                return
            self._file = self.path.open("w", encoding="utf-8")
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror or error})") from None
        self._write(first)

    def add(self, record: Record) -> None:
        """Append one answer."""
        self._write(record)
        self.answered.add(key(record))

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _resume(self, first: Record) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
        before = read(self.path) if whole else None
        if before is None:
            self.path.write_text(_line(first), encoding="utf-8")
            return
        for name in ("toolchain", "version", "target"):
            if before.header.get(name) != first[name]:
                theirs = before.header.get(name)
                raise InputError(f"{self.path}: holds answers of {name} {theirs}, not {first[name]}; name another file")
        self.answered.update(key(record) for record in (*before.ops, *before.networks))

    def _write(self, record: Record) -> None:
        if self._file is None:
            raise ValueError("the log is not open")
        self._file.write(_line(record))
        self._file.flush()


def _line(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"
