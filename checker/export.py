"""A torch module, named as MODULE:CALLABLE, written as an ONNX file by torch's own exporters.

What is reported is what the file says.  The dynamo exporter builds at opset 18 and converts; where the conversion
fails it keeps 18 without an error, so what was asked for proves nothing.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import logging
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checker.errors import InputError
from checker.files import publish

Exporter = Literal["dynamo", "torchscript"]
EXPORTERS: tuple[Exporter, ...] = ("dynamo", "torchscript")

DTYPES = ("float32", "float16", "bfloat16", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
SPELLING = re.compile(r"(?P<name>[^:]+):(?P<shape>\d+(?:x\d+)*)(?::(?P<dtype>\w+))?")
MODEL = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
INLINE_BYTES = 1_900_000_000
"""More weights than this do not fit one protobuf (2 GiB); the exporter then writes a second file beside the model."""


@dataclass(frozen=True, slots=True)
class Input:
    """An example input: ``name``, ``shape`` (lengths of the axes) and torch's name of the element type."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"


@dataclass(frozen=True, slots=True)
class Exported:
    """The file that was written and what differs from the request, one sentence each."""

    path: str
    opset: int
    notes: tuple[str, ...] = ()


def parse_input(text: str) -> Input:
    """Read ``NAME:1x3x224x224[:dtype]``.

    Raises:
        InputError: it is spelled otherwise, or the element type is not one of ``DTYPES``.
    """
    match = SPELLING.fullmatch(text)
    if match is None:
        raise InputError(f"--input {text}: write NAME:SHAPE[:DTYPE], for example x:1x3x224x224 or ids:1x128:int64")
    dtype = match["dtype"] or "float32"
    if dtype not in DTYPES:
        raise InputError(f"--input {text}: unknown element type {dtype!r}; one of {', '.join(DTYPES)}")
    return Input(match["name"], tuple(int(d) for d in match["shape"].split("x")), dtype)


def names_a_model(text: str) -> bool:
    """Tell whether the text is spelled MODULE:CALLABLE and no file bears that name."""
    return MODEL.fullmatch(text) is not None and not Path(text).exists()


def export(
    model: str, inputs: Sequence[Input], output: str, *, opset: int | None = None, exporter: Exporter = "dynamo"
) -> Exported:
    """Export MODULE:CALLABLE in inference mode; the file appears under its name only when it is complete.

    CALLABLE is a ``torch.nn.Module``, or something that returns one when it is called without arguments.

    Raises:
        InputError: torch is absent, the model cannot be imported or made, or the exporter fails.
    """
    if not inputs:
        raise InputError(f"{model}: a torch model needs --input NAME:SHAPE, for example --input x:1x3x224x224")
    torch = _torch()
    target = Path(os.path.realpath(output))
    if not target.parent.is_dir():
        raise InputError(f"{output}: the folder does not exist")
    module = _instance(model, torch)
    arguments, keywords, names = bind(module, {i.name: _example(i, torch) for i in inputs})
    options: dict[str, Any] = {"kwargs": keywords, "input_names": names, "dynamo": exporter == "dynamo"}
    if opset is not None:
        options["opset_version"] = opset
    if exporter == "dynamo":
        weights = sum(t.numel() * t.element_size() for t in module.state_dict().values())
        options |= {"external_data": weights > INLINE_BYTES, "verbose": False}
    folder = Path(tempfile.mkdtemp(dir=target.parent, prefix=".edgelint-"))
    try:
        written = folder / target.name
        try:
            with _silence():
                torch.onnx.export(module, tuple(arguments), str(written), **options)
        except (Exception, SystemExit) as error:
            raise InputError(f"{model}: the {exporter} exporter failed: {_cause(error)}") from error
        in_force = _opset(written)
        for other in sorted(folder.iterdir()):
            if other != written:
                publish(other, target.parent / other.name)
        publish(written, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    notes = (f"asked for opset {opset}, the file says {in_force}",) if opset not in {None, in_force} else ()
    return Exported(output, in_force, notes)


def bind(module: Any, examples: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any], list[str]]:
    """Decide how the examples are passed: by name where all are parameters of ``forward``, otherwise in order.

    Returns:
        Positional arguments, keyword arguments, and the names of the ONNX inputs in the same order.
    """
    parameters = [
        p.name
        for p in inspect.signature(module.forward).parameters.values()
        if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}
    ]
    if not set(examples) <= set(parameters):
        return list(examples.values()), {}, list(examples)
    ordered = [name for name in parameters if name in examples]
    positional = [name for name, parameter in zip(ordered, parameters, strict=False) if name == parameter]
    rest = ordered[len(positional) :]
    return [examples[n] for n in positional], {n: examples[n] for n in rest}, ordered


def _torch() -> Any:
    try:
        with _silence():
            return importlib.import_module("torch")
    except ImportError as error:
        message = "exporting needs torch, which is not installed here: pip install 'edgelint[torch]'"
        raise InputError(message) from error


def _instance(model: str, torch: Any) -> Any:
    """Import MODULE (the current folder is looked in first), make CALLABLE, and put it in inference mode."""
    match = MODEL.fullmatch(model)
    if match is None:
        raise InputError(f"{model}: write MODULE:CALLABLE, for example mynets.detector:Detector")
    sys.path.insert(0, str(Path.cwd()))
    importlib.invalidate_caches()
    try:
        # What the module prints while it is imported must not end up in a report on standard output.
        with contextlib.redirect_stdout(sys.stderr):
            found: Any = importlib.import_module(match["module"])
            for part in match["name"].split("."):
                found = getattr(found, part)
            module = found if isinstance(found, torch.nn.Module) else found()
    except (Exception, SystemExit) as error:
        raise InputError(f"{model}: cannot be made: {_cause(error)}") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"{model}: is a {type(module).__name__}, not a torch.nn.Module or something that returns one")
    return module.eval()


def _example(spec: Input, torch: Any) -> Any:
    """Make a tensor that models accept: zeros for indices, ones for masks, seeded noise for everything else."""
    dtype = getattr(torch, spec.dtype)
    if not dtype.is_floating_point:
        return (torch.ones if "mask" in spec.name.lower() else torch.zeros)(spec.shape, dtype=dtype)
    return torch.rand(spec.shape, generator=torch.Generator().manual_seed(0)).to(dtype)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop what the exporters print, log and warn; where they fail, the exception says why."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _silent_descriptors():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _silent_descriptors() -> Iterator[None]:
    """Drop what C++ code writes as well (TorchScript prints its whole graph where an operator is not supported)."""
    saved: dict[int, int] = {}
    with contextlib.suppress(OSError):  # a process may have been started without standard streams
        saved = {number: os.dup(number) for number in (1, 2)}
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in saved:
            os.dup2(null, number)
        yield
    finally:
        for number, copy in saved.items():
            os.dup2(copy, number)
            os.close(copy)
        os.close(null)


def _cause(error: BaseException) -> str:
    """Return the innermost reason: its type and the first line that says something."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _opset(path: Path) -> int:
    """Read the opset import of the ONNX domain from the written file."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    return max((o.version for o in model.opset_import if o.domain in {"", "ai.onnx"}), default=1)
