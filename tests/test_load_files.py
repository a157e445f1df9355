"""Files that are no usable model: one clear line each, never another exception."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, parser

from checker.errors import InputError
from checker.graph import Graph
from checker.load import load, load_bytes, load_file, load_model, read_tensor

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


def text(body: str) -> bytes:
    """Serialize a model in ONNX text."""
    data: bytes = parser.parse_model(f"{HEAD} g {body}").SerializeToString()
    return data


SIMPLE = text("(float[1, 3] x) => (float[1, 3] y) { a = Relu (x) y = Abs (a) }")

BAD = {
    "empty": (b"", "is empty"),
    "text": (b"# a readme\n" * 100, "a text file"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "git lfs pull"),
    "zip": (b"PK\x03\x04" + bytes(100), "zip archive"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(100), "TensorFlow Lite"),
    "random": (bytes(range(255, 5, -1)) * 20, "not an ONNX model"),
    "truncated": (SIMPLE[:-7], "truncated"),
    "no graph": (b"\x08\x08", "holds no graph"),
    "bytes for a name": (SIMPLE.replace(b"Relu", b"\xff\xfe\xfd\xfc"), "UTF-8"),
    "cycle": (text("(float[1, 3] x) => (float[1, 3] y) { a = Add (x, b) b = Relu (a) y = Relu (b) }"), "cycle"),
    "twice": (text("(float[1, 3] x) => (float[1, 3] y) { y = Relu (x) y = Abs (x) }"), "'y' is produced twice"),
    "input twice": (text("(float[1, 3] x) => (float[1, 3] y) { x = Relu (x) y = Abs (x) }"), "'x' is produced twice"),
    "nobody": (text("(float[1, 3] x) => (float[1, 3] y) { y = Add (x, lost) }"), "'lost', which nothing produces"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_line(case: str, tmp_path: Path) -> None:
    """The line names the file and says what is wrong with it."""
    content, says = BAD[case]
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert says in message
    assert str(path) in message
    assert "\n" not in message


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    """Neither is a model."""
    with pytest.raises(InputError, match="a folder"):
        load(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "nowhere.onnx")


def test_a_file_over_two_gib_is_refused_without_reading_it(tmp_path: Path) -> None:
    """No protobuf message can be that large; the file is sparse and takes no disk."""
    path = tmp_path / "large.onnx"
    path.touch()
    os.truncate(path, 2**31 + 5)
    with pytest.raises(InputError, match="2 GiB"):
        load(path)


def external_model(location: str, length: int = 400) -> onnx.ModelProto:
    """A model whose weight (100 floats) lies in another file."""
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[100], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "8"), ("length", str(length))):
        entry = weight.external_data.add()
        entry.key, entry.value = key, value
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g", [info("x", 1, [100])], [info("y", 1, [100])], [weight]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "C:\\w.bin", "", "a/../../w.bin", "w\0.bin"])
def test_external_data_outside_the_folder_is_refused(location: str, tmp_path: Path) -> None:
    """A model from elsewhere must not make us read other files."""
    path = tmp_path / "m.onnx"
    path.write_bytes(external_model(location).SerializeToString())
    with pytest.raises(InputError, match="model's folder"):
        load(path)


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    """Neither must a link do so."""
    (tmp_path / "secret").write_bytes(bytes(1000))
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "w.bin").symlink_to(tmp_path / "secret")
    path = tmp_path / "inside" / "m.onnx"
    path.write_bytes(external_model("w.bin").SerializeToString())
    with pytest.raises(InputError, match="leaves the model's folder"):
        load(path)


@pytest.mark.parametrize(("size", "says"), [(None, "is missing"), (100, "too short")])
def test_missing_and_short_external_data_are_findings(size: int | None, says: str, tmp_path: Path) -> None:
    """The structure is judged all the same."""
    if size is not None:
        (tmp_path / "w.bin").write_bytes(bytes(size))
    path = tmp_path / "m.onnx"
    path.write_bytes(external_model("w.bin").SerializeToString())
    loaded = load_file(path)
    (problem,) = loaded.graph.problems
    assert problem.rule == "external-data-missing"
    assert says in problem.message
    assert not problem.invalid
    weight = loaded.graph.nodes[0].args["B"]
    assert weight.constant
    assert read_tensor(weight, loaded) is None


def test_external_data_is_read(tmp_path: Path) -> None:
    """Small tensors at once, so that shapes can be computed from them."""
    values = np.arange(102, dtype="<f4")
    (tmp_path / "w.bin").write_bytes(values.tobytes())
    path = tmp_path / "m.onnx"
    path.write_bytes(external_model("w.bin").SerializeToString())
    graph = load(path)
    assert not graph.problems
    assert np.array_equal(graph.nodes[0].args["B"].const, values[2:])
    in_memory = load_model(external_model("w.bin"), tmp_path)
    assert np.array_equal(in_memory.nodes[0].args["B"].const, values[2:])


def test_unsorted_nodes_are_sorted_and_mentioned() -> None:
    """ONNX wants nodes in order of computation; a file that is merely out of order is still judged."""
    graph = load_model(text("(float[1, 3] x) => (float[1, 3] y) { y = Abs (a) a = Relu (x) }"))
    assert [node.op for node in graph.nodes] == ["Relu", "Abs"]
    assert [problem.rule for problem in graph.problems] == ["unsorted-graph"]


def test_facts_of_the_file(tmp_path: Path) -> None:
    """Producer, IR version, opsets, metadata, size."""
    model = parser.parse_model(
        '<ir_version: 9, opset_import: ["" : 17, "custom" : 3], producer_name: "maker", producer_version: "1.2",'
        ' metadata_props: ["author" : "me"]> g (float[n, 3] x) => (float[n, 3] y) { y = Relu (x) }'
    )
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    loaded = load_file(path)
    graph = loaded.graph
    assert (graph.ir_version, graph.producer, dict(graph.opsets)) == (9, "maker 1.2", {"": 17, "custom": 3})
    assert dict(graph.metadata) == {"author": "me"}
    assert (loaded.bytes, loaded.sha256_of) == (path.stat().st_size, "structure")
    assert graph.inputs[0].shape == ("n", 3)
    assert loaded.model.graph.node[0].op_type == "Relu"


SEED_MODELS = {
    "simple": SIMPLE,
    "shapes": text(
        "(float[n, 4, 6] x) => (float[n, p] y) <int64[1] zero = {0}, int64[1] end = {1}, int64[1] rest = {-1}>"
        " { s = Shape (x) b = Slice (s, zero, end) t = Concat <axis = 0> (b, rest) r = Reshape (x, t)"
        " q = Softmax (r) y = Relu (q) }"
    ),
}


@pytest.mark.parametrize("name", SEED_MODELS)
def test_damaged_bytes_give_a_graph_or_one_line(name: str) -> None:
    """Truncated, overwritten and shifted files never end in another exception."""
    base, rng = SEED_MODELS[name], random.Random(7)  # noqa: S311  # the same damage every time
    seen, lines = set(), set()
    for round_ in range(1500):
        data = bytearray(base)
        place = rng.randrange(len(data))
        if round_ % 3 == 0:
            data = data[:place]
        elif round_ % 3 == 1:
            for _ in range(rng.choice((1, 1, 2, 5))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        else:
            data[place:place] = data[place : place + rng.randrange(9)]
        try:
            seen.add(type(load_model(bytes(data))))
        except InputError as error:
            seen.add(type(error))
            lines.update(str(error).splitlines()[1:])
    assert not lines
    assert seen == {Graph, InputError}


def test_absurd_sizes_cost_nothing() -> None:
    """A shape of 2**40 elements is a fact like any other, and nothing of that size is made."""
    stored = "float[1] w = {1.0}, int64[1] huge = {1099511627776}, int64 top = {1099511627776}, int64 one = {1}"
    graph = load_model(
        text(
            f"(float[1] x) => (float[p] y) <{stored}>"
            " { a = ConstantOfShape (huge) b = Range (one, top, one) c = Expand (x, huge) d = Tile (w, huge)"
            " y = Mul (a, x) }"
        )
    )
    values = {value.name: value for node in graph.nodes for value in node.inputs if value is not None}
    assert values["a"].constant
    assert values["a"].const is None
    assert values["a"].shape == (2**40,)


def test_malformed_tensors_are_an_invalid_model() -> None:
    """A weight whose bytes do not fill its shape is said to be so."""
    weight = numpy_helper.from_array(np.zeros(4, dtype="f4"), "w")
    weight.dims[0] = 7
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g", [info("x", 1, [7])], [info("y", 1, [7])], [weight]
    )
    problems = load_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])).graph.problems
    assert [(problem.rule, problem.invalid) for problem in problems] == [("invalid-model", True)]
