"""What each reason of a verdict means: the help text of `placement/...` in every report that has room for one."""

from __future__ import annotations

PLACEMENTS: dict[str, str] = {
    "placement/refused": """The toolchain refuses the file as a whole.

A condition on the file itself is not met: its opset, its IR version, its dynamic inputs, a training graph.  The message
holds the condition as the target's table has it, and the file's own figures.  Where a change that was tried in memory
makes it build, the verdict is NEEDS_CHANGES, and the report says which.
""",
    "placement/all-fallback": """The toolchain takes the file, but none of it runs on the accelerator.

A condition on the file itself is not met, and this toolchain answers by leaving everything to the host processor.
""",
    "placement/unsupported": """The toolchain refuses the file because of these nodes.

The operator is not listed for the target, or every row of it that could take these nodes has a condition that they do
not meet.  `edgelint explain OPERATOR --target ID` shows the rows; the report's "what to change" says what would help.
""",
    "placement/fallback": """These nodes run on the host, not on the accelerator.

The file builds, but data crosses to the host and back, and each crossing cuts the network into more segments.  The
message holds the condition that was not met and the node's own figures.
""",
    "placement/unknown": """Whether these nodes run on the accelerator cannot be told.

The model does not say something that decides (a shape, the value of a tensor), or the target's table has no claim about
it.  It is never counted as supported.  Fixed input shapes, or the missing weight file, are the usual cure.
""",
    "placement/inserts": """The compiler adds work on the host around these nodes.

The nodes themselves run on the accelerator; a conversion beside them (often a Transpose) does not.
""",
    "placement/runs-as": """These nodes run in another precision than the one that was asked for.

Usually half precision inside an int8 build: correct, but slower and larger than the rest.
""",
    "placement/dynamic": """These nodes run in a dynamic sub-network of the accelerator.

The compiler cannot plan their sizes beforehand, so the chip works them out while it runs: correct, but slower, and cut
off from what stands before and after.
""",
    "placement/decomposed": """A left-over BatchNormalization runs as a scale and a shift of its own.

It is taken by the accelerator, but costs a pass over its input; folded into the layer before it, it would cost nothing.
""",
    "placement/folded": """A left-over BatchNormalization vanishes into its neighbour when the model is compiled.

Nothing needs to be done.
""",
}
"""By rule id; the first sentence is the summary."""

GATES: dict[str, str] = {
    "limit/min-macs-on-accelerator": "Less of the work than the policy demands runs on the accelerator.\n",
    "limit/max-segments": "The network is cut into more segments than the policy allows.\n",
    "limit/max-macs": "One inference takes more multiply-accumulates than the policy allows.\n",
    "limit/max-weight-bytes": "The weights take more bytes, at the precision of the verdict, than the policy allows.\n",
    "limit/max-peak-activation-bytes": "More bytes of activations are alive at once than the policy allows.\n",
    "limit/grades": "The verdict rests on claims of a grade that the policy does not accept.\n",
    "waiver/expired": """A waiver's last day has passed, and what it excuses is still there.

Mend it, or decide again: give the waiver a new day, with a reason that still holds.
""",
    "waiver/invalid": "The waivers in the model's own metadata are written wrongly, so none of them counts.\n",
    "verdict/worse": "The verdict is worse than in the baseline.\n",
}
"""What a policy or a baseline adds to the results."""
