"""ncnn through pnnx: the native converter reads ONNX, ncnn loads what it wrote, and a sample is run through it.

pnnx ends with code 0 whatever happened: what it cannot convert it writes as a layer that ncnn does not have, or, worse,
as one that ncnn has under the same name and whose parameters are not given.  So the layers are looked up one by one,
the file is loaded, and what comes out is compared with ONNX Runtime where that can run the file.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The Vulkan loader reads it once.  Debian's mesa-vulkan-drivers brings lavapipe, which computes in software.
os.environ.setdefault("VK_ICD_FILENAMES", "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json")

import ncnn
import numpy as np
import onnx
import onnxruntime

PLUMBING = frozenset({"Input", "Noop", "Split"})
NOTED = re.compile(r"^(?:todo|fallback|function|ignore|unsupported|ort|layer|.* not supported) .*", re.MULTILINE)
SAMPLE = re.compile(r"^ +(in\d+) = torch\.(rand|randint)\((?:10, \()?([\d, ]*)\)?.*dtype=([\w.]+)\)$", re.MULTILINE)
GIVEN = re.compile(r'ex\.input\("(in\d+)", ncnn\.Mat\(.*batch_index=(\d+)\)')
TAKEN = re.compile(r"(out\d+)\.numpy\(batch_index=(\d+)\)")


def converter() -> str:
    """Return the path of pnnx's native program; importing the package would need torch."""
    spec = importlib.util.find_spec("pnnx")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pnnx is not installed")
    return str(Path(spec.submodule_search_locations[0]) / "pnnx")


def version() -> str:
    """Return the date of the release, which pnnx and ncnn share."""
    return importlib.metadata.version("pnnx")


def ask(job: dict[str, Any], stage: Callable[[str], object]) -> dict[str, Any]:
    """Convert one model, look its layers up, load it, run it.

    ``layers``, ``lacking``, ``untouched``, ``inserted``, ``no_vulkan``: counts by type.  ``kinds``: types by name.
    ``load``: what load_param and load_model returned.  ``run``: what went wrong, empty where nothing did.  The option
    ``vulkan`` is ``flags``, to ask which layers run there, or ``run``, to run them there.
    """
    stage("convert")
    source = Path("model.onnx")
    if not source.exists():  # weights in a file of their own are read from one of a certain name only: put them inside
        onnx.save(onnx.load(job["model"]), str(source))
    command, one_thread = [converter(), str(source)], {**os.environ, "OMP_THREAD_LIMIT": "1"}
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=one_thread)  # noqa: S603  its own
    said = ran.stdout + ran.stderr
    sys.stdout.write(said)  # the log, in which ncnn names what it cannot load
    sys.stdout.flush()
    notes = list(dict.fromkeys(line.strip() for line in said.splitlines() if NOTED.match(line)))
    answer: dict[str, Any] = {"code": ran.returncode, "said": notes}
    param = Path("model.ncnn.param")
    if ran.returncode != 0 or not param.exists():
        return answer
    lines = [line.split() for line in param.read_text().splitlines()[2:] if line.strip()]
    todo = {line.removeprefix("todo ") for line in notes if line.startswith("todo ")}
    answer["layers"] = counts = Counter(kind for kind, *_ in lines)
    answer["lacking"] = {kind: count for kind, count in counts.items() if ncnn.create_layer(kind) is None}
    answer["inserted"] = Counter(kind for kind, name, *_ in lines if "_ncnnbatch" in name)
    answer["untouched"] = {kind: counts[kind] for kind in todo & counts.keys() - answer["lacking"].keys()}
    stage("load")
    gpu = job["options"].get("vulkan")
    net = _net(vulkan=bool(gpu))
    answer["kinds"] = {name: kind for kind, name, *_ in lines}
    answer["load"] = [net.load_param(str(param))]
    if answer["load"] != [0]:
        return answer
    slow = Counter(layer.type for layer in net.layers() if not layer.support_vulkan and layer.type not in PLUMBING)
    answer["no_vulkan"] = slow if gpu else {}
    if gpu == "flags":
        net = _net(vulkan=False)
        net.load_param(str(param))
    answer["load"].append(net.load_model("model.ncnn.bin"))
    if answer["load"] == [0, 0] and not answer["untouched"]:
        stage("run")
        answer.update(_run(net, Path("model_ncnn.py").read_text(), lines, str(source)))
    stage("")
    return answer


def _net(*, vulkan: bool) -> Any:
    """Return an empty net."""
    if vulkan and ncnn.get_gpu_count() < 1:
        raise RuntimeError("no Vulkan device: is mesa-vulkan-drivers installed, and VK_ICD_FILENAMES set?")
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_vulkan_compute = vulkan
    return net


def _run(net: Any, script: str, lines: list[list[str]], source: str) -> dict[str, Any]:
    """Run a sample through the net, with sizes and batch axes as in the script that pnnx writes."""
    random = np.random.default_rng(0)
    samples: dict[str, Any] = {}
    for name, kind, sizes, dtype in SAMPLE.findall(script):
        shape = tuple(int(each) for each in sizes.split(",") if each.strip())
        made = random.uniform(-1, 1, shape) if kind == "rand" else random.integers(0, 2, shape)
        samples[name] = made.astype(np.float16 if dtype == "torch.half" else np.float32 if kind == "rand" else np.int32)
    axes = {name: int(axis) for name, axis in GIVEN.findall(script)}
    # ncnn computes half precision from float32 that it is given; each array has to outlive the Mat that looks at it.
    floats = {name: made.astype(np.float32) if made.dtype == np.float16 else made for name, made in samples.items()}
    extractor = net.create_extractor()
    for name, sample in floats.items():
        if extractor.input(name, ncnn.Mat(sample, batch_index=axes[name]).clone()):
            return {"run": f"input {name} {list(sample.shape)} is not taken"}
    outputs = []
    for name, axis in TAKEN.findall(script):
        code, made = extractor.extract(name)
        if code or made.empty():
            culprit = _first_empty(net, floats, axes, lines)
            return {"run": f"{name}: extract returns {code}; first at {culprit}", "at": culprit}
        outputs.append(made.numpy(batch_index=int(axis)))
    return {"run": _differs(outputs, _reference(source, list(samples.values())))}


def _first_empty(net: Any, samples: dict[str, Any], axes: dict[str, int], lines: list[list[str]]) -> str:
    """Return the type of the first layer that makes nothing."""
    extractor = net.create_extractor()
    for name, sample in samples.items():
        extractor.input(name, ncnn.Mat(sample, batch_index=axes[name]).clone())
    for kind, _, ins, outs, *blobs in lines:
        for blob in blobs[int(ins) : int(ins) + int(outs)] if kind != "Input" else ():
            code, made = extractor.extract(blob)
            if code or made.empty():
                return kind
    return ""


def _reference(source: str, samples: list[Any]) -> list[Any] | None:
    """Return what ONNX Runtime makes of the same sample; None where it cannot."""
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    settings.intra_op_num_threads = 1
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(source, settings, providers=["CPUExecutionProvider"])
        wanted = session.get_inputs()
        if len(wanted) != len(samples):
            return None
        dtypes = {"tensor(int64)": np.int64, "tensor(float16)": np.float16, "tensor(double)": np.float64}
        fed = {
            each.name: sample.astype(dtypes.get(each.type, sample.dtype))
            for each, sample in zip(wanted, samples, strict=True)
        }
        return list(session.run(None, fed))
    except Exception:  # noqa: BLE001  no reference, then
        return None


def _differs(outputs: list[Any], expected: list[Any] | None) -> str:
    """Say where the outputs are not those of ONNX Runtime, by more than half precision explains."""
    for index, (made, other) in enumerate(zip(outputs, expected or outputs, strict=False)):
        right = np.asarray(other)
        if made.size != right.size:
            return f"out{index} has shape {list(made.shape)}, and ONNX Runtime's {list(right.shape)}"
        wanted, given = right.astype(np.float64).ravel(), made.astype(np.float64).ravel()
        finite = np.isfinite(wanted)
        if not finite.any():
            continue
        apart = np.abs(np.where(np.isfinite(given), given, np.inf)[finite] - wanted[finite])
        share = float(apart.max() / max(float(np.abs(wanted[finite]).max()), 1e-3))
        if not share <= 0.05:
            return f"out{index} differs from ONNX Runtime's by {share:.2g} of its range"
    return ""
