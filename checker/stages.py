"""How far a toolchain comes with a node that does not run on the accelerator, in words of evidence and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STAGES: Final[Mapping[str, str]] = {
    "read": "the front end does not read it",
    "parse": "the parser does not take it",
    "import": "the importer does not take it",
    "transform": "the importer does not take it",
    "convert": "the converter does not take it",
    "custom": "the converter makes a custom operator of it, for which there is no kernel",
    "query": "the front end reads it, the device's plugin does not take it",
    "session": "no session is built with it",
    "lower": "it is imported; lowering it to the chip's operators fails",
    "quantize": "the quantizer fails on it; the chip was not asked",
    "skip": "the quantizer leaves it in floating point; the chip was not asked for it in integers",
    "build": "it is read; the compiler fails on it",
    "compile": "it is read; the compiler fails on it",
    "vela": "it is converted and quantized; the compiler fails on it",
    "program": "it is lowered; the program cannot be written",
    "finalize": "it passes validation, and then the graph cannot be finalized",
    "load": "it is converted; the built file does not load",
    "allocate": "it is converted; when its tensors are allocated, a kernel or a type of it is missing",
    "invoke": "it is converted and allocated; it fails when it runs",
    "run": "it is converted and loaded; it fails when it runs",
    "crash": "the toolchain crashes on it",
}
"""Stage to what is said of it, in the order of a build.  A word in a table's row is that of its evidence; ``skip`` is
that of nodes on the host which the quantizer left out, ``crash`` that of a signal, wherever it came.
"""
