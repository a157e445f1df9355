"""The records of a policy."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from checker.gate import FailOn
from checker.report import GradeName


@dataclass(frozen=True, slots=True)
class Limits:
    """Figures that a model must keep to; None where nothing is demanded.

    ``min_macs_on_accelerator``: share of the multiply-accumulates, 0 to 1 (of the nodes, where the model has no MACs).
    ``max_weight_bytes``: bytes of the weights at the precision of the verdict.  ``grades``: those that a verdict may
    rest on.
    """

    min_macs_on_accelerator: float | None = None
    max_segments: int | None = None
    max_macs: int | None = None
    max_weight_bytes: int | None = None
    max_peak_activation_bytes: int | None = None
    grades: tuple[GradeName, ...] | None = None

    def under(self, other: Limits) -> Limits:
        """Return these limits, with another's where those say something."""
        said = {f.name: getattr(other, f.name) for f in fields(other) if getattr(other, f.name) is not None}
        return replace(self, **said)


@dataclass(frozen=True, slots=True)
class Demands:
    """What is demanded of one model, or of all; None where nothing is said.  ``targets``: ids or vendors' names."""

    targets: tuple[str, ...] | None = None
    precision: str | None = None
    fail_on: FailOn | None = None
    limits: Limits = Limits()

    def under(self, other: Demands) -> Demands:
        """Return these demands, with another's where those say something."""
        return Demands(
            self.targets if other.targets is None else other.targets,
            other.precision or self.precision,
            other.fail_on or self.fail_on,
            self.limits.under(other.limits),
        )


@dataclass(frozen=True, slots=True)
class Override:
    """Demands of the models whose paths match."""

    models: tuple[str, ...]
    demands: Demands


@dataclass(frozen=True, slots=True)
class Waiver:
    """Excuses results until a day.

    ``rule``, ``target``, ``op``, ``scope``: shell patterns, one of which must fit; ``scope`` is tried on module paths
    (with numbers as ``#``) and on node names, all of which must match.  ``models``: globs; empty for every model.
    ``expires``: the last day.
    """

    reason: str
    owner: str
    expires: date
    rule: tuple[str, ...] = ("*",)
    target: tuple[str, ...] = ("*",)
    op: tuple[str, ...] = ("*",)
    scope: tuple[str, ...] = ("*",)
    models: tuple[str, ...] = ()
    origin: Literal["policy", "model"] = "policy"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy file.

    ``path``: as it is shown; None where there is no file.  ``folder``: what globs are relative to.  ``model_waivers``:
    whether waivers in a model's own metadata count.  ``opsets``: folders with more target files.
    """

    path: str | None = None
    folder: Path = Path()
    demands: Demands = Demands()
    overrides: tuple[Override, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    model_waivers: bool = True
    opsets: tuple[str, ...] = ()

    def of_model(self, model: str) -> Demands:
        """Return what is demanded of a model: later overrides win over earlier ones."""
        demands = self.demands
        for override in self.overrides:
            if self.matches(override.models, model):
                demands = demands.under(override.demands)
        return demands

    def matches(self, globs: Sequence[str], model: str) -> bool:
        """Tell whether a model's path, from the policy's folder or as it is given, matches one of some globs."""
        # a link stays a link: the name in the repository is what a glob is about
        absolute, folder = (Path(os.path.abspath(path)) for path in (model, self.folder))  # noqa: PTH100
        names = {Path(model).as_posix()}
        if absolute.is_relative_to(folder):
            names.add(absolute.relative_to(folder).as_posix())
        return any(_pattern(glob).fullmatch(name) for glob in globs for name in names)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Translate a glob: ``*`` and ``?`` stay in a folder, ``**`` does not; one without ``/`` is for file names."""
    text = glob.removeprefix("./") if "/" in glob else f"**/{glob}"
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(pieces.get(p) or re.escape(p) for p in re.split(r"(\*\*/|\*\*|\*|\?)", text)))
