"""From placements to one answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_place import chain, row, table

from checker.graph import Graph, Problem
from checker.place import place
from checker.target import Grade, Target
from checker.verdict import Answer, Found, Tried, Verdict, audit, verdict


def answer(graph: Graph, target: Target, *tried: Tried, precision: str | None = None) -> Answer:
    """Return the answer for a graph without composites."""
    return verdict(place(graph, (), target, precision), Found(tried)).answer


def rule(require: str, otherwise: str = "refused", **more: Any) -> dict[str, Any]:
    """Return a whole-file rule as a table writes it."""
    return {"require": [require], "otherwise": otherwise, "evidence": "doc", **more}


ROWS = (row("Relu"), row("Sin", "fallback"), row("Cos", "unsupported"), row("Tan", "native", "rank(X) == 4"))


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        (["Relu"], Answer.READY),
        ([], Answer.READY),
        (["Relu", "Sin"], Answer.READY_WITH_FALLBACK),
        (["Relu", "Sin", "Cos"], Answer.BLOCKED),
        (["GridSample"], Answer.BLOCKED),
    ],
)
def test_the_worst_node_decides(operators: list[str], expected: Answer) -> None:
    """All taken is READY, some on the host READY_WITH_FALLBACK, one refused BLOCKED."""
    assert answer(chain(*operators), table(*ROWS)) is expected


def test_an_insertion_on_the_host_is_a_fallback() -> None:
    """What the compiler adds on the host counts; on the accelerator it does not."""
    for device, expected in (("host", Answer.READY_WITH_FALLBACK), ("accelerator", Answer.READY)):
        target = table(row("Relu", inserts=[{"op": "Transpose", "on": device}]))
        assert answer(chain("Relu"), target) is expected
    host = table(row("Relu", inserts=[{"op": "Transpose", "on": "host"}]))
    reasons = verdict(place(chain("Relu"), (), host)).reasons
    assert [(each.status, each.here) for each in reasons] == [("inserts", "the compiler adds Transpose on the host")]


def test_another_precision_is_told_and_changes_nothing() -> None:
    """A node that runs in half precision within an int8 build is a reason, not a fallback."""
    found = verdict(place(chain("Relu"), (), table(row("Relu", runs_as="fp16"))))
    assert (found.answer, found.reasons[0].here) == (Answer.READY, "runs in fp16")


def test_a_left_over_batch_norm_is_told_where_it_does_not_run_as_one() -> None:
    """As a scale and a shift, or folded by the compiler, it is taken; the reasons say how."""
    split = verdict(
        place(chain("BatchNormalization"), (), table(row("BatchNormalization", "decomposed", into=["MUL"])))
    )
    assert (split.answer, [(each.status, each.here) for each in split.reasons]) == (
        Answer.READY,
        [("decomposed", "left over; runs as a scale and a shift: MUL")],
    )
    assert not verdict(place(chain("BatchNormalization"), (), table(row("BatchNormalization")))).reasons
    refused = verdict(place(chain("BatchNormalization"), (), table()))
    assert [each.status for each in refused.reasons] == ["unsupported"]


def test_what_is_unknown_is_settled_for_the_best_and_for_the_worst() -> None:
    """The same answer twice is given; otherwise the verdict is UNKNOWN and names what decides."""
    unknown = chain("Tan", shape=None)
    found = verdict(place(unknown, (), table(*ROWS)))
    assert (found.answer, found.reasons[0].constraint) == (Answer.UNKNOWN, "rank(X) == 4")
    assert answer(chain("Tan", "Sin", shape=None), table(*ROWS)) is Answer.READY_WITH_FALLBACK
    assert answer(chain("Tan", "Cos", shape=None), table(*ROWS)) is Answer.BLOCKED
    assert answer(chain("Tan", "Sin", shape=None), table(*ROWS, rejected="unsupported")) is Answer.UNKNOWN


def test_a_failed_whole_file_rule_has_its_consequence() -> None:
    """Refused is BLOCKED, all-fallback sends everything to the host."""
    assert answer(chain("Relu"), table(*ROWS, model=[rule("opset <= 16")])) is Answer.BLOCKED
    assert answer(chain("Relu"), table(*ROWS, model=[rule("opset <= 17")])) is Answer.READY
    host = table(*ROWS, model=[rule("every(inputs, static)", "all-fallback")])
    assert answer(chain("Relu", shape=("N", 4)), host) is Answer.READY_WITH_FALLBACK
    assert answer(chain("Relu", shape=(None, 4)), host) is Answer.UNKNOWN
    uses = table(*ROWS, model=[rule("not uses('Sin')")])
    assert (answer(chain("Relu"), uses), answer(chain("Sin"), uses)) == (Answer.READY, Answer.BLOCKED)


def test_a_change_that_makes_it_build_makes_needs_changes() -> None:
    """A tried change counts if the file builds after it."""
    works, fails = (Tried("c", "do it", each) for each in (Answer.READY_WITH_FALLBACK, Answer.BLOCKED))
    assert answer(chain("Cos"), table(*ROWS), works) is Answer.NEEDS_CHANGES
    assert answer(chain("Cos"), table(*ROWS), fails) is Answer.BLOCKED
    assert answer(chain("Relu"), table(*ROWS), works) is Answer.READY


def test_changes_are_tried_only_where_the_file_is_not_ready() -> None:
    """Nothing is tried for a file that runs whole on the accelerator."""

    def tried() -> Found:
        raise AssertionError

    assert verdict(place(chain("Relu"), (), table(*ROWS)), tried).answer is Answer.READY


def test_a_change_that_improves_a_fallback_leaves_the_answer() -> None:
    """The file builds as it is; what would be better is told beside."""
    works = Tried("c", "do it", Answer.READY)
    found = verdict(place(chain("Relu", "Sin"), (), table(*ROWS)), Found((works,), 3))
    assert (found.answer, found.changes, found.trials) == (Answer.READY_WITH_FALLBACK, (works,), 3)


def test_a_cure_that_the_table_names_makes_needs_changes() -> None:
    """Every refusal must have one; a cure for one of two refusals does not make the file build."""
    cured = row("Cos", "unsupported", change="disable_rules=['x']")
    assert answer(chain("Cos"), table(cured)) is Answer.NEEDS_CHANGES
    assert answer(chain("Cos", "GridSample"), table(cured)) is Answer.BLOCKED
    assert answer(chain("Relu"), table(*ROWS, model=[rule("opset <= 7", change="re-export")])) is Answer.NEEDS_CHANGES


def test_a_whole_file_target_refuses_what_another_leaves_to_the_host() -> None:
    """With ``partition = "whole"`` anything rejected refuses the file."""
    assert answer(chain("Relu", "Sin"), table(*ROWS, partition="whole")) is Answer.BLOCKED
    assert answer(chain("Relu"), table(*ROWS, partition="whole")) is Answer.READY


def test_an_invalid_model_is_blocked_everywhere() -> None:
    """A type error is no question of the target."""
    broken = replace(chain("Relu"), problems=(Problem("invalid-model", "Relu takes no string", ("n0",), invalid=True),))
    found = verdict(place(broken, (), table(*ROWS)), Found((Tried("c", "", Answer.READY),)))
    assert (found.answer, found.reasons[0].here) == (Answer.BLOCKED, "Relu takes no string")


def test_a_precision_that_is_not_offered_is_unknown() -> None:
    """The target answers UNKNOWN and says what it offers."""
    found = verdict(place(chain("Relu"), (), table(*ROWS), "bf16"))
    assert (found.answer, found.reasons[0].here) == (
        Answer.UNKNOWN,
        "precision not offered: bf16; it offers fp16, int8",
    )


def test_the_grade_is_that_of_the_weakest_decisive_row() -> None:
    """What builds rests on all rows; a refusal on its best reason."""
    target = table(row("Relu", evidence="probe"), row("Sin"), row("Cos", "unsupported", evidence="probe"))

    def grade(*operators: str) -> Grade | None:
        return verdict(place(chain(*operators), (), target)).grade

    assert (grade("Relu"), grade("Relu", "Sin")) == (Grade.MEASURED, Grade.DOCUMENTED)
    assert grade("Relu", "Sin", "Cos", "GridSample") is Grade.MEASURED


def test_nodes_with_one_reason_are_one_entry() -> None:
    """Reasons are grouped by operator, status and constraint; what refuses comes first."""
    found: Verdict = verdict(place(chain("Sin", "Relu", "Sin", "Cos"), (), table(*ROWS)))
    assert [(each.op, each.nodes, each.refuses) for each in found.reasons] == [
        ("Cos", ("n3",), True),
        ("Sin", ("n0", "n2"), False),
    ]


def test_fixing_a_dynamic_dimension_is_a_change() -> None:
    """A file that is refused for its symbol is READY with the dimension pinned."""
    target = table(*ROWS, model=[rule("every(inputs, static)")])
    _, found = audit(chain("Relu", shape=("batch", 4)), (), target)
    assert found.answer is Answer.NEEDS_CHANGES
    assert found.changes[0].what == "export with fixed input shapes (tried with batch = 1)"


SOUND_ROWS = (
    row("Relu", "unsupported", "rank(X) > 3"),
    row("Relu", "native", "dim(X, 0) == 1", "dim(X, 1) % 4 == 0"),
    row("Relu", "decomposed", "prod(shape(X)) <= 64"),
    row("Sin", "fallback", "static(X)"),
    row("Sin", "native", "max(shape(X)) <= 8 or dim(X, -1) == 16"),
)
DIMS = st.sampled_from([1, 4, 5, 8, 16, "N"])


CASES = st.fixed_dictionaries(
    {
        "operators": st.lists(st.sampled_from(["Relu", "Sin"]), min_size=1, max_size=3),
        "shape": st.lists(DIMS, min_size=1, max_size=4).map(tuple),
        "lost": st.sets(st.integers(0, 4)),
        "rejected": st.sampled_from(["fallback", "unsupported"]),
        "partition": st.sampled_from(["any", "whole"]),
        "rules": st.lists(st.sampled_from(["every(inputs, static)", "every(inputs, dim, 0) == 1"]), max_size=1),
    }
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(case=CASES)
def test_taking_facts_away_never_makes_a_file_build(case: dict[str, Any]) -> None:
    """With less knowledge a verdict is what it was, or UNKNOWN, but never one that builds where it did not."""
    model = [rule(each, "all-fallback") for each in case["rules"]]
    target = table(*SOUND_ROWS, rejected=case["rejected"], partition=case["partition"], model=model)
    before = answer(chain(*case["operators"], shape=case["shape"]), target)
    less = tuple(None if axis in case["lost"] else dim for axis, dim in enumerate(case["shape"]))
    after = answer(chain(*case["operators"], shape=None if 4 in case["lost"] else less), target)
    assert after in {before, Answer.UNKNOWN}
