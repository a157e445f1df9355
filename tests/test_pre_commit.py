"""The hook of ``.pre-commit-hooks.yaml``, run by the real pre-commit on a throw-away repository.

What is tested is the last commit of this checkout, since pre-commit installs a commit, as every user's does.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from small import ROOT, TABLE, model

CORE = {"edgelint", "onnx", "numpy", "protobuf", "rich", "tomli"}
THEIRS = {"markdown-it-py", "mdurl", "ml-dtypes", "pygments", "typing-extensions", "pip", "setuptools", "wheel"}
"""What the core's own dependencies bring, and what makes an environment."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"

CONFIG = """repos:
  - repo: {repository}
    rev: {commit}
    hooks:
      - id: edgelint
        args: [--target=acme-one, --opsets=tables]
        verbose: true
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("pre_commit") is None, reason="pre-commit is not installed"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout"),
    pytest.mark.skipif(shutil.which("git") is None, reason="there is no git"),
]


class Repository:
    """A git repository whose commits go through the hook."""

    def __init__(self, folder: Path, home: Path) -> None:
        """Make it, with one target table and without any model."""
        self.folder = folder
        clean = {key: text for key, text in os.environ.items() if not key.startswith(("GIT_", "PYTHON", "COLUMNS"))}
        who = {f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        # pip within the hook's environment keeps the settings of the machine; only pre-commit's cache is our own
        self.environment = {**clean, **who, "PRE_COMMIT_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull}
        self.run("git", "init", "-q", ".")
        (folder / "tables").mkdir()
        (folder / "tables" / "one.toml").write_text(TABLE)
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True)
        config = CONFIG.format(repository=ROOT, commit=commit.stdout.strip())
        (folder / ".pre-commit-config.yaml").write_text(config)
        self.run("git", "add", ".")
        self.run("git", "commit", "-q", "-m", "the table")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )

    def pre_commit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pre-commit in it."""
        return self.run(sys.executable, "-m", "pre_commit", *arguments)

    def commit(self, files: dict[str, bytes]) -> tuple[bool, list[str]]:
        """Try to commit some files; return whether it went through, and what the hook printed."""
        for name, data in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(data)
        self.run("git", "add", *files)
        done = self.run("git", "commit", "-q", "-m", "models")
        if done.returncode:
            self.run("git", "reset", "-q", "--hard")
        return done.returncode == 0, (done.stdout + done.stderr).splitlines()


def online() -> bool:
    """Tell whether pip can reach a package."""
    with_index = [sys.executable, "-m", "pip", "index", "versions", "hatchling"]
    return subprocess.run(with_index, capture_output=True, check=False, timeout=60).returncode == 0


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a repository with the hook installed; skip where packages cannot be fetched."""
    if not online():
        pytest.skip("no package index can be reached")
    folder = tmp_path_factory.mktemp("repository")
    made = Repository(folder, tmp_path_factory.mktemp("pre-commit"))
    installed = made.pre_commit("install", "--install-hooks")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return made


def hook_lines(lines: Sequence[str]) -> list[str]:
    """Return what the hook itself printed, without what pre-commit adds."""
    return [line for line in lines if line and not re.match(r"edgelint\.{3,}|- (hook id|duration|exit code): ", line)]


def test_a_good_model_passes(repository: Repository) -> None:
    """And its verdict is one line."""
    passed, lines = repository.commit({"good.onnx": model("good")})
    assert passed, lines
    assert hook_lines(lines) == ["good.onnx: passes, READY on acme-one"]


def test_a_bad_model_blocks_the_commit(repository: Repository) -> None:
    """With the target, the operator and the reason, in few lines."""
    passed, lines = repository.commit({"bad.onnx": model("refused")})
    assert not passed
    assert hook_lines(lines)[0] == "bad.onnx"
    assert "acme-one fp16: BLOCKED, Sin: Sin is not listed" in " ".join(lines)
    assert len(lines) <= 20


def test_many_files_are_one_call_and_twenty_lines(repository: Repository) -> None:
    """Forty models of which thirty fail: one summary, so one process, and a message that fits a screen."""
    files = {f"many/{number:02}.onnx": model("refused" if number % 4 else "good") for number in range(40)}
    passed, lines = repository.commit(files)
    assert not passed
    told = hook_lines(lines)
    assert [line for line in told if "models:" in line] == ["40 models: 30 failed, 10 passed"]
    assert len(told) <= 20


def test_a_git_lfs_pointer_is_named(repository: Repository) -> None:
    """In one line that says what to do, beside what is said of the others."""
    passed, lines = repository.commit({"pointer.onnx": LFS_POINTER, "fine.onnx": model("good")})
    assert not passed
    assert "edgelint: error: pointer.onnx: a Git LFS pointer, not the model itself; run `git lfs pull`" in lines
    assert len(lines) <= 20


def test_a_commit_without_models_does_not_wait(repository: Repository) -> None:
    """The hook is skipped."""
    passed, lines = repository.commit({"notes.txt": b"nothing"})
    assert passed
    assert any("no files to check" in line for line in lines)


def test_nothing_heavier_than_the_core_is_installed(repository: Repository) -> None:
    """No torch, no runtime, nothing that is not in the list above."""
    (python,) = Path(repository.environment["PRE_COMMIT_HOME"]).glob("repo*/py_env-*/bin/python")
    listed = repository.run(str(python), "-m", "pip", "list", "--format", "freeze").stdout.split()
    names = {re.split(r"==|@", line)[0].lower().replace("_", "-") for line in listed}
    assert names >= {"edgelint", "onnx", "rich"}
    assert names - CORE - THEIRS == set()


def test_ten_small_models_take_less_than_a_second(repository: Repository) -> None:
    """The hook's own process, in processor time: it has one thread, and a busy machine does not count."""
    resource = pytest.importorskip("resource")
    files = {f"ten/{number}.onnx": model("good" if number % 2 else "partly") for number in range(10)}
    passed, lines = repository.commit(files)
    assert passed, lines
    (edgelint,) = Path(repository.environment["PRE_COMMIT_HOME"]).glob("repo*/py_env-*/bin/edgelint")
    command = (str(edgelint), "check", "--quiet", "--target=acme-one", "--opsets=tables", *files)
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert repository.run(*command).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(spent) < 1.0
