"""Fixtures that several test files share."""

from __future__ import annotations

import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

Corpus = Callable[[str], Path]


def corpus_graphs() -> Path | None:
    """Return the folder of the development corpus; None where this checkout has none beside it."""
    shared = Path(os.environ.get("EDGELINT_SHARED") or ROOT.parent / "shared")
    folder = shared / "corpus" / "graphs"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return what unpacks a graph of the corpus by name (without weights); skip where there is no corpus."""
    graphs = corpus_graphs()
    if graphs is None:
        pytest.skip("the development corpus is not beside this checkout (set EDGELINT_SHARED)")
    folder = tmp_path_factory.mktemp("corpus")

    def unpack(name: str) -> Path:
        path = folder / f"{name}.onnx"
        if not path.exists():
            packed = graphs / f"{name}.onnx.xz"
            if not packed.exists():
                pytest.skip(f"the corpus has no {name}")
            path.write_bytes(lzma.decompress(packed.read_bytes()))
        return path

    return unpack
