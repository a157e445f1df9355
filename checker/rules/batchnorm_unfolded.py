"""A BatchNormalization that could be part of the convolution before or after it is still a layer of its own.

At inference a BatchNormalization is a multiplication and an addition per channel, which every compiler would rather
see inside the weights of its convolution: folded, it costs nothing; left over, it costs a pass over the activation, and
in an int8 model a requantization.  torch's exporters fold Conv followed by BatchNorm by default; they leave it where
constant folding was switched off, where the model was exported in training mode, and (TorchScript) behind a Linear or a
ConvTranspose.  The message says into which node it folds.  Where it cannot be folded the report's `batchnorm` section
says why; that is not a finding.
"""

from __future__ import annotations

from collections.abc import Iterator

from checker.rules.finding import Finding, Rule, Subject, listed


def check(subject: Subject) -> Iterator[Finding]:
    """Report the BatchNormalizations that fold into a neighbour, in one finding."""
    foldable = [b for b in subject.batchnorms if b.status == "foldable" and b.kind == "BatchNormalization"]
    if foldable:
        pairs = [f"{b.node} into {b.into}" for b in foldable]
        count = "1 BatchNormalization is" if len(foldable) == 1 else f"{len(foldable)} BatchNormalizations are"
        yield Finding(
            rule="conv-bn-unfused",
            severity="warning",
            confidence="high",
            nodes=tuple(b.node for b in foldable),
            message=f"{count} not folded into the neighbouring weights ({listed(pairs)})",
            fix="export in eval mode with constant folding on (the exporters' default), or fold them with a simplifier",
        )


RULE = Rule("conv-bn-unfused", __doc__, check)
