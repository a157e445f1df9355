"""What a check is held against: the policy, the baseline, and the targets that follow from them."""

from __future__ import annotations

import os
from argparse import Namespace
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from checker import audit, earlier
from checker.commands.output import remark
from checker.commands.sizes import sizes
from checker.errors import InputError
from checker.policy import read
from checker.policy.judge import Context, judged
from checker.policy.record import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checker.report import Report

TODAY = "EDGELINT_TODAY"


@dataclass(slots=True)
class Gating:
    """Settings of each model, and the judgement of its report.

    ``alone``: whether only one model is asked about.
    """

    options: Namespace
    policy: Policy
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    baseline: tuple[Report, ...] = ()
    alone: bool = True
    _today: date | None = None
    _settings: dict[tuple[tuple[str, ...], str | None], audit.Settings] = field(default_factory=dict)

    def asked(self, model: str) -> tuple[str, ...]:
        """Return the targets that are asked for: by the command line, else by the policy, else by the baseline."""
        if self.options.target:
            return tuple(self.options.target)
        demanded = self.policy.of_model(model).targets
        if demanded is not None:
            return demanded
        before = earlier.of_model(self.baseline, model, alone=self.alone)
        return tuple(target.id for target in before.targets) if before is not None else ()

    def settings(self, model: str) -> audit.Settings:
        """Return the settings of one model.

        Raises:
            InputError: no such target, or none that offers the precision.
        """
        asked = self.asked(model)
        precision = self.options.precision or self.policy.of_model(model).precision
        if (asked, precision) not in self._settings:
            try:
                found = audit.Settings(
                    targets=audit.read_targets(asked, (*self.policy.opsets, *self.options.opsets)),
                    precision=precision,
                    select=self.select,
                    ignore=self.ignore,
                    simplify=self.options.simplify,
                    whole_hash=self.options.hash,
                    resolutions=sizes(self.options.resolution),
                    weights=self.options.weights,
                    int8=bool(asked) and precision in {None, "int8"},
                    improve=bool(asked),
                )
            except InputError as error:
                if self.options.target or not self.policy.path:
                    raise
                raise InputError(f"{self.policy.path}: {error}") from None
            self._settings[asked, precision] = found
        return self._settings[asked, precision]

    def judged(self, report: Report) -> Report:
        """Return the report with its gate and its comparison."""
        model = report.model.path
        before = earlier.of_model(self.baseline, model, alone=self.alone)
        if before is None and self.options.baseline:
            remark(f"{model}: not in {self.options.baseline}, so everything counts as new")
        context = Context(self.policy, self.today, self.options.fail_on, before)
        return judged(report, context, asked=bool(self.asked(model)))

    @property
    def today(self) -> date:
        """The day by which waivers expire: ``--today``, else ``EDGELINT_TODAY``, else the clock's (UTC).

        Raises:
            InputError: what is given is no day.
        """
        if self._today is None:
            self._today = _day(self.options.today, "--today") or _day(os.environ.get(TODAY), TODAY)
            self._today = self._today or datetime.now(tz=timezone.utc).date()
        return self._today


def gating(options: Namespace, select: Sequence[str], ignore: Sequence[str], *, alone: bool) -> Gating:
    """Read the policy and the baseline.

    Raises:
        InputError: one of them is faulty.
    """
    return Gating(
        options=options,
        policy=_policy(options),
        select=tuple(select),
        ignore=tuple(ignore),
        baseline=earlier.read(options.baseline) if options.baseline else (),
        alone=alone,
    )


def _policy(options: Namespace) -> Policy:
    if options.policy is not None:
        return read.read(Path(options.policy))
    if options.no_policy:
        return Policy()
    return read.nearest(Path.cwd()) or Policy()


def _day(text: str | None, given_as: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{given_as} {text}: no day; write it as 2027-01-31") from None
