"""Weights are read where that is asked for, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from small import external

from checker.audit import Settings, audit, read_targets
from checker.errors import InputError
from checker.rules.weight_spread import narrow

if TYPE_CHECKING:
    from pathlib import Path


def _model(spread: float) -> bytes:
    """Make a convolution of eight channels, four of them ``spread`` times smaller than the others."""
    weight = np.ones((8, 3, 3, 3), "f4")
    weight[4:] /= spread
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")]
    info = [helper.make_tensor_value_info(n, 1, s) for n, s in (("x", [1, 3, 8, 8]), ("y", [1, 8, 6, 6]))]
    graph = helper.make_graph(nodes, "g", info[:1], info[1:], [numpy_helper.from_array(weight, "w")])
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def _rules(model: bytes | str, *, weights: bool) -> set[str]:
    settings = Settings(read_targets(["rockchip-rk3588"]), weights=weights, int8=True)
    return {finding.rule for finding in audit(model, settings).findings}


def test_channels_far_apart_are_found_when_weights_may_be_read() -> None:
    """A hundred times apart is a finding with --weights, twice is none, and without --weights nothing is read."""
    assert "weight-spread" in _rules(_model(100), weights=True)
    assert "weight-spread" not in _rules(_model(2), weights=True)
    assert "weight-spread" not in _rules(_model(100), weights=False)


def test_the_share_is_that_of_the_channels() -> None:
    """Half of the channels are narrow along their own axis, none along another; zeros do not count."""
    weight = np.ones((8, 3), "f4")
    weight[4:] /= 100
    assert narrow(weight, 0) == pytest.approx(0.5)
    assert narrow(weight, 1) == 0
    weight[4:] = 0
    assert narrow(weight, 0) == 0


def test_missing_weights_are_an_error_only_when_asked_for(tmp_path: Path) -> None:
    """A file whose weights are elsewhere is judged on its structure, unless they are to be read."""
    path = tmp_path / "model.onnx"
    path.write_bytes(external("w.bin"))
    assert onnx.load(path, load_external_data=False).graph.initializer
    assert "weight-spread" not in _rules(str(path), weights=False)
    with pytest.raises(InputError, match="--weights"):
        _rules(str(path), weights=True)
