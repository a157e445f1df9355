"""The walk that leaves weights where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import load_external_data_for_model

from checker.errors import InputError
from checker.load import load_file, read_tensor
from checker.load.wire import strip

RANDOM = np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    """Make random float32 elements."""
    return RANDOM.random(shape, dtype="f4")


def tensor(name: str, array: np.ndarray) -> TensorProto:
    """Store an array."""
    return numpy_helper.from_array(array, name)


def model_with_weights_everywhere() -> onnx.ModelProto:
    """Weights as initializer, Constant, in a branch, in a function, sparse, and in typed fields."""
    info = helper.make_tensor_value_info
    branch = helper.make_graph(
        [helper.make_node("Constant", [], ["c"], value=tensor("", floats(64, 64)))],
        "branch",
        [],
        [info("c", 1, [64, 64])],
        [tensor("inner", floats(40, 40))],
    )
    function = helper.make_function(
        "custom",
        "Scale",
        ["a"],
        ["b"],
        [
            helper.make_node("Constant", [], ["k"], value=tensor("", floats(64, 64))),
            helper.make_node("Mul", ["a", "k"], ["b"]),
        ],
        [helper.make_opsetid("", 17)],
    )
    typed = helper.make_tensor("typed", TensorProto.DOUBLE, [30, 30], RANDOM.random(900).tolist())
    counts = helper.make_tensor("counts", TensorProto.INT64, [6000], list(range(-3000, 3000)))
    sparse = helper.make_sparse_tensor(
        tensor("sparse", floats(2000)), tensor("places", np.arange(2000, dtype="i8")), [5000]
    )
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("If", ["flag"], ["z"], then_branch=branch, else_branch=branch),
            helper.make_node("Add", ["y", "z"], ["s"]),
            helper.make_node("Scale", ["s"], ["out"], domain="custom"),
        ],
        "main",
        [info("x", 1, [64, 64]), info("flag", TensorProto.BOOL, [])],
        [info("out", 1, [64, 64])],
        [tensor("w", floats(64, 64)), tensor("small", floats(4)), typed, counts],
        sparse_initializer=[sparse],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("custom", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=[function])


def test_a_stripped_file_with_its_payloads_read_back_is_the_file(tmp_path: Path) -> None:
    """Every skipped payload is standard external data: onnx itself restores the original from it."""
    original = model_with_weights_everywhere()
    # varints of int64_data have no external form; they are checked below
    del original.graph.initializer[3]
    path = tmp_path / "model.onnx"
    path.write_bytes(original.SerializeToString())
    structure = strip(memoryview(path.read_bytes()), path.name)
    stripped = onnx.ModelProto.FromString(structure.model)
    assert len(structure.model) < len(path.read_bytes()) - structure.skipped + 1000
    assert structure.skipped > 6 * 4096
    load_external_data_for_model(stripped, str(tmp_path))
    assert all(node.op_type for node in stripped.functions[0].node)
    for before, after in zip(original.graph.initializer, stripped.graph.initializer, strict=True):
        assert np.array_equal(numpy_helper.to_array(before), numpy_helper.to_array(after))
    inner = (original.graph.node[1].attribute[0].g, stripped.graph.node[1].attribute[0].g)
    before, after = (numpy_helper.to_array(graph.node[0].attribute[0].t) for graph in inner)
    assert np.array_equal(before, after)


def test_every_weight_can_be_read_after_loading(tmp_path: Path) -> None:
    """Raw, typed and varint payloads come back element by element."""
    original = model_with_weights_everywhere()
    path = tmp_path / "model.onnx"
    path.write_bytes(original.SerializeToString())
    loaded = load_file(path)
    stored = {value.name: value for value in loaded.graph.initializers}
    for proto in original.graph.initializer:
        value = stored[proto.name]
        assert (value.const is None) == (proto.name != "small")
        for source in (loaded, path):
            assert np.array_equal(read_tensor(value, source), numpy_helper.to_array(proto))
    assert stored["sparse"].shape == (5000,)
    assert stored["sparse"].constant


def test_the_hash_knows_neither_the_name_of_the_file_nor_its_weights(tmp_path: Path) -> None:
    """Two files that differ in large weights only have one structure; a changed attribute is another."""
    first = model_with_weights_everywhere()
    second = onnx.ModelProto.FromString(first.SerializeToString())
    second.graph.initializer[0].raw_data = bytes(64 * 64 * 4)
    third = onnx.ModelProto.FromString(first.SerializeToString())
    third.graph.node[0].name = "renamed"
    hashes = []
    for name, model in (("a", first), ("b", second), ("c", third)):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        hashes.append(load_file(path).sha256)
    assert hashes[0] == hashes[1] != hashes[2]
    whole = [load_file(tmp_path / f"{name}.onnx", whole_hash=True) for name in "ab"]
    assert whole[0].sha256 != whole[1].sha256
    assert whole[0].sha256_of == "file"


def test_unpacked_elements_are_left_to_protobuf() -> None:
    """A writer may store ``float_data`` one field an element; such a tensor is copied as it is."""
    body = b"\x08\xd0\x0f" + b"\x10\x01" + (b"\x25" + np.float32(0.5).tobytes()) * 2000 + b"\x42\x01w"
    graph = b"\x2a" + _varint(len(body)) + body
    data = b"\x08\x08" + b"\x3a" + _varint(len(graph)) + graph
    structure = strip(memoryview(data), "m")
    assert structure.model == data
    model = onnx.ModelProto.FromString(structure.model)
    assert len(model.graph.initializer[0].float_data) == 2000


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_messages_nested_without_end_are_refused() -> None:
    """Subgraphs in subgraphs are followed to a depth that protobuf itself would accept, and no further."""
    graph = b"\x12" + _varint(6000) + bytes(6000).replace(b"\0", b"a")
    for _ in range(80):
        attribute = b"\x32" + _varint(len(graph)) + graph
        node = b"\x2a" + _varint(len(attribute)) + attribute
        graph = b"\x0a" + _varint(len(node)) + node
    with pytest.raises(InputError, match="nested"):
        strip(memoryview(b"\x3a" + _varint(len(graph)) + graph), "m")
