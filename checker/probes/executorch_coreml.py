"""ExecuTorch's Core ML backend: which operators of a torch program go into ML programs.

What the partitioner leaves runs on ExecuTorch's portable kernels: the host.  What it takes is converted by coremltools
and serialized; where Core ML runs it is decided on an Apple device and not known here.
"""

from __future__ import annotations

from typing import Final

from checker.probes.driven import Driven
from checker.probes.executorch import ASKED, interpret, options
from checker.probes.toolchain import About
from checker.probes.worker import Worker

ABOUT: Final = About(
    tool="executorch",
    adapter="ask_executorch_coreml",
    chips={"apple-coreml-executorch": "iOS18"},
    precisions=("fp16",),
    converts=("fp16",),
    licence_note="ExecuTorch and coremltools are open source (BSD-3-Clause); answers about our own models",
    options={
        "asked": ASKED,
        "compile_specs": "half precision (the default), for iOS 18; the model package is not compiled",
    },
)


def toolchain(worker: Worker) -> Driven:
    """Return the toolchain behind a worker."""
    return Driven(ABOUT, interpret, worker, options)
