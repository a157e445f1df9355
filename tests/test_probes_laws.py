"""Tables against evidence, for every target of which something was measured; no compiler is installed here."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from checker.paths import opsets_dir
from checker.probes import evidence, replay
from checker.probes.replay import Coverage
from checker.probes.stages_seen import StagesSeen
from checker.table_lint import lint
from checker.targets import Target, find, ids

MEASURED = tuple(name for name in ids() if replay.evidence_of(find([name])[0]))
HERE = Path(__file__).parent


@dataclass
class Law:
    """What replaying all small cases of a target shows."""

    target: Target
    asked: int = 0
    differing: dict[str, str] = field(default_factory=dict)
    one_sided: dict[str, str] = field(default_factory=dict)
    stages: StagesSeen = field(default_factory=StagesSeen)


@cache
def law(name: str) -> Law:
    """Replay the evidence of a target once for all tests."""
    found = Law(find([name])[0])
    coverage = Coverage(found.target)
    for seen in replay.small(found.target):
        coverage.add(seen)
        found.stages.add(seen)
        found.asked += 1
        if seen.agrees is False:
            key = f"{seen.record['case']} {seen.record['precision']}"
            found.differing[key] = f"the compiler said {seen.record['answer']}, we say {seen.answer.value}"
    for key, sides in coverage.one_sided.items():
        found.one_sided[key] = "never fails" if sides.yes else "never holds" if sides.no else "never asked"
    return found


@cache
def excepted(name: str) -> frozenset[str]:
    """Return the cases that are excepted: in the target's own file, or in the test of its table."""
    listed = set(evidence.exceptions(name)["observations"])
    for path in HERE.glob("test_table_*.py"):
        module = importlib.import_module(path.stem)
        if name in getattr(module, "TARGETS", ()) or (hasattr(module, "target") and _target_of(module) == name):
            listed.update(getattr(module, "EXCEPTIONS", ()))
    return frozenset(listed)


def _target_of(module: object) -> str:
    try:
        return str(module.target().id)  # type: ignore[attr-defined]
    except TypeError:
        return ""  # a table test of several targets, whose names are its arguments


def test_something_was_measured() -> None:
    """There is evidence to replay."""
    assert MEASURED


@pytest.mark.parametrize("name", MEASURED)
def test_every_observation_equals_what_the_table_says(name: str) -> None:
    """The verdict on each small model is the compiler's answer, but for listed exceptions."""
    allowed = excepted(name)
    rest = {key: what for key, what in law(name).differing.items() if {key, key.rpartition(" ")[0]}.isdisjoint(allowed)}
    assert not rest, "\n".join(f"{key}: {what}" for key, what in rest.items())
    assert law(name).asked > 100


@pytest.mark.parametrize("name", MEASURED)
def test_every_constraint_was_seen_to_hold_and_to_fail(name: str) -> None:
    """Each constraint of a measured row has an observation on both sides of it, but for listed exceptions."""
    listed = evidence.exceptions(name)["one-sided"]
    unlisted = {key: what for key, what in law(name).one_sided.items() if key not in listed}
    lines = "\n".join(f"  {json.dumps(key)},  # {what}" for key, what in unlisted.items())
    assert not unlisted, (
        "ask a case on the other side, or add with a reason to "
        f"[one-sided] in opsets/evidence/{name}/exceptions.toml:\n{lines}"
    )


@pytest.mark.parametrize("name", MEASURED)
def test_no_one_sided_exception_is_out_of_date(name: str) -> None:
    """A constraint that was seen on both sides by now, or is no longer in the table, has to go."""
    assert set(evidence.exceptions(name)["one-sided"]) - set(law(name).one_sided) == set()


@pytest.mark.parametrize("name", MEASURED)
def test_a_row_names_the_stage_that_its_observations_show(name: str) -> None:
    """How far the compiler comes: nearly all small models that the row alone keeps off say the same."""
    target = law(name).target
    own = [row for row in target.rows if row.table == name and row.stage]
    wrong = [f"{row.label}: {row.stage}, and the evidence says {law(name).stages.of(row) or 'none'}" for row in own
             if law(name).stages.of(row) != row.stage]  # fmt: skip
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ids())
def test_every_row_cites_a_source(name: str) -> None:
    """No claim is without one, and a probe's evidence file is there."""
    (target,) = find([name])
    for rule in (*target.rows, *target.model, *target.always):
        assert rule.sources, f"{name}: {rule}"
    for source in target.sources.values():
        if source.kind == "probe":
            path = opsets_dir() / source.where
            assert path.is_file() or path.with_name(path.name + ".xz").is_file(), source.where


@pytest.mark.parametrize("name", MEASURED)
def test_the_table_of_a_measured_target_is_sound(name: str) -> None:
    """No row names an operator, argument or attribute that the ONNX schemas lack."""
    assert lint(find([name])[0]) == ()


@pytest.mark.parametrize("path", evidence.files(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_evidence_is_well_formed(path: Path) -> None:
    """A whole header first; known answers; each question once; words that are short."""
    read = evidence.read(path)
    for name in ("toolchain", "version", "target", "date", "licence_note"):
        assert read.header.get(name), f"{path}: the header names no {name}"
    assert read.header["target"] == path.parent.name
    assert {record["answer"] for record in read.ops} <= {*replay.AGREES, "crashed", "timeout", "memory", "not-asked"}
    known = {"ALL", "PARTIAL", "REFUSED", "CRASH", "TIMEOUT", *(["UNKNOWN"] if path.parts[-3] == "peers" else [])}
    assert {record["answer"] for record in read.networks} <= known
    keys = [evidence.key(record) for record in (*read.ops, *read.networks)]
    assert len(keys) == len(set(keys))
    assert max(len(record.get("says", "")) for record in (*read.ops, *read.networks)) <= 300
