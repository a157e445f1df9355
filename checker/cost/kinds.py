"""What kind of work a node does, and how many element-wise steps it takes for each element.

Kinds with multiply-accumulates: Conv3x3, Conv1x1, DepthwiseConv, ConvOther, ConvTranspose, AttentionMatMul, Linear,
MatMul, Recurrent.  The others: Normalization, Softmax, Activation, Elementwise, Pooling, Reduction, Resize,
DataMovement, View, Conversion, Control, Other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from checker.graph import Composite, Node, Value

CONVOLUTIONS: Final = frozenset(
    {"Conv", "ConvInteger", "QLinearConv", "FusedConv", "NhwcConv", "NhwcFusedConv", "DeformConv", "ConvTranspose"}
    | {"CausalConvWithState", "ConvTransposeWithDynamicPads"}
)
RECURRENT: Final = frozenset({"LSTM", "GRU", "RNN", "DynamicQuantizeLSTM", "AttnLSTM"})
ATTENTION_KINDS: Final = frozenset({"Attention", "TalkingHeadsAttention", "LinearAttention"})

NORMALIZATION: Final[Mapping[str, int]] = {
    "LayerNormalization": 7, "SkipLayerNormalization": 8, "EmbedLayerNormalization": 9, "InstanceNormalization": 7,
    "GroupNormalization": 7, "GroupNorm": 7, "SkipGroupNorm": 8, "BatchNormalization": 2, "RMSNormalization": 4,
    "SimplifiedLayerNormalization": 4, "SkipSimplifiedLayerNormalization": 5, "LpNormalization": 3,
    "MeanVarianceNormalization": 6, "LRN": 4,
}  # fmt: skip
"""Layer: mean, difference, square, mean, division, scale, shift.  RMS: square, mean, division, scale."""

SOFTMAX: Final[Mapping[str, int]] = {
    "Softmax": 5, "LogSoftmax": 5, "Hardmax": 2, "QLinearSoftmax": 5, "BiasSoftmax": 6,
}  # fmt: skip
"""Maximum, difference, exponential, sum, division."""

ACTIVATION: Final[Mapping[str, int]] = {
    "Relu": 1, "LeakyRelu": 1, "PRelu": 1, "Sigmoid": 1, "Tanh": 1, "Erf": 1, "Elu": 1, "Celu": 1, "Selu": 1,
    "Softplus": 1, "Softsign": 1, "HardSigmoid": 1, "ThresholdedRelu": 1, "Shrink": 1, "Clip": 1, "QLinearSigmoid": 1,
    "QLinearLeakyRelu": 1, "HardSwish": 2, "Swish": 2, "QuickGelu": 2, "SwiGLU": 3, "Mish": 3, "Gelu": 5,
    "FastGelu": 8, "BiasGelu": 6, "BiasSplitGelu": 6,
}  # fmt: skip
"""A function of one argument is one step; a product with it one more.  Gelu: division, Erf, sum, two products."""

_POINTWISE: Final = """
Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Cos Cosh
Div Equal Exp Floor Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod Mul Neg Not Or Pow
Reciprocal Round Sign Sin Sinh Sqrt Sub Sum Tan Where Xor QLinearAdd QLinearMul CumSum CumProd
RandomNormalLike RandomUniformLike Bernoulli Rsqrt BiasAdd
"""

ELEMENTWISE: Final[Mapping[str, int]] = dict.fromkeys(
    _POINTWISE.split(),
    1,
) | {"RotaryEmbedding": 3, "BiasDropout": 1}

_REDUCING: Final = """
ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
ReduceSumSquare ArgMax ArgMin TopK GlobalAveragePool GlobalMaxPool GlobalLpPool QLinearReduceMean
QLinearGlobalAveragePool NonMaxSuppression NonZero Unique
"""

REDUCTION: Final = frozenset(_REDUCING.split())
"""One step for each element that is read."""

POOLING: Final = frozenset({"AveragePool", "MaxPool", "LpPool", "QLinearAveragePool", "MaxRoiPool", "RoiAlign"})
"""One step for each element of the result and tap of the window."""

RESIZE: Final = frozenset({"Resize", "Upsample", "GridSample", "AffineGrid", "MaxUnpool"})
"""Steps for each element of the result: 1 for nearest, twice 2 to the power of the resized axes for linear."""

VIEW: Final = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Dropout", "Optional"})
"""Another shape of the same elements: nothing is moved, unless the chip keeps the shapes in different layouts."""

_MOVING: Final = """
Transpose Slice Concat Split Gather GatherElements GatherND Scatter ScatterElements ScatterND Pad Expand Tile
DepthToSpace SpaceToDepth ReverseSequence CenterCropPad Compress TensorScatter Trilu Col2Im OneHot EyeLike
ConstantOfShape Range QLinearConcat ReorderInput ReorderOutput ConcatFromSequence SplitToSequence SequenceAt
SequenceConstruct SequenceInsert SequenceErase Shape Size EmbedLayerNorm DynamicSlice
"""

DATA_MOVEMENT: Final = frozenset(_MOVING.split())
CONVERSION: Final = frozenset({"Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
CONTROL: Final = frozenset({"If", "Loop", "Scan", "SequenceMap"})

_STEPS: Final[Mapping[str, tuple[str, int]]] = {
    **{op: ("Elementwise", steps) for op, steps in ELEMENTWISE.items()},
    **{op: ("Normalization", steps) for op, steps in NORMALIZATION.items()},
    **{op: ("Softmax", steps) for op, steps in SOFTMAX.items()},
    **{op: ("Activation", steps) for op, steps in ACTIVATION.items()},
    **dict.fromkeys(REDUCTION, ("Reduction", 1)),
    **dict.fromkeys(POOLING, ("Pooling", 1)),
    **dict.fromkeys(RESIZE, ("Resize", 1)),
    **dict.fromkeys(VIEW, ("View", 0)),
    **dict.fromkeys(DATA_MOVEMENT, ("DataMovement", 0)),
    **dict.fromkeys(CONVERSION, ("Conversion", 1)),
    **dict.fromkeys(CONTROL, ("Control", 0)),
}

_LAYERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(NORMALIZATION, "Normalization"),
    **dict.fromkeys(SOFTMAX, "Softmax"),
    **dict.fromkeys((*ACTIVATION, "Relu6"), "Activation"),
}
"""Kind of work of all nodes of a layer that is written in parts."""


def layers(composites: Iterable[Composite]) -> Mapping[int, str]:
    """Return the kind of work by ``id`` of the nodes that belong to a recognised layer.

    ``"Attention"`` stands for a node inside an attention: only its matrix products are ``AttentionMatMul``.
    """
    found: dict[int, str] = {}
    for composite in composites:
        if composite.form != "decomposed":
            continue
        kind = "Attention" if composite.kind in ATTENTION_KINDS else _LAYERS.get(composite.kind)
        if kind is None:
            continue
        for node in composite.covers:
            if kind != "Attention" or id(node) not in found:
                found[id(node)] = kind
    return found


def kind_of(node: Node, layer: str = "", *, has_macs: bool) -> str:
    """Name the kind of work that a node does.

    Args:
        node: the node.
        layer: what ``layers`` says of it; empty for nothing.
        has_macs: whether it makes multiply-accumulates.
    """
    if has_macs:
        return _with_macs(node, in_attention=layer == "Attention")
    if layer and layer != "Attention":
        return layer
    return _STEPS.get(node.op, ("Other", 0))[0]


def steps_of(node: Node) -> tuple[str, int]:
    """Return what the steps are counted by (``in``, ``out`` or ``taps``) and how many there are for each."""
    steps = _STEPS.get(node.op, ("Other", 0))[1]
    if node.op in REDUCTION:
        return "in", steps
    if node.op in POOLING:
        kernel = node.attrs.get("kernel_shape")
        taps = 1
        for length in kernel if isinstance(kernel, tuple) else ():
            taps *= length if isinstance(length, int) else 1
        return "out", taps
    if node.op in RESIZE:
        mode = node.attrs.get("mode", "nearest")
        return "out", {"nearest": 1, "linear": 8, "bilinear": 8, "cubic": 32, "bicubic": 32}.get(str(mode), 1)
    if node.op in {"Max", "Min", "Mean", "Sum"}:
        return "out", max(len(node.inputs) - 1, 1)
    if node.op == "Gelu" and node.attrs.get("approximate") == "tanh":
        return "out", ACTIVATION["FastGelu"]
    return "out", steps


def _with_macs(node: Node, *, in_attention: bool) -> str:
    if node.op in CONVOLUTIONS:
        return _convolution(node)
    if node.op in RECURRENT:
        return "Recurrent"
    if "Attention" in node.op or in_attention:
        return "AttentionMatMul"
    if any(value is not None and value.constant and (value.rank or 0) >= 2 for value in node.inputs):
        return "Linear"
    return "MatMul"


def _convolution(node: Node) -> str:
    if node.op.startswith("ConvTranspose"):
        return "ConvTranspose"
    kernel, group = node.attrs.get("kernel_shape"), node.attrs.get("group", 1)
    activation = node.args.get("X", node.args.get("x"))
    shape = activation.shape if isinstance(activation, Value) else None
    channels = shape[1] if shape is not None and len(shape) > 1 else None
    if isinstance(group, int) and group > 1 and group == channels:
        return "DepthwiseConv"
    if isinstance(kernel, tuple) and kernel and all(k == kernel[0] for k in kernel):
        if kernel[0] == 1:
            return "Conv1x1"
        if kernel == (3, 3):
            return "Conv3x3"
    return "ConvOther"
