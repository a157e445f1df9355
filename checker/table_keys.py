"""Which keys each part of a target file may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checker.target import PRECISIONS

TOP_KEYS: Final = ("target", "source", "model", "always", "op", "quantization", "simplify", "listed", "memory", "peak")
HEADER_KEYS: Final = (
    "id",
    "vendor",
    "chip",
    "toolchain",
    "extends",
    "precision",
    "unlisted",
    "rejected",
    "expands_functions",
    "partition",
    "never_inserts",
    "note",
)
SOURCE_KEYS: Final = ("kind", "title", "version", "date", "where")
OP_KEYS: Final = (
    "name",
    "inherits",
    "form",
    "status",
    "opset",
    "since",
    "precision",
    "require",
    "into",
    "inserts",
    "runs_as",
    "dynamic",
    "stage",
    "change",
    "evidence",
    "note",
)
MODEL_KEYS: Final = ("require", "otherwise", "host", "change", "precision", "evidence", "note")
ALWAYS_KEYS: Final = ("require", "change", "precision", "evidence", "note")
RECIPE_KEYS: Final = ("activation", "weight", "symmetric", "weights", "weights_symmetric", "evidence", "note")
FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "memory": ("on_chip_bytes", "ram_bytes", "bandwidth_gb_per_s"),
    "simplify": (),
    "peak": (*(f"{p}_{unit}" for p in PRECISIONS for unit in ("tops", "macs_per_cycle")), "clock_mhz"),
}
"""What a vendor may state; ``floor.py`` reads it.  A MAC is two operations; GB are 10 to the 9 bytes.

A table without figures speaks by its note, which then has to be there.
"""
ROW_STATUSES: Final = ("native", "folded", "decomposed", "fallback", "unsupported", "unknown")
