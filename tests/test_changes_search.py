"""The smallest set of changes for the best improvement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composite_models import graph_of, number, weight
from test_place import chain, row, table

from checker.changes import Shop
from checker.composites import raise_composites
from checker.graph import Graph, Problem
from checker.target import Target
from checker.verdict import Answer, Verdict, audit, audit_all


def judged(graph: Graph, target: Target, **more: str) -> Verdict:
    """Audit a graph."""
    return audit(graph, raise_composites(graph), target, **more)[1]


def told(found: Verdict) -> list[tuple[str, Answer | None]]:
    """Return the names of the changes and the answers after them."""
    return [(each.name, each.answer) for each in found.changes]


TWO = graph_of("a = Flatten (x) y = HardSwish (a)", output="float[2, 32] y")
PLAIN = (row("Reshape"), row("HardSigmoid"), row("Mul"))


def test_nothing_is_tried_for_a_file_that_is_ready() -> None:
    """There is nothing to improve."""
    found = judged(TWO, table(row("Flatten"), row("HardSwish")))
    assert (found.answer, found.changes, found.trials) == (Answer.READY, (), 0)


def test_one_change_is_enough_where_one_is() -> None:
    """The only trouble has one cure, which is told with its cost and what becomes of the work."""
    found = judged(TWO, table(*PLAIN, row("HardSwish", form="operator")))
    assert found.answer is Answer.NEEDS_CHANGES
    (change,) = found.changes
    assert (change.name, change.what, change.answer) == ("spelling", "write Flatten as Reshape", Answer.READY)
    assert (change.cost, change.share, change.segments, change.nodes) == ("edit the file", 1.0, 1, ("Flatten_0",))


def test_two_refusals_need_two_changes() -> None:
    """Neither alone makes the file build; both together do, and they are told as one."""
    found = judged(TWO, table(*PLAIN))
    assert found.answer is Answer.NEEDS_CHANGES
    assert {each for each, _ in told(found)} <= {"spelling+in-parts", "in-parts+spelling"}
    assert found.changes[0].answer is Answer.READY
    assert set(found.changes[0].nodes) == {"Flatten_0", "HardSwish_1"}
    assert found.changes[0].cost == "re-export"


def test_a_change_that_turns_out_needless_is_left_out() -> None:
    """Older opset and other spelling: once the spelling is changed, the opset need not be."""
    target = table(*PLAIN, row("Flatten", "fallback"), row("HardSwish", opset="..15"))
    found = judged(TWO, target)
    best = found.changes[0]
    assert best.answer is Answer.READY
    assert len(best.name.split("+")) == 2


def test_a_fallback_that_a_change_takes_in_is_told_and_the_answer_stays() -> None:
    """The file builds as it is: READY_WITH_FALLBACK, and the change makes it READY."""
    found = judged(TWO, table(*PLAIN, row("Flatten"), row("HardSwish", "fallback", form="operator")))
    assert found.answer is Answer.READY_WITH_FALLBACK
    assert told(found)[0] == ("in-parts", Answer.READY)


def test_a_greater_share_of_the_work_is_an_improvement() -> None:
    """More MACs on the accelerator count, with the same answer."""
    body = weight("w", "8, 8") + "c = Cos (x) a = MatMul (c, w) y = MatMul (a, w)"
    rows = (row("Gemm"), row("Reshape"), row("MatMul", "fallback"), row("Cos", "fallback"))
    found = judged(graph_of(body), table(*rows))
    assert found.answer is Answer.READY_WITH_FALLBACK
    best = found.changes[0]
    assert "Gemm" in best.what
    assert (best.answer, best.share) == (Answer.READY_WITH_FALLBACK, 1.0)


def test_an_unknown_becomes_an_answer_with_fixed_shapes() -> None:
    """What the dimensions decide is known once they have lengths, be the answer good or bad."""
    graph = chain("Relu", shape=("N", 4))
    good = judged(graph, table(row("Relu", "native", "dim(X, 0) == 1"), rejected="unsupported"))
    assert (good.answer, told(good)) == (Answer.UNKNOWN, [("fixed-shapes", Answer.READY)])
    bad = judged(graph, table(row("Relu", "native", "dim(X, 0) == 2"), rejected="unsupported"))
    assert (bad.answer, told(bad)) == (Answer.UNKNOWN, [("fixed-shapes", Answer.BLOCKED)])


def test_another_precision_that_the_target_offers_is_a_change() -> None:
    """What is refused in half precision may be taken quantised; and what is not offered may be offered otherwise."""
    target = table(row("Relu", precision="int8"), rejected="unsupported", quantization={"activation": "int8"})
    found = judged(chain("Relu"), target)
    assert (found.answer, told(found)) == (Answer.NEEDS_CHANGES, [("precision", Answer.READY)])
    assert found.changes[0].what.startswith("quantise to int8 as the vendor does (activations int8, asymmetric")
    assert found.changes[0].cost == "accuracy check"
    other = judged(chain("Relu"), target, precision="bf16")
    assert (other.answer, told(other)) == (Answer.UNKNOWN, [("precision", Answer.READY)])


def test_the_opset_comes_before_what_is_refused_only_after_it() -> None:
    """A rule on the opset hides the rest; with the opset changed, a second change is found on top of it."""
    body = number("two", 2.0) + "p = Pow (x, two) y = Gelu (p)"
    parts = [row(name) for name in ("Div", "Erf", "Add", "Mul")]
    rule = {"require": ["opset <= 19"], "otherwise": "refused", "evidence": "doc"}
    found = judged(graph_of(body, opset=20), table(*parts, model=[rule]))
    assert found.answer is Answer.NEEDS_CHANGES
    assert told(found) == [("opset+spelling", Answer.READY)]
    assert found.changes[0].what == "re-export at opset 19 with Gelu in parts; write the square as Mul"


def test_a_cure_of_the_table_is_told_as_one_that_cannot_be_tried() -> None:
    """No answer, no cost; and not told where a change that was tried leaves nothing of the trouble."""
    cured = row("Cos", "unsupported", change="disable_rules=['x']")
    found = judged(chain("Cos"), table(cured))
    assert [(each.name, each.what, each.answer, each.cost) for each in found.changes] == [
        ("table", "disable_rules=['x']", None, None)
    ]
    rule = {"require": ["every(inputs, static)"], "otherwise": "refused", "change": "pin it", "evidence": "doc"}
    pinned = judged(chain("Relu", shape=("N", 4)), table(row("Relu"), model=[rule]))
    assert told(pinned) == [("fixed-shapes", Answer.READY)]


def test_an_invalid_model_is_not_changed() -> None:
    """What contradicts the standard is no question of the target."""
    broken = replace(chain("Cos"), problems=(Problem("invalid-model", "no", ("n0",), invalid=True),))
    assert judged(broken, table(row("Sin"))).trials == 0


def test_the_search_ends_at_its_limit_and_says_so() -> None:
    """A file of many nodes is tried less often, and the report tells."""
    graph, target = TWO, table(*PLAIN)
    shop = Shop(left=5)
    shop.knows(graph, raise_composites(graph))
    _, found = audit(graph, raise_composites(graph), target, None, shop)
    free = judged(graph, target)
    assert (found.stopped, free.stopped) == (True, False)
    assert 0 < found.trials < free.trials


def test_targets_share_what_changed_graphs_say() -> None:
    """Two targets with the same trouble make each changed graph once, and get the same answer."""
    made = []

    class Counting(Shop):
        def composites(self, graph: Graph) -> tuple:  # type: ignore[type-arg]
            made.append(id(graph))
            return super().composites(graph)

    shop = Counting()
    composites = raise_composites(TWO)
    shop.knows(TWO, composites)
    one, two = audit_all(TWO, composites, (table(*PLAIN), table(*PLAIN, id="acme-two")), None, shop)
    assert one[1].changes == two[1].changes
    half = len(made) // 2
    assert half == one[1].trials == two[1].trials
    assert made[:half] == made[half:]


@pytest.mark.parametrize("times", range(2))
def test_the_same_file_gives_the_same_changes(times: int) -> None:
    """Nothing depends on the order of sets or on what was looked at before."""
    graph = graph_of(
        "a = Flatten (x) b = HardSwish (a) c = Softmax <axis = 0> (b) y = Erf (c)", output="float[2, 32] y"
    )
    rows = (*PLAIN, row("Softmax", "native", "axis == -1"), row("Transpose"), row("Erf", "fallback"))
    found = [
        [(each.name, each.what, each.answer, each.share) for each in judged(graph, table(*rows)).changes]
        for _ in range(2 + times)
    ]
    assert found[0] == found[-1]
    assert found[0]
