"""Fixtures that several test files share."""

from __future__ import annotations

import lzma
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def corpus_folder() -> Path | None:
    """Return the folder of the development corpus; None where this checkout has none beside it."""
    folder = Path(os.environ.get("EDGELINT_SHARED") or ROOT.parent / "shared") / "corpus"
    return folder if (folder / "graphs").is_dir() else None


class Corpus:
    """The development corpus.

    ``corpus / "truth.tsv"`` is a file in it, ``corpus("resnet50__ts17")`` an unpacked graph.
    """

    def __init__(self, folder: Path, unpacked: Path) -> None:
        """Remember where the corpus lies and where its graphs are unpacked to."""
        self.folder, self.unpacked = folder, unpacked

    def __truediv__(self, name: str) -> Path:
        """Return a path inside the corpus."""
        return self.folder / name

    def __call__(self, name: str) -> Path:
        """Return the path of an unpacked graph, without weights; skip where the corpus has none of that name."""
        path = self.unpacked / f"{name}.onnx"
        if not path.exists():
            packed = self.folder / "graphs" / f"{name}.onnx.xz"
            if not packed.exists():
                pytest.skip(f"the corpus has no {name}")
            path.write_bytes(lzma.decompress(packed.read_bytes()))
        return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return the development corpus; skip where there is none."""
    folder = corpus_folder()
    if folder is None:
        pytest.skip("the development corpus is not beside this checkout (set EDGELINT_SHARED)")
    return Corpus(folder, tmp_path_factory.mktemp("corpus"))
