"""What runs in int8, in words and figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.render.words import percent

if TYPE_CHECKING:
    from checker.report import TargetEntry

SHOWN = 5
"""So many kinds of nodes outside are named."""


def of_target(target: TargetEntry) -> Iterator[str]:
    """Yield what runs in int8 and what does not, and where the file's Q/DQ are not the target's own."""
    found = target.int8
    if found is None:
        return
    how = "as quantized" if found.quantized else "if quantized"
    if found.macs_in_int8 is None:
        yield f"int8, {how}: {sum(len(each.nodes) for each in found.outside)} nodes outside"
    else:
        shares = f"{percent(found.macs_in_int8)} of the MACs in int8"
        shares += f", {percent(found.macs_in_other)} in another precision" if found.macs_in_other else ""
        shares += f", {percent(found.macs_on_host)} not on the accelerator" if found.macs_on_host else ""
        borders = f"; {found.boundaries} tensors go in or out of int8" if found.boundaries else ""
        yield f"int8, {how}: {shares}{borders}"
    named = [
        f"{each.op} x {len(each.nodes)} ({each.runs_as})" if len(each.nodes) > 1 else f"{each.op} ({each.runs_as})"
        for each in found.outside
    ]
    if named:
        more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        yield f"outside int8: {', '.join(named[:SHOWN])}{more}"
    yield from (f"Q/DQ unlike the target's recipe: {each}" for each in found.unlike_recipe)
