"""Laws of a comparison and of a gate, whatever the reports hold."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import checker
from checker import baseline
from checker.policy.judge import Context, judged
from checker.policy.record import Policy, Waiver
from checker.report import Report

NETWORKS = sorted((Path(__file__).resolve().parent.parent / "fixtures" / "networks").glob("*.onnx"))
TARGETS = ("rockchip-rk3588", "nvidia-orin-dla", "arm-ethos-u55-128")
DAY = date(2026, 11, 24)

places = st.tuples(
    st.sampled_from(["", "Conv > Add > Relu", "Conv > Add > Mul", "Mul > Add > Relu"]),
    st.sampled_from(["", "a.#", "b.#"]),
)
counted = st.dictionaries(places, st.integers(1, 3), max_size=6).map(Counter)


@given(counted, counted)
def test_every_place_is_counted_once(old: Counter[tuple[str, str]], new: Counter[tuple[str, str]]) -> None:
    """What is new and unchanged adds up to now, what is fixed and unchanged to before."""
    totals: Counter[str] = Counter()
    for state, _, count in baseline.matched(old, new):
        assert count > 0
        totals[state] += count
    assert totals["new"] + totals["unchanged"] == new.total()
    assert totals["fixed"] + totals["unchanged"] == old.total()


@given(counted)
def test_nothing_is_new_against_itself(places_now: Counter[tuple[str, str]]) -> None:
    """However alike its places are to each other."""
    assert {state for state, _, _ in baseline.matched(places_now, places_now)} <= {"unchanged"}


@given(counted, counted)
def test_the_other_way_round_new_is_fixed(old: Counter[tuple[str, str]], new: Counter[tuple[str, str]]) -> None:
    """As many places are new one way as are fixed the other way, where nothing is alike by halves only."""
    forth = Counter(dict.fromkeys(baseline.STATES, 0))
    back = Counter(forth)
    for state, _, count in baseline.matched(old, new):
        forth[state] += count
    for state, _, count in baseline.matched(new, old):
        back[state] += count
    assert forth["new"] - forth["fixed"] == back["fixed"] - back["new"]


@pytest.fixture(scope="module", params=NETWORKS, ids=lambda path: path.stem)
def report(request: pytest.FixtureRequest) -> Report:
    """Audit a network that the repository ships."""
    return checker.check(request.param, TARGETS)


def test_a_model_passes_against_itself(report: Report) -> None:
    """At the strictest threshold, with nothing new and nothing fixed."""
    found = judged(report, Context(Policy(), DAY, "unknown", report), asked=True)
    assert found.gate is not None
    assert found.gate.failures == ()
    assert found.baseline is not None
    assert {each.state for each in found.baseline.differences} <= {"unchanged"}


def test_a_waiver_for_everything_excuses_everything_until_its_day(report: Report) -> None:
    """And nothing after it: then there is one failure more than without it, where there was one."""
    waiver = Waiver("r", "o", DAY)
    bare, waived, late = (
        judged(report, Context(Policy(waivers=waivers), day, "unknown"), asked=True).gate
        for waivers, day in (((), DAY), ((waiver,), DAY), ((waiver,), date(2026, 11, 25)))
    )
    assert bare is not None
    assert waived is not None
    assert late is not None
    assert waived.failures == ()
    assert [each for each in late.failures if each.rule != "waiver/expired"] == list(bare.failures)


def test_a_stricter_threshold_never_fails_less(report: Report) -> None:
    """From never to unknown every failure stays one."""
    said: list[set[tuple[str, str | None, str, str]]] = []
    for fail_on in ("never", "blocked", "needs-changes", "fallback", "unknown"):
        gate = judged(report, Context(Policy(), DAY, fail_on), asked=True).gate
        assert gate is not None
        said.append({(each.rule, each.target, each.op, each.message) for each in gate.failures})
        worst = [target for target in report.targets if target.answer == "BLOCKED"]
        assert fail_on == "never" or not worst or gate.failures
    assert said[0] == set()
    assert all(loose <= strict for loose, strict in pairwise(said))


def test_a_target_at_the_threshold_fails(report: Report) -> None:
    """No verdict as bad as the threshold goes without a failure."""
    thresholds = {
        "READY_WITH_FALLBACK": "fallback",
        "NEEDS_CHANGES": "needs-changes",
        "BLOCKED": "blocked",
        "UNKNOWN": "unknown",
    }
    for target in report.targets:
        one = dataclasses.replace(report, targets=(target,))
        gate = judged(one, Context(Policy(), DAY, thresholds.get(target.answer, "unknown")), asked=True).gate  # type: ignore[arg-type]
        assert gate is not None
        assert gate.passed is (target.answer == "READY")
