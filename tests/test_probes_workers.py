"""A compiler that crashes, hangs or eats the memory costs one case and is recorded as what it did."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.errors import InputError
from checker.probes.driven import Driven, words
from checker.probes.toolchain import About, Case, Observation
from checker.probes.toolchains import MODULES, make, module_of
from checker.probes.worker import Limits, Raw, Worker, python_of

ADAPTER = """
import os, signal, subprocess, sys, time
def version(): return "1.2"
def ask(job, stage):
    stage("compile")
    what = job["options"].get("do", "")
    if what == "print": print("seen", os.path.basename(job["model"])); os.write(2, b"and on the other stream")
    if what == "segfault": print("last words", flush=True); os.kill(os.getpid(), signal.SIGSEGV)
    if what == "leave": os._exit(3)
    if what == "hang": subprocess.Popen(["sleep", "60"]); time.sleep(60)
    if what == "memory": bytearray(1 << 33)
    if what == "raise": raise ValueError("no such thing")
    if what == "interpreter": sys.exit(5)
    stage("")
    return {"target": job["target"], "precision": job["precision"]}
"""
RELU = {"op": "Relu", "opset": 17, "inputs": [{"name": "X", "dtype": "float32", "shape": [1, 3]}]}
ABOUT = About("acmec", "ask_acme", {"acme-one": "one"}, ("fp16",), "ours")


def said(_case: Case, raw: Raw) -> Observation:
    """Hand on what the adapter says."""
    return Observation("refused" if raw.error else "native", raw.error or raw.log, stage=raw.stage)


@pytest.fixture
def toolchain(tmp_path: Path) -> Iterator[Driven]:
    """A compiler of our own that does what a case tells it to."""
    (tmp_path / "ask_acme.py").write_text(ADAPTER)
    limits = Limits(seconds=1.5, bytes=2 << 30)
    worker = Worker("ask_acme", sys.executable, limits, {"PYTHONPATH": str(tmp_path)})
    made = Driven(ABOUT, said, worker)
    yield made
    made.close()


def asked(toolchain: Driven, what: str) -> Observation:
    """Ask for something to be done."""
    return toolchain.run(Case(what, "acme-one", "fp16", RELU, variant={"do": what}))


@pytest.mark.parametrize(
    ("what", "outcome", "stage"),
    [
        ("print", "native", ""),
        ("segfault", "crashed", "compile"),
        ("leave", "crashed", "compile"),
        ("hang", "timeout", "compile"),
        ("memory", "memory", "compile"),
        ("raise", "refused", "compile"),
        ("interpreter", "refused", "compile"),
    ],
)
def test_what_becomes_of_a_case_is_recorded_as_what_it_is(
    toolchain: Driven, what: str, outcome: str, stage: str
) -> None:
    """Each end has its own word, and the stage at which it came."""
    found = asked(toolchain, what)
    assert (found.outcome, found.stage) == (outcome, stage)


def test_the_next_case_is_answered_after_every_disaster(toolchain: Driven) -> None:
    """The worker lives on: one process serves a whole run."""
    assert toolchain.version() == "1.2"
    process = toolchain.worker._process
    for what in ("segfault", "hang", "memory", "leave"):
        asked(toolchain, what)
        assert asked(toolchain, "print").outcome == "native"
    assert toolchain.worker._process is process


def test_a_worker_that_was_killed_is_started_again(toolchain: Driven) -> None:
    """Even the death of the worker itself costs no more than a case."""
    asked(toolchain, "print")
    process = toolchain.worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert asked(toolchain, "print").outcome == "native"


def test_words_are_kept_from_both_streams_without_paths(toolchain: Driven) -> None:
    """What the compiler prints is its answer; where it was run is nobody's business."""
    found = asked(toolchain, "print")
    assert found.says == "seen model.onnx and on the other stream"
    assert "signal 11: last words" in asked(toolchain, "segfault").says
    assert words("at /usr/lib/x/y.cc:12: \x1b[31mbad\x1b[0m\n  /a is short") == "at <path>:12: bad /a is short"
    assert len(words("x" * 1000)) == 300


def test_a_licence_may_forbid_the_words(tmp_path: Path, toolchain: Driven) -> None:
    """Then the answer is kept and nothing else."""
    quiet = Driven(About("acmec", "ask_acme", {"acme-one": "one"}, ("fp16",), "", words=False), said, toolchain.worker)
    assert asked(quiet, "print").says == ""


def test_a_compiler_that_cannot_be_started_is_one_line(tmp_path: Path) -> None:
    """A missing library says which."""
    (tmp_path / "ask_acme.py").write_text("import not_there")
    worker = Worker("ask_acme", sys.executable, environment={"PYTHONPATH": str(tmp_path)})
    with pytest.raises(InputError, match="cannot be started: ModuleNotFoundError: No module named 'not_there'"):
        worker.version()


def test_the_python_of_a_toolchain_is_named_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """--python, else the environment, else an error that names both."""
    monkeypatch.delenv("EDGELINT_TENSORRT_RTX_PYTHON", raising=False)
    with pytest.raises(InputError, match="--python or EDGELINT_TENSORRT_RTX_PYTHON"):
        python_of("tensorrt-rtx", None)
    monkeypatch.setenv("EDGELINT_TENSORRT_RTX_PYTHON", sys.executable)
    assert python_of("tensorrt-rtx", None) == sys.executable
    with pytest.raises(InputError, match="no such program"):
        python_of("tensorrt-rtx", "/not/there/python")


@pytest.mark.parametrize("name", MODULES)
def test_every_toolchain_is_complete(name: str) -> None:
    """It names its worker, its chips and precisions, and what its licence says; the worker's file is there."""
    about = module_of(name).ABOUT
    assert (Path(module_of(name).__file__).parent / "workers" / f"{about.adapter}.py").is_file()
    assert about.chips
    assert about.licence_note
    assert set(about.converts) <= set(about.precisions)
    made = make(name, sys.executable)
    assert made.targets() == tuple(about.chips)


def test_an_unknown_toolchain_is_one_line() -> None:
    """The nearest is suggested."""
    with pytest.raises(InputError, match="unknown toolchain `rknm`"):
        make("rknm", sys.executable)
