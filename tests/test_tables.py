"""Every row of every shipped table is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.composites.record import OWN_KINDS
from checker.paths import opsets_dir
from checker.table_lint import COMPOSITES, lint
from checker.targets import find, ids


@pytest.mark.parametrize("name", ids())
def test_every_row_is_sound(name: str) -> None:
    """No row names an unknown operator, argument, version, precision or source."""
    (target,) = find([name])
    assert lint(target) == ()


@pytest.mark.parametrize("name", ids())
def test_a_target_is_named_after_its_vendor_and_file(name: str) -> None:
    """The id begins with the vendor's folder, and the file is called by the id, or the id without the vendor."""
    (target,) = find([name])
    path = Path(target.path)
    assert path.parent.parent == opsets_dir()
    assert path.stem in {name, name.removeprefix(f"{path.parent.name}-")}


def test_rows_may_speak_of_every_layer_that_is_recognised() -> None:
    """The lint knows the layers that no ONNX operator is named after."""
    assert set(COMPOSITES) >= OWN_KINDS
