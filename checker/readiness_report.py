"""The part of the report about int8: what a target would run in it, and what stays outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class OutsideInt8:
    """Nodes of one kind that do not run in int8."""

    op: Annotated[str, "Operator or composite."]
    runs_as: Annotated[
        str,
        "`fp16` and the like: on the accelerator in that precision; `host`; `refused`; `float`: a file with Q/DQ has "
        "none around it; `unknown`.",
    ]
    nodes: Annotated[tuple[str, ...], "Names of the nodes, in file order."]
    macs: Annotated[int, "Their multiply-accumulates."]


@dataclass(frozen=True, slots=True)
class Int8Entry:
    """What would run in int8 on a target.  Shares are of the multiply-accumulates, null where these are not known."""

    quantized: Annotated[bool, "Whether the file has Q/DQ; where not, the target's recipe is assumed for all of it."]
    macs_in_int8: Annotated[float | None, "Share that runs in int8 on the accelerator."]
    macs_in_other: Annotated[float | None, "Share that runs on the accelerator in another precision."]
    macs_on_host: Annotated[float | None, "Share that runs on the host; of a refused file, what the table refuses."]
    boundaries: Annotated[int, "Tensors that go from int8 to another precision or back."]
    outside: Annotated[tuple[OutsideInt8, ...], "What stays outside, most multiply-accumulates first, then most nodes."]
    unlike_recipe: Annotated[
        tuple[str, ...],
        "Where the Q/DQ of the file differ from what the target's own tools would make of a float file: a difference, "
        "no refusal.",
    ] = ()
