"""A probe case is data: the same description builds the same model, byte for byte.

``asked`` is either one operator, ``{"op", "domain", "opset", "inputs": [{"name", "dtype", "shape", "const", "value"}],
"attrs", "outputs"}``, or a model in ONNX's text format, ``{"text": "<ir_version: 8, ...> g (...) => (...) {...}"}``.
Constants are initializers (compilers answer differently when weights are graph inputs), attributes are explicit, and
there is one output unless more are asked for.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx

IR_VERSION_BY_OPSET = ((25, 13), (24, 12), (23, 11), (21, 10), (19, 9), (15, 8), (13, 7), (11, 6), (9, 4), (0, 3))
"""The IR version that was current when the opset was released; compilers refuse a newer one than they know."""


def build(asked: dict[str, Any]) -> onnx.ModelProto:
    """Build the model that a case describes.

    Raises:
        ValueError: the description names no operator that the ONNX schemas know, or its types do not infer.
    """
    import onnx
    from onnx import helper, parser

    if "text" in asked:
        return parser.parse_model(asked["text"])
    opset, domain = int(asked["opset"]), str(asked.get("domain", ""))
    inputs, initializers, names = [], [], []
    for spec in asked["inputs"]:
        if spec is None:
            names.append("")
            continue
        names.append(spec["name"])
        if spec.get("const"):
            initializers.append(_constant(spec))
        else:
            kind = helper.np_dtype_to_tensor_dtype(_dtype(spec["dtype"]))
            inputs.append(helper.make_tensor_value_info(spec["name"], kind, spec["shape"]))
    outputs = [f"y{i}" for i in range(int(asked.get("outputs", 1)))]
    node = helper.make_node(asked["op"], names, outputs, name="node", domain=domain, **asked.get("attrs", {}))
    empty = [onnx.ValueInfoProto(name=name) for name in outputs]
    imports = [helper.make_opsetid("", opset)]
    if domain:
        imports.append(helper.make_opsetid(domain, 1))
    ir_version = next(ir for least, ir in IR_VERSION_BY_OPSET if opset >= least)
    graph = helper.make_graph([node], "case", inputs, empty, initializers)
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir_version, producer_name="edgelint")
    if all(o in asked for o in ("out_dtype", "out_shape")):
        kind = helper.np_dtype_to_tensor_dtype(_dtype(asked["out_dtype"]))
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info(outputs[0], kind, asked["out_shape"]))
        return model
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    for name, output in zip(outputs, inferred.graph.output, strict=True):
        if not output.type.HasField("tensor_type"):
            message = f"{asked['op']}-{opset}: output {name} has no inferred type; give out_dtype and out_shape"
            raise ValueError(message)
        model.graph.output[outputs.index(name)].CopyFrom(output)
    return model


def _dtype(name: str) -> Any:
    import ml_dtypes
    import numpy as np

    return np.dtype(getattr(ml_dtypes, name, name))


def _constant(spec: dict[str, Any]) -> onnx.TensorProto:
    """Make an initializer: the given elements, or small positive ones seeded by the case (BN variances stay legal)."""
    import numpy as np
    from onnx import numpy_helper

    dtype, shape = _dtype(spec["dtype"]), [int(d) for d in spec["shape"]]
    if "value" in spec:
        array = np.asarray(spec["value"], dtype=dtype).reshape(shape)
    else:
        seed = int.from_bytes(hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).digest()[:4], "little")
        uniform = np.random.default_rng(seed).uniform(0.05, 1.0, size=shape)
        array = (uniform * (1 if dtype.kind == "f" else 10)).astype(dtype)
    return numpy_helper.from_array(array, spec["name"])
