"""What the figures of a report mean: the texts of ``edgelint explain TERM`` and of ``docs/cost.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TERMS: Final[Mapping[str, str]] = {
    "cost": """
What one inference costs at the file's input shapes, worked out from shapes alone: no weight is read, nothing runs.
Counted is what is left of the file after constants and shape arithmetic are folded; Identity, Dropout in inference
mode and Q/DQ pairs are gone by then.

Figures: macs, elementwise-ops, parameters, weight-bytes, bytes-moved, arithmetic-intensity, kinds, peak-activation,
best-order; on a target also transfer-bytes, prefix, floor, fit. Each of these words can be explained.
""",
    "macs": """
Multiply-accumulates. A fused multiply-add is one, so that FLOPs are twice as many.

- Conv: elements of the result x input channels of a group x kernel taps. ConvTranspose: elements of the input x
  output channels of a group x kernel taps. Taps that fall on padding count.
- MatMul, Gemm: elements of the result x inner length. Einsum: the product of all index lengths x (operands - 1).
- Attention: batch x heads x queries x keys x (width of keys + width of values); the whole matrix, whatever a causal
  mask or a window leaves of it. com.microsoft.Attention has its packed projection on top. Kept keys (past) count.
- LSTM 4, GRU 3, RNN 1 gates: steps x batch x directions x gates x hidden x (input + hidden).
- Quantized and com.microsoft forms (QLinearConv, MatMulInteger, MatMulNBits, FusedConv ...) count as what they compute.
- Bodies: Loop and Scan times their turns where these are known, of an If the branch with more.

Never counted: biases, normalisation, activation, pooling, resizing, element-wise arithmetic (see elementwise-ops).
Nothing is taken off for sparsity, or for an algorithm with fewer multiplications (Winograd, FFT).

Published figures differ where their definition does: torchvision's agree (they count as here); timm's tables add 2 for
each element of a BatchNormalization and 5 for each of a LayerNorm or GroupNorm, and the older ones leave out attention;
torch's flop counter gives twice the figure, and leaves out attention that runs as a fused kernel on the CPU. What an
exporter folds (position encodings computed from constants) a module does each time, and the file does not.
""",
    "elementwise-ops": """
Steps on single elements, kept apart from macs. For each element of the result: 1 for arithmetic, comparison and a
function of one argument (Add, Mul, Exp, Erf, Relu, Sigmoid, Cast ...), 2 for HardSwish and Swish, 5 for Gelu (8 in the
tanh form), 5 for Softmax (maximum, difference, exponential, sum, division), 7 for LayerNormalization,
InstanceNormalization and GroupNormalization (mean, difference, square, mean, division, scale, shift), 4 for
RMSNormalization, 2 for BatchNormalization. A layer that the file has in parts counts its parts, so that both spellings
come out much the same. Pooling: elements of the result x taps of the window. Reductions: elements of the input.
Resize: 1 an element for nearest, 8 for linear, 32 for cubic.
""",
    "parameters": """
Elements of the weights stored in the file: floating-point tensors, and integers of at most 8 bits; of packed 4-bit
weights what they stand for. In a quantized file, what the layers take: weights and 32-bit biases, no scales and zero
points, so that it has as many as before it was quantized. The count is the file's: a folded BatchNormalization is gone,
weights that two layers share and an exporter wrote twice count twice, a position bias that it expanded counts expanded.
""",
    "weight-bytes": """
parameters at 4 (fp32), 2 (fp16) and 1 (int8) bytes, and `stored`: the bytes that these tensors take in the file, with
the scales and zero points of a quantized one.
""",
    "bytes-moved": """
What the nodes read and write in one inference, each for itself, at the file's own types (quantized values at their
quantized type): every operand once, every result once; weights apart. Gather, Slice and their like read only what they
pick. A view (Reshape, Squeeze, Unsqueeze, Flatten) moves nothing: the elements stay where they are. A chip that keeps
shapes in different layouts copies there: `views` is what that would move, and is in no other figure. What a
compiler fuses, or keeps on the chip, does not move; so this is the traffic without any of that, not a prediction.
""",
    "arithmetic-intensity": """
macs for each byte of bytes-moved. A chip with P multiply-accumulates a second and a bandwidth of B bytes a second is
busy computing only above P / B.
""",
    "kinds": """
Kinds of work, each with its nodes, macs, elementwise-ops and bytes, and its share of all macs and all bytes-moved.

- With macs: Conv3x3, Conv1x1 (kernel of ones), DepthwiseConv (as many groups as input channels), ConvOther,
  ConvTranspose, AttentionMatMul (an Attention operator, or a MatMul inside an attention that was recognised in parts),
  Linear (a product with a stored weight), MatMul (any other), Recurrent.
- Without: Normalization, Softmax, Activation (nodes of a layer that is recognised in parts count with the layer),
  Elementwise (other arithmetic: residual additions, masks, scales), Pooling, Reduction, Resize, DataMovement
  (Transpose, Slice, Concat, Split, Gather, Pad, Expand ...), View (Reshape, Squeeze, Unsqueeze, Flatten), Conversion
  (Cast, QuantizeLinear, DequantizeLinear), Control, Other.
""",
    "peak-activation": """
Most bytes of activations alive at one moment. An input of the file is alive from the start to its last use, an output
from its node to the end, everything else from its node to its last use; while a node runs, its operands and results are
all alive. Weights and constants are no activations. Nor are buffers that a kernel needs for itself (unfolded
convolutions, padding), which depend on the kernel.

- `peak` (`peak_activation_bytes`): the file's order, every tensor in memory of its own, Reshape too.
- `views`: a Reshape, Squeeze, Unsqueeze or Flatten shares the memory of its operand. Split and Concat copy.
- `in_place`: besides, the result of an element-wise operator, activation, Softmax or BatchNormalization overwrites an
  operand of the same shape and type that nothing needs afterwards. An input of the file is never overwritten.
- `by_precision`: `peak` in a build that keeps float activations, and what Q/DQ quantizes, at 4, 2 or 1 bytes.

`at` names the node that runs at the peak, `alive` the tensors that are alive then. A body of If, Loop or Scan adds
the most that it needs beside what enters it. Where a size is not known, `at_least` is the peak with open axes at 1.
""",
    "best-order": """
The peak in the best order of the nodes that a bounded, deterministic search found; the same for `in_place`. It is never
worse than the file's order. The graph is cut at nodes through which everything passes, and each stretch searched best
first by its peak; a node that frees what it takes is run at once. After 4000 trials the best order so far stands.
`optimal` says that both figures are proven: no order needs less.
""",
    "transfer-bytes": """
What crosses between accelerator and host in one inference, at the precision of the build: the tensors on the borders of
segments, each once for each device that it goes to, and for every operator that the compiler adds on the host, its
tensor there and back. Inputs and outputs of the file are not counted.
""",
    "prefix": """
Some toolchains take one subgraph only, the first that maps; what comes after runs on the host, also where a table takes
it. The prefix is what maps: its nodes, their share of all nodes and of the macs. `left` names the nodes that are taken
and run on the host all the same.
""",
    "floor": """
A lower bound of the latency, no promise: the larger of macs on the accelerator / peak and bytes / bandwidth, from what
the vendor states, each with its source. Real inferences take longer; how much longer it does not say.

- Peak: TOPS of the build's precision, a MAC as two operations; or MACs a cycle and the clock. Where only another
  precision has TOPS, and MACs a cycle are stated of both, the clock follows. Without a clock there are cycles only.
- Bytes: weights, inputs and outputs at the build's precision, once, less the on-chip memory where that is stated:
  what stays on the chip from one inference to the next need not cross.
- Not stated: null, and `unknown` says what. Nothing is guessed.

It does not hold for an algorithm with fewer multiplications than the definition (Winograd), nor, in its second part,
for weights that the toolchain compresses. Work on the host, spilled activations and calls only add to it.
""",
    "fit": """
Whether weights (at the build's precision, or as stored where that is less) and peak activations (nothing shared) fit
together on the chip, and into RAM, where the vendor states how much there is. The compiler's own buffers, the program
and everything else that lives there are not counted: `false` is certain for a build that keeps all of it there at once,
`true` is a necessary condition. A chip that streams weights from outside runs what does not fit.
""",
}
"""By the word that ``edgelint explain`` takes."""
