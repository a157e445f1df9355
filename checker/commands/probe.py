"""``edgelint probe``: ask a vendor's compiler, and write down what it says."""

from __future__ import annotations

import datetime as dt
import platform
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.commands.output import remark
from checker.errors import InputError
from checker.probes import catalogue, covering, evidence, questions, session, toolchains
from checker.probes.session import Session
from checker.probes.worker import Limits
from checker.render.progress import progress
from checker.targets import find

if TYPE_CHECKING:
    from checker.probes.toolchain import Case, Toolchain


def run(options: Namespace) -> int:
    """Ask about every case that the output has no answer to yet.

    Raises:
        InputError: bad usage, or the compiler cannot be started.
    """
    if options.limit is not None and options.limit < 1:
        raise InputError(f"--limit {options.limit}: a number of cases from 1 on")
    limits = Limits(options.timeout, int(options.memory * 2**30))
    toolchain = toolchains.make(options.toolchain, options.python, limits)
    _check_precisions(options.precision, toolchain)
    recorded = tuple(_recorded(options))
    networks = questions.network_files(Path(options.networks).resolve()) if options.networks else []
    targets = session.targets_of(toolchain, options.targets)
    try:
        for target, path in session.output_of(options.output, toolchain, targets).items():
            _probe(toolchain, target, path, recorded=recorded, networks=networks, options=options)
    finally:
        toolchain.close()
    return 0


def _check_precisions(asked: Sequence[str], toolchain: Toolchain) -> None:
    for precision in asked:
        if precision not in toolchain.about.precisions:
            offered = ", ".join(toolchain.about.precisions)
            raise InputError(f"--precision {precision}: {toolchain.about.tool} offers {offered}")


def _recorded(options: Namespace) -> Iterable[Mapping[str, Any]]:
    """Return the cases that are named; the catalogue where neither cases nor networks are."""
    if options.covering:
        return covering.covering(find([options.covering])[0])
    if options.cases:
        return questions.from_files(Path(options.cases))
    return () if options.networks else catalogue.every()


def _probe(
    toolchain: Toolchain,
    target: str,
    path: Path,
    *,
    recorded: Iterable[Mapping[str, Any]],
    networks: Sequence[Path],
    options: Namespace,
) -> None:
    today = dt.datetime.now(dt.timezone.utc).date().isoformat()
    host = f"{platform.machine().replace('_', '-')} {platform.system()}"
    log = evidence.Log(path)
    asking = Session(toolchain, target, log)
    log.open(evidence.header(toolchain.about, toolchain.version(), target, host=host, date=today))
    try:
        cases = questions.cases(recorded, toolchain.about, target, options.precision)
        pending = asking.pending(cases, options.limit)
        with progress(target, len(pending), quiet=options.quiet) as step:
            asking.ask_cases(pending, _heard(step))
        chosen = networks if options.limit is None else networks[: options.limit - len(pending)]
        for precision in options.precision or [""]:
            with progress(f"{target} networks", len(chosen), quiet=options.quiet) as step:
                asking.ask_networks(chosen, _heard(step), precision)
    except KeyboardInterrupt:
        remark(f"{path}: interrupted ({asking}); the same command goes on from there")
        raise
    finally:
        log.close()
    remark(f"{path}: {asking}")


def _heard(step: Callable[[str], None]) -> Callable[[Case, str], None]:
    return lambda case, answer: step(f"{case.name} {answer}")
