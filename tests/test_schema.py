"""The operator schemas, read without importing onnx."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checker import schema


def test_the_version_in_force_is_found() -> None:
    """An opset import selects the newest version that is not newer than it."""
    assert [found.since for found in (schema.find("Conv", "", 10), schema.find("Conv", "", 13)) if found] == [1, 11]
    assert schema.find("Gelu", "", 19) is None
    assert schema.find("NoSuchOperator") is None
    assert schema.find("Conv", "", 2**40) is None


def test_the_onnx_domain_has_two_names() -> None:
    """``ai.onnx`` and the empty domain are one."""
    assert schema.find("Relu", "ai.onnx", 14) is schema.find("Relu", "", 14)


def test_history_is_oldest_first_and_newest_skips_deprecated_versions() -> None:
    """Upsample was deprecated in opset 10; its newest usable version is 9."""
    assert [each.since for each in schema.history("Upsample")] == [1, 7, 9, 10]
    newest = schema.newest("Upsample")
    assert newest is not None
    assert newest.since == 9


def test_formal_names_and_defaults_are_those_of_the_standard() -> None:
    """Names in order, optional and variadic marks, typed defaults."""
    conv = schema.find("Conv", "", 11)
    concat = schema.find("Concat", "", 13)
    split = schema.find("Split", "", 18)
    assert conv is not None
    assert concat is not None
    assert split is not None
    assert [(each.name, each.optional) for each in conv.inputs] == [("X", False), ("W", False), ("B", True)]
    assert conv.attributes["group"].default == 1
    assert conv.attributes["auto_pad"].default == "NOTSET"
    assert conv.attributes["strides"].default is None
    assert concat.inputs[0].variadic
    assert concat.attributes["axis"].required
    assert split.outputs[0].variadic


def test_random_operators_are_not_deterministic() -> None:
    """A folded random number would be a lie."""
    for name in ("RandomNormal", "RandomUniformLike", "Multinomial", "Bernoulli"):
        found = schema.newest(name)
        assert found is not None
        assert not found.deterministic, name


@pytest.mark.parametrize(
    ("op", "domain", "names"),
    [
        ("FusedConv", "com.microsoft", ["X", "W", "B", "Z"]),
        ("SkipLayerNormalization", "com.microsoft", ["input", "skip", "gamma", "beta", "bias"]),
        ("SimplifiedLayerNormalization", "", ["X", "scale"]),
        ("SimplifiedLayerNormalization", "com.microsoft", ["X", "scale"]),
    ],
)
def test_operators_of_onnx_runtime_have_formal_names_too(op: str, domain: str, names: list[str]) -> None:
    """They come from a data file and answer to the same functions."""
    found = schema.find(op, domain, 17)
    assert found is not None
    assert [each.name for each in found.inputs] == names
    assert schema.history(op, domain) == (found,)


def test_required_attributes_of_data_schemas_are_marked() -> None:
    """``"<INT!>"`` in the data file is a required attribute without default."""
    found = schema.find("MatMulNBits", "com.microsoft", 1)
    assert found is not None
    assert found.attributes["N"].required
    assert found.attributes["bits"].default == 4
    assert found.attributes["N"].type == "INT"


def test_reading_schemas_imports_neither_onnx_nor_numpy_and_a_later_import_works() -> None:
    """The light modules are shared with the whole package when that is imported afterwards."""
    script = """
import sys
from checker import schema
schema.find("Conv", "", 13)
assert "numpy" not in sys.modules and "onnx" not in sys.modules
onnx = schema.onnx_package()
assert onnx.ModelProto is schema.protos().ModelProto
assert onnx.onnx_cpp2py_export.checker and onnx.defs.get_schema("Conv").since_version >= 11
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_data_file_says_what_onnx_runtime_says() -> None:
    """Names, order and attributes of every operator agree with the registry of the installed onnxruntime."""
    state = pytest.importorskip("onnxruntime.capi.onnxruntime_pybind11_state")
    registry = {(each.domain, each.name): each for each in state.get_all_operator_schema()}
    compared = 0
    for key in [key for key in registry if key[0] == "com.microsoft"]:
        ours, theirs = schema.find(key[1], key[0], 1), registry[key]
        if ours is None:
            continue  # newer than the data
        compared += 1
        for names, formals in ((ours.inputs, theirs.inputs), (ours.outputs, theirs.outputs)):
            # versions append arguments, and never rename them
            assert all(a.name == b.name for a, b in zip(names, formals, strict=False)), key
        assert {name for name, each in ours.attributes.items() if each.required} <= set(theirs.attributes), key
    assert compared > 100
