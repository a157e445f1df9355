"""The one way in which every toolchain is driven: build the model, have the worker compile it, read the answer.

A toolchain's own file says what is known of it (``ABOUT``) and reads its raw answers (``interpret``); crashes, time
and memory are handled here, alike for all.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from checker.graph import EMPTY
from checker.probes.toolchain import About, Case, Observation
from checker.probes.worker import Raw, Worker

Interpret = Callable[[Case, Raw], Observation]
Options = Callable[[Case, Any], Mapping[str, Any]]

LONGEST: Final = 300
"""Characters of a compiler's words that are kept."""

_PATH = re.compile(r"(?<![\w.:])(?:/[\w.+@-]+){2,}/?|[A-Za-z]:\\[\w\\.+-]+")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Driven:
    """A compiler behind a worker.

    ``options``: what the worker is told of a case besides its model, given the case and the ModelProto (None for a
    network).
    """

    about: About
    interpret: Interpret
    worker: Worker
    options: Options = lambda _case, _model: EMPTY

    def version(self) -> str:
        """Return the version that answers.

        Raises:
            InputError: it cannot be started.
        """
        return self.worker.version()

    def targets(self) -> tuple[str, ...]:
        """Return the ids of the targets that it compiles for."""
        return tuple(self.about.chips)

    def run(self, case: Case) -> Observation:
        """Ask about one case.

        Raises:
            InputError: the compiler cannot be started.
            ValueError: the case describes no model.
        """
        with tempfile.TemporaryDirectory(prefix="edgelint-probe-") as name:
            folder = Path(name)
            path, model = case.path, None
            if path is None:
                path, model = folder / "model.onnx", _built(case)
                path.write_bytes(model.SerializeToString())
            options = {**self.options(case, model), **case.variant}
            chip = self.about.chips[case.target]
            raw = self.worker.ask(folder, path, target=chip, precision=case.precision, options=options)
            found = self._observation(case, raw)
            says = words(found.says, folder, path.parent) if self.about.words else ""
        return Observation(found.outcome, says, found.into, found.culprits, found.stage)

    def close(self) -> None:
        """End the compiler's process."""
        self.worker.close()

    def _observation(self, case: Case, raw: Raw) -> Observation:
        if raw.ended == "timeout":
            return Observation("timeout", f"no answer in {self.worker.limits.seconds:g} s", stage=raw.stage)
        if raw.ended == "crashed":
            last = next((line for line in reversed(raw.log.splitlines()) if line.strip()), "")
            return Observation("crashed", f"signal {raw.signal}: {last}" if raw.signal else last, stage=raw.stage)
        if raw.ended == "memory":
            limit = f"{self.worker.limits.bytes / 2**30:g} GiB"
            return Observation("memory", f"not within {limit}: {raw.error}", stage=raw.stage)
        return self.interpret(case, raw)


def _built(case: Case) -> Any:
    from checker.probes.cases import build

    return build(dict(case.asked or {}))


def words(text: str, *folders: Path) -> str:
    """Return a compiler's words on one line, paths removed, at most 300 characters."""
    for folder in folders:
        text = text.replace(f"{folder}/", "")
    return " ".join(_PATH.sub("<path>", _COLOR.sub("", text)).split())[:LONGEST]
