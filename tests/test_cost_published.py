"""Multiply-accumulates against figures that others publish, and against torch's own counter."""

from __future__ import annotations

import csv
import lzma

import pytest
from conftest import ROOT

from checker.cost import measure
from checker.load import load_bytes

FOLDER = ROOT / "fixtures" / "published"

with (FOLDER / "published.tsv").open(encoding="utf-8") as lines:
    PUBLISHED = {row["network"]: row for row in csv.DictReader(lines, delimiter="\t")}


def _macs(name: str) -> int:
    cost = measure(load_bytes(lzma.decompress((FOLDER / f"{name}.onnx.xz").read_bytes())).graph)
    assert cost.complete
    return cost.macs


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_counts_are_the_published_ones(name: str) -> None:
    """To the last one of torch's, to the last digit of torchvision's and timm's.

    A file whose exporter folded work on constants away has less, by what the table explains.
    """
    row, macs = PUBLISHED[name], _macs(name)
    counted = int(row["torch_macs"])
    if row["folds"]:
        assert 0.994 * counted < macs < counted
        return
    assert macs == counted
    if row["torchvision_g"]:
        assert abs(macs / 1e9 - float(row["torchvision_g"])) < 0.00051
    assert abs((macs + int(row["norm_ops"])) / 1e9 - float(row["timm_g"])) < 0.0051
