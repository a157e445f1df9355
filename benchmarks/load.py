"""Print what loading costs, as ratios: a large model against the same graph without weights.

    python benchmarks/load.py [MODEL.onnx ...]

Each figure is the least of three processes: CPU seconds (user and system) and peak memory.
"""

# ruff: noqa: INP001, T201, S603  # a script that prints and runs itself, no package
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 3
NAMES = ("large.onnx", "weightless.onnx")
LAYERS, WIDTH = 90, 2048  # 90 weights of 16 MiB: 1.5 GB

SCRIPT = "import sys; from checker.load import load; graph = load(sys.argv[1]); print(len(graph.nodes))"


def measure(arguments: list[str]) -> tuple[float, float]:
    """Run a command; return CPU seconds and peak MiB, the least of some rounds."""
    best = (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, *arguments],
            {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)},
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
        )
        _, status, usage = os.wait4(pid, 0)
        if status:
            raise SystemExit(f"failed: {' '.join(arguments)}")
        best = min(best[0], usage.ru_utime + usage.ru_stime), min(best[1], usage.ru_maxrss / 1024)
    return best


def write_models(folder: Path) -> None:
    """Write a 1.5 GB model, and the same graph whose weights are missing external data."""
    import onnx
    from onnx import helper

    paths = [folder / name for name in NAMES]
    for path in paths:
        weights, nodes, last = [], [], "x"
        for layer in range(LAYERS):
            weight = onnx.TensorProto(name=f"w{layer}", data_type=1, dims=[WIDTH, WIDTH])
            if path is paths[0]:
                weight.raw_data = bytes(WIDTH * WIDTH * 4)
            else:
                weight.data_location = onnx.TensorProto.EXTERNAL
                for key, value in (("location", "w.bin"), ("offset", "0"), ("length", str(WIDTH * WIDTH * 4))):
                    entry = weight.external_data.add()
                    entry.key, entry.value = key, value
            weights.append(weight)
            nodes += [
                helper.make_node("MatMul", [last, f"w{layer}"], [f"a{layer}"]),
                helper.make_node("Add", [f"a{layer}", last], [f"b{layer}"]),
                helper.make_node("Relu", [f"b{layer}"], [f"c{layer}"]),
            ]
            last = f"c{layer}"
        info = helper.make_tensor_value_info
        shape = [1, 128, WIDTH]
        graph = helper.make_graph(nodes, "g", [info("x", 1, shape)], [info(last, 1, shape)], weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def main() -> None:
    """Measure, and print a line a thing."""
    start = measure(["-c", "pass"])
    print(f"{'python itself':40} {start[0]:6.2f} s CPU {start[1]:6.0f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own: a child's peak memory counts what its parent held when it started
        subprocess.run([sys.executable, __file__, "--write", folder], check=True)
        large, weightless = (measure(["-c", SCRIPT, str(Path(folder, name))]) for name in NAMES)
    print(f"{'load, 1.5 GB of weights':40} {large[0]:6.2f} s CPU {large[1]:6.0f} MiB")
    print(f"{'load, same graph without weights':40} {weightless[0]:6.2f} s CPU {weightless[1]:6.0f} MiB")
    print(f"{'ratio (bound 1.3)':40} {large[0] / weightless[0]:6.2f}       {large[1] / weightless[1]:6.2f}")
    for name in sys.argv[1:]:
        cpu, memory = measure(["-c", SCRIPT, name])
        print(f"{'load ' + Path(name).name:40} {cpu:6.2f} s CPU {memory:6.0f} MiB")
        cpu, memory = measure(["-m", "checker", "check", name, "--target", "rockchip-rk3588", "--fail-on", "never"])
        print(f"{'check ' + Path(name).name:40} {cpu:6.2f} s CPU {memory:6.0f} MiB (bounds 0.6 s, 80 MiB)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write_models(Path(sys.argv[2]))
    else:
        main()
