"""The section of docs/agreement.md with first passes: what was said of networks before their compiler was asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from table_lines import head, row

from checker import plain_toml
from checker.agreement import Share
from checker.probes import evidence

WORDS = """
## First passes

The figures to believe for a network that no table has met. Each line is a set of networks whose verdicts were written
down before the compiler was asked about them; the table was mended afterwards, and the next set of the same target was
new again. *fresh*: networks made for the purpose; *zoo*, *corpus*: networks that other targets had been asked about,
not this one. *answered* leaves out our UNKNOWN. Recorded when it was done, in `opsets/evidence/first-passes.toml`: it
cannot be counted again.
"""


def read() -> list[Mapping[str, Any]]:
    """Return the recorded passes, as the file orders them."""
    text = (evidence.folder() / "first-passes.toml").read_text(encoding="utf-8")
    passes: list[Mapping[str, Any]] = plain_toml.loads(text)["pass"]
    return passes


def section(ids: Collection[str]) -> Iterator[str]:
    """Yield the lines: one row a pass, targets sorted, passes of one target in their order; only targets in ``ids``."""
    passes = [each for each in read() if each["target"] in ids]
    if not passes:
        return
    yield WORDS
    yield from head("target", "precision", "networks", "answered", "right", "balanced", "false READY")
    for each in sorted(passes, key=lambda each: (each["target"], each["precision"])):
        right = Share(each["right"], each["answered"])
        asked = each.get("asked")
        answered = f"{each['answered']} of {asked}" if asked else each["answered"]
        balanced = f"{each['balanced']:.1f} %" if "balanced" in each else "not recorded"
        yield row(each["target"], each["precision"], each["networks"], answered, right, balanced, each["false-ready"])
