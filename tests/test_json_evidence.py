"""Evidence for each claim of the JSON report: where it comes from, which version, which day, how good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import checker
from checker.targets import find, ids

NETWORKS = Path(__file__).resolve().parent.parent / "fixtures" / "networks"


@pytest.fixture(scope="module")
def report() -> checker.Report:
    """Audit a network that the repository ships against every target."""
    return checker.check(NETWORKS / "vit_tiny_patch16_224.onnx")


@pytest.mark.parametrize("target", ids())
def test_every_claim_names_sources_that_are_listed(report: checker.Report, target: str) -> None:
    """Reasons and nodes cite sources by id; each is in the target's list once."""
    entry = next(each for each in report.targets if each.id == target)
    listed = [source.id for source in entry.sources]
    cited = {name for reason in entry.reasons for name in reason.sources}
    cited |= {name for node in entry.nodes for name in node.sources}
    assert listed == sorted(set(listed))
    assert cited <= set(listed)
    assert [node.name for node in entry.nodes if node.row and not node.sources] == []
    assert [reason.op for reason in entry.reasons if reason.source and not reason.sources] == []


@pytest.mark.parametrize("target", ids())
def test_a_source_says_when_and_how_good(report: checker.Report, target: str) -> None:
    """A measurement has a day, a document a day, a version or a title; all have a place where they can be looked up."""
    entry = next(each for each in report.targets if each.id == target)
    (table,) = find([target], ())
    assert entry.toolchain == table.toolchain
    for source in entry.sources:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", source.date) or source.kind != "probe", source
        assert source.date or source.version or source.title
        assert source.where
        assert source.grade == table.sources[source.id].grade.value
