"""From what the user names (case files, folders of networks, the catalogue) to the cases that a toolchain is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from checker.errors import InputError
from checker.graph import EMPTY
from checker.probes import evidence, weights
from checker.probes.toolchain import About, Case

if TYPE_CHECKING:
    import onnx

NETWORK_SUFFIXES: Final = (".onnx", ".onnx.xz")
_QUANTIZED: Final = frozenset({"QuantizeLinear", "DequantizeLinear"})
_TENSOR_FLOAT16: Final = 10


def from_files(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the cases of a file of JSON lines, or of all in a folder: evidence, or ``{"case", "asked"}`` lines.

    Raises:
        InputError: there is no such file, or a line is no case.
    """
    if not path.exists():
        raise InputError(f"{path}: no such file or folder of cases")
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.name.endswith(evidence.SUFFIXES))
    if not found:
        raise InputError(f"{path}: no .jsonl file in this folder")
    for file in found:
        for number, record in evidence.records(file):
            if record.get("record") in {"header", "network"}:
                continue
            if not isinstance(record.get("case"), str) or not isinstance(record.get("asked"), dict):
                raise InputError(f"{file}: line {number}: a case needs `case` and `asked`")
            yield record


def cases(recorded: Iterable[Mapping[str, Any]], about: About, target: str, only: Sequence[str] = ()) -> Iterator[Case]:
    """Yield the cases for one target, each question once.

    A precision that is on record is kept where the toolchain offers it; otherwise a model is asked about at every
    precision that the toolchain makes of it, or at that of its own dtypes.

    Args:
        recorded: with ``case``, ``asked`` and perhaps ``precision`` and ``variant``.
        about: the toolchain.
        target: id of the target.
        only: precisions; empty for all.
    """
    seen, about = set(), about.of(target)
    for each in recorded:
        on_record = each.get("precision")
        asked = each["asked"]
        precisions = (on_record,) if on_record in about.precisions else about.converts or (_of_case(asked, about),)
        for precision in precisions:
            case = Case(each["case"], target, precision, asked, variant=each.get("variant") or EMPTY)
            key = evidence.key(evidence.question(case))
            if key not in seen and precision in (only or (precision,)):
                seen.add(key)
                yield case


def _of_case(asked: Mapping[str, Any], about: About) -> str:
    text = str(asked.get("text", ""))
    inputs = [each for each in asked.get("inputs", ()) if each]
    half = "float16[" in text or any(each["dtype"] == "float16" for each in inputs)
    return _named(about, half=half, quantized="QuantizeLinear" in text or asked.get("op") in _QUANTIZED)


def _named(about: About, *, half: bool, quantized: bool) -> str:
    if quantized and "int8" in about.precisions:
        return "int8"
    return "fp16" if half and "fp16" in about.precisions else about.precisions[0]


def network_files(folder: Path) -> list[Path]:
    """Return the networks in a folder and below it, or the one that is named, sorted.

    Raises:
        InputError: there is none.
    """
    if folder.is_file():
        return [folder]
    found = sorted(path for path in folder.rglob("*") if path.name.endswith(NETWORK_SUFFIXES) and path.is_file())
    if not found:
        raise InputError(f"{folder}: no .onnx or .onnx.xz file in this folder or below it")
    return found


def network(path: Path, ready: Path, about: About, target: str, precision: str | None = None) -> Case:
    """Return the case of a network.

    Args:
        path: the file that the user has.
        ready: the same with its weights (``weights.supply``).
        about: the toolchain.
        target: id of the target.
        precision: None for that of the file: int8 with Q/DQ, fp16 for a half-precision file, else the default.
    """
    return Case(weights.name_of(path), target, precision or _of_file(ready, about.of(target)), path=ready)


def _of_file(path: Path, about: About) -> str:
    import onnx

    model: onnx.ModelProto = onnx.load(str(path), load_external_data=False)
    quantized = any(node.op_type in _QUANTIZED for node in model.graph.node)
    half = not about.converts and any(t.data_type == _TENSOR_FLOAT16 for t in model.graph.initializer)
    return _named(about, half=half, quantized=quantized)
