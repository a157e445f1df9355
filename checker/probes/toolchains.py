"""Which toolchains there are.  To add one, write its file and its worker, and name it here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from checker.errors import InputError
from checker.probes.worker import Limits, Worker, python_of, supported

if TYPE_CHECKING:
    from checker.probes.driven import Driven

PEERS: Final = {
    "onnxsim-edgetpu": "onnxsim_edgetpu",
    "ort-mobile-usability": "ort_mobile",
    "trtcheck": "trtcheck",
    "winml-cli": "winml",
}
"""Other checkers, which predict what a compiler would say: scored beside ours, never evidence for a table."""

MODULES: Final = {
    "coremltools": "coremltools",
    "executorch": "executorch",
    "executorch-coreml": "executorch_coreml",
    "executorch-ethos-u": "executorch_ethos",
    "litert": "litert",
    "mnn": "mnn",
    "ncnn": "ncnn",
    "onnxruntime-cpu": "ort_cpu",
    "onnxruntime-webgpu": "ort_webgpu",
    "openvino-cpu": "openvino_cpu",
    "qnn": "qnn",
    "rknn": "rknn",
    "tensorrt-rtx": "tensorrt_rtx",
    "tflite-micro": "tflite_micro",
    "tpu-mlir": "tpu_mlir",
    "tvm": "tvm",
    "vela": "vela",
    **PEERS,
}
"""Name on the command line to module in this package."""


def module_of(name: str) -> Any:
    """Return the module of a toolchain.

    Raises:
        InputError: there is no such toolchain.
    """
    from checker.table_file import near

    if name not in MODULES:
        known = near(name, MODULES) or f"; known: {', '.join(MODULES)}"
        raise InputError(f"unknown toolchain `{name}`{known}")
    return importlib.import_module(f"checker.probes.{MODULES[name]}")


def make(name: str, python: str | None = None, limits: Limits | None = None) -> Driven:
    """Return a toolchain that is started when it is first asked.

    Args:
        name: such as ``rknn``.
        python: that of its virtual environment; None for what the environment names.
        limits: what one case may cost.

    Raises:
        InputError: no such toolchain, its Python is not named or does not exist, or workers cannot be run here.
    """
    module = module_of(name)
    if not supported():
        raise InputError("probes run on Linux and macOS only: a case is isolated with fork and resource limits")
    worker = Worker(module.ABOUT.adapter, python_of(name, python), limits or Limits())
    made: Driven = module.toolchain(worker)
    return made
