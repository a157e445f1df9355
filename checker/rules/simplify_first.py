"""A toolchain that wants the file simplified gets one with arithmetic in it that could be done beforehand.

Exporters leave shape arithmetic and constants in the file (Shape, Gather, Concat before a Reshape).  Some toolchains do
that arithmetic themselves; others carry it along, run it on the host CPU, or fail on it.  Vela cannot parse a
TorchScript ViT as exported; after onnxsim 35 % of its operators run on the CPU because of arithmetic that is left, and
13 % for the dynamo export of the same network (Vela 5.2.0 behind onnx2tf, November 2026).

Which toolchains want it stands in their tables (`[simplify]`), with the source.  The verdict leaves out what can be
folded, so it is that of the simplified file; onnxsim can change more than that (it fuses and reorders): `--simplify`
shows the verdict after it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from checker.rules.finding import Finding, Rule, Subject

HARMLESS: Final = frozenset({"Constant", "Dropout", "Identity"})
"""Operators that every converter drops by itself."""


def check(subject: Subject) -> Iterator[Finding]:
    """Say it once for all targets that have the same reason."""
    left = [
        folded
        for folded in subject.graph.folded
        if folded.reason in {"constant", "shape"} and folded.op not in HARMLESS and not folded.domain
    ]
    if not left:
        return
    concerned = defaultdict(list)
    for target in subject.targets:
        if target.simplify is not None:
            concerned[target.simplify.note].append(target.id)
    counted = Counter(folded.op for folded in left)
    shown = ", ".join(
        f"{count} {op}" for op, count in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:4]
    )
    for note, ids in sorted(concerned.items()):
        said = note if len(ids) == 1 else f"{note} ({', '.join(ids)})"
        yield Finding(
            rule="simplify-first",
            severity="warning",
            confidence="high",
            nodes=tuple(folded.name for folded in left),
            target=ids[0] if len(ids) == 1 else None,
            message=f"{len(left)} nodes compute constants or shapes ({shown}): {said}",
            fix="simplify first: `--simplify` shows the verdict after it, and `onnxsim IN OUT` writes the file",
        )


RULE = Rule("simplify-first", __doc__, check)
