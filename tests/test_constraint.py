"""The constraint language: what it accepts, what it answers, how it explains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.constraint import NO, UNSURE, YES, Answer, ConstraintError, check, explain, parse
from checker.facts import Facts, Recipe
from checker.graph import Graph, Node, Quant, Value
from checker.predicates import PREDICATES, meaning

X = Value("x", "float32", (1, None, 64, "N"))
W = Value("w", "float32", (8, 3, 4, 4), constant=True)
Y = Value("y", "float32", (1, 8, 16, None))


def conv(**changes: Any) -> Facts:
    """Return the facts of a Conv fed by a Relu and feeding an Add."""
    node = Node(
        "conv",
        "Conv",
        since=11,
        attrs={"strides": (4, 4), "kernel_shape": (4, 4), "group": 1, "pads": (0, 1, 0, 1)},
        given=frozenset({"strides"}),
        args={"X": X, "W": W, "B": None},
        results={"Y": Y},
        inputs=(X, W, None),
        outputs=(Y,),
    )
    node = replace(node, **changes)
    relu = Node("relu", "Relu", inputs=(Value("in"),), outputs=(X,))
    add = Node("add", "Add", inputs=(Y, Y), outputs=(Value("out"),))
    graph = Graph("g", (relu, node, add), (Value("in", shape=(1, "N")),), (Value("out"),), {"": 17}, ir_version=8)
    return Facts(graph, node, "int8")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("max(strides) <= 3", NO),
        ("max(strides) != 4 or kernel_shape == [11, 11]", NO),
        ("max((kernel_shape - 1) * 2 + 1) <= 7", YES),
        ("strides <= 4", YES),
        ("strides == 4", YES),
        ("strides in {[2, 2], [4, 4]}", YES),
        ("set(pads) == {1, 0}", YES),
        ("set(pads) <= {0}", NO),
        ("len(pads) == 4 and len(set(pads)) == 2", YES),
        ("pads[1] == 1 and pads[-2] == 0 and pads[:2] == [0, 1]", YES),
        ("sum(pads) == 2 and prod(kernel_shape) == 16 and min(pads) == 0", YES),
        ("log2(kernel_shape[0]) == 2 and abs(-3) == 3", YES),
        ("7 // 2 == 3 and 7 % 4 == 3 and 1 / 2 == 0.5", YES),
        ("0.1 + 0.2 == 0.3", YES),
        ("0.30001 == 0.3", NO),
        ("rank(X) == 4", YES),
        ("2 < rank(X) <= 4", YES),
        ("dim(X, 1) <= 3", UNSURE),
        ("dim(X, 2) == 64", YES),
        ("dim(X, -1) == dim(X, 3)", YES),
        ("dim(X, 1) == dim(X, 1)", UNSURE),
        ("dim(X, 0) % 4 == 0", NO),
        ("dim(X, 1) >= 0", YES),
        ("max(shape(X)) <= 32", NO),
        ("max(shape(X)) <= 64", UNSURE),
        ("prod(shape(X)) == 0", UNSURE),
        ("size(W) == 384", YES),
        ("shape(X)[:1] == [1]", YES),
        ("dim(X, 1) == 3 or strides == [4, 4]", YES),
        ("dim(X, 1) == 3 and strides == [2, 2]", NO),
        ("not dim(X, 1) == 3", UNSURE),
        ("static(X)", NO),
        ("static(W)", YES),
        ("static(Y)", UNSURE),
        ("const(W) and not const(X)", YES),
        ("given(strides) and not given(pads)", YES),
        ("dtype(X) == 'float32'", YES),
        ("dtype(X) in {'float16', 'int8'}", NO),
        ("every(inputs, rank) <= 4", YES),
        ("some(inputs, const)", YES),
        ("every(inputs, const)", NO),
        ("count(inputs, const) == 1", YES),
        ("count(inputs, static) <= 1", YES),
        ("every(inputs, dim, 0) >= 1", YES),
        ("same(inputs, dtype)", YES),
        ("same(inputs, shape)", NO),
        ("same(X, X) and not same(X, W)", YES),
        ("every(strides) >= 4", YES),
        ("len(inputs) == 2 and rank(inputs[1]) == 4", YES),
        ("fed_by(X, {'Relu'}) and not fed_by(X, 'Conv') and fed_by(X)", YES),
        ("used_by(Y, {'Add', 'Mul'})", YES),
        ("graph_input(X) or graph_output(Y)", NO),
        ("uses('Add') and not uses('Loop')", YES),
        ("gives('Conv', 'strides') and not gives('Conv', 'auto_pad') and not gives('Add', 'strides')", YES),
        ("within('Attention')", NO),
        ("opset == 17 and since == 11 and ir_version < 9 and precision == 'int8'", YES),
        ("form == 'operator' and variant == ''", YES),
        ("group < inf", YES),
        ("depthwise", NO),
        ("quantized", NO),
        ("every(domains) in {''}", YES),
        ("every(domains) in {'com.microsoft'}", NO),
        ("len(undefined) == 0 and every(undefined) in {'Gelu'}", YES),
        ("requantized(W)", NO),
        ("fixed(W)", YES),
        ("fixed(X)", NO),
        ("fixed(Y)", NO),
        ("auto_pad == 'NOTSET'", YES),
        ("'NOT' in auto_pad", YES),
    ],
)
def test_answers(text: str, answer: Answer) -> None:
    """Each line gets the answer that the node's facts give."""
    assert check(parse(text), conv()) is answer


@pytest.mark.parametrize(
    "text", ["const(B)", "not const(B)", "dim(B, 0) == 3", "rank(B) == 1 and const(B)", "B == 0", "dtype(B) == 'int8'"]
)
def test_what_is_said_of_an_absent_argument_does_not_apply(text: str) -> None:
    """A condition on an optional argument that is not there stands in nobody's way."""
    assert check(parse(text), conv()) is YES


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("given(B)", NO),
        ("not given(B)", YES),
        ("const(B) and rank(X) == 3", NO),
        ("not (const(B) or rank(X) == 4)", NO),
    ],
)
def test_an_absent_argument_is_a_fact(text: str, answer: Answer) -> None:
    """Whether it is given can be asked, and the rest of the line still counts."""
    assert check(parse(text), conv()) is answer


@pytest.mark.parametrize("text", ["dim(X, 5) == 1", "not dim(X, 5) == 1", "dim(X, 5) != 1", "pads[9] == 0"])
def test_nothing_holds_of_an_axis_that_does_not_exist(text: str) -> None:
    """A row about the fifth axis does not speak of a tensor of rank four."""
    assert check(parse(text), conv()) is NO


def test_an_attribute_and_a_constant_input_are_one_fact() -> None:
    """``axes == [1]`` holds however the file writes the axes; a computed input does not say."""
    line = parse("axes == [1]")
    data = Value("data", "float32", (2, 3))
    attribute = Node("a", "ReduceMean", since=13, attrs={"axes": (1,)}, args={"data": data}, inputs=(data,))
    axes = Value("axes", "int64", (1,), constant=True, const=np.array([1]))
    constant = replace(attribute, attrs={}, args={"data": data, "axes": axes}, inputs=(data, axes))
    computed = Value("axes", "int64", (1,))
    dynamic = replace(attribute, attrs={}, args={"data": data, "axes": computed}, inputs=(data, computed))
    graph = Graph("g", (), (), ())
    assert [check(line, Facts(graph, node)) for node in (attribute, constant, dynamic)] == [YES, YES, UNSURE]
    assert check(parse("const(axes)"), Facts(graph, dynamic)) is NO
    assert check(parse("len(axes) == 1"), Facts(graph, dynamic)) is YES
    assert explain(line, Facts(graph, dynamic)) == "needs `axes == [1]`; here axes = not constant"


def test_a_called_name_is_a_function_and_a_bare_one_a_fact() -> None:
    """Clip's ``min`` is an input where it is not called."""
    low = Value("low", "float32", (), constant=True, const=np.array(0.0, np.float32))
    clip = Node("clip", "Clip", args={"input": X, "min": low, "max": None}, inputs=(X, low, None))
    facts = Facts(Graph("g", (clip,), (), ()), clip)
    assert check(parse("min == 0 and min(3, 5) == 3 and not given(max)"), facts) is YES


def test_argument_names_are_those_of_the_newest_schema() -> None:
    """BatchNormalization's ``mean`` of opset 9 is the ``input_mean`` of today."""
    values = [Value(name, "float32", (3,), constant=True) for name in "xsbmv"]
    names = ("X", "scale", "B", "mean", "var")
    node = Node("bn", "BatchNormalization", since=9, args=dict(zip(names, values, strict=True)), inputs=tuple(values))
    facts = Facts(Graph("g", (node,), (), ()), node)
    assert check(parse("const(input_mean) and dim(input_var, 0) == 3"), facts) is YES
    assert check(parse("training_mode == 0"), facts) is YES


def test_quantization_is_the_files_or_the_recipes() -> None:
    """A Q/DQ file keeps its own scales; a float file gets the target's recipe, of which the scales are not known."""
    quantized = replace(X, quant=Quant("uint8", np.array(0.5), np.array(128)))
    own = conv(args={"X": quantized, "W": W, "B": None}, inputs=(quantized, W, None))
    assert check(parse("scale(X) == 0.5 and zero_point(X) == 128 and not per_channel(X)"), own) is YES
    assert check(parse("storage(X) == 'uint8' and dtype(X) == 'float32'"), own) is YES
    assumed = replace(conv(), recipe=Recipe("int8", symmetric=True))
    assert check(parse("zero_point(X) == 0 and per_channel(W) and storage(X) == 'int8'"), assumed) is YES
    assert check(parse("scale(X) == 0.5"), assumed) is UNSURE
    assert check(parse("scale(X) == 0.5"), conv()) is YES  # not quantized: does not apply


def test_an_explanation_names_the_facts_in_order() -> None:
    """The facts that a line reads are given in alphabetical order, functions as they are called."""
    line = parse("max(strides) != 4 or kernel_shape == [11, 11]")
    stated = "needs `max(strides) != 4 or kernel_shape == [11, 11]`; here kernel_shape = [4, 4], strides = [4, 4]"
    assert explain(line, conv()) == stated
    more = parse("rank(X) == 5 or dim(X, 1) == 1 or static(Y) or given(B) or dim(X, 3) == 2 or dim(B, 0) == 4")
    assert explain(more, conv()).partition("; here ")[2] == (
        "dim(B, 0) = absent, dim(X, 1) = unknown, dim(X, 3) = N, given(B) = no, rank(X) = 4, static(Y) = unknown"
    )


def test_a_named_condition_says_what_it_asks() -> None:
    """A report's reader does not know our names: each predicate comes with its question."""
    line = parse("depthwise")
    assert explain(line, conv()) == (
        "needs `depthwise`; here depthwise = no (whether a convolution works on every channel for itself)"
    )
    assert all(meaning(name).startswith("whether ") for name in PREDICATES)
    assert not meaning("kernel_shape")


@pytest.mark.parametrize(
    ("text", "column", "fault"),
    [
        ("strides.x", 1, "attributes"),
        ("(lambda: 1) == 1", 2, "lambdas"),
        ("max([i for i in x])", 5, "list comp"),
        ("1 + f(1)", 5, "there is no function `f`"),
        ("__import__('os')", 1, "there is no function `__import__`"),
        ("2 ** 8", 1, "only the operators"),
        ("a is b", 1, "not with `is`"),
        ("a if b else c", 1, "`a or b`"),
        ("rank()", 1, "takes 1 argument"),
        ("rank(3)", 6, "takes the name of an argument"),
        ("rank(X, axis=1)", 1, "by position"),
        ("every(inputs, foo)", 15, "name of a function"),
        ("x[a:b] == 1", 1, "ends of a slice"),
        ("1 == )", 6, "not an expression"),
        ("{'a': 1}", 1, "dict"),
        ("f'{a}' == 1", 1, "joined str"),
        ("(x := 3) == 3", 2, "named expr"),
        ("x == None", 6, "None"),
        ("x == 9999999999999999999999", 6, "too large"),
    ],
)
def test_what_is_no_constraint_is_refused_with_the_column(text: str, column: int, fault: str) -> None:
    """A line outside the language is told with the place of the offence."""
    with pytest.raises(ConstraintError, match=fault) as caught:
        parse(text)
    assert caught.value.column == column


def test_a_constraint_knows_what_it_reads() -> None:
    """The names and functions of a line can be linted without a node."""
    line = parse("max(strides) <= 3 and every(inputs, rank) <= dim(X, axis)")
    assert set(line.names) == {"strides", "inputs", "X", "axis"}
    assert line.functions == {"max", "every", "rank", "dim"}


DIMS = st.one_of(st.integers(0, 9), st.sampled_from(["N", "M"]))
SHAPES = st.lists(DIMS, max_size=4).map(tuple)
FACTS = """
rank(X); rank(B); dim(X, 0); dim(X, -1); dim(X, 2); size(X); max(shape(X)); min(shape(X)); prod(shape(X)); sum(shape(X))
len(strides); strides[0]; axes[0]; max(axes); sum(axes); k; count(inputs, static); count(inputs, const); abs(k); alpha
prod(shape(X)[:-2]); log2(dim(X, 1)); shape(X)[k]; dim(X, k); min(k, dim(X, 0)); len(set(axes)); len(shape(X))
"""
PLAIN = """
static(X); const(axes); given(B); shape(X) == [1, 2]; axes == [1]; axes in {[0], [1]}; 1 in axes; strides <= 3; k
set(axes) == {0, 1}; every(inputs, rank) <= 3; some(inputs, static); k in [1, 2, 3]; same(inputs, shape)
every(inputs, dim, 0) == 1; shape(X) <= shape(axes); every(axes) != 1; set(shape(X)) <= {1, 2}; shape(X)[1:] == [2]
dim(B, 0) == dim(X, 0); dim(X, 0) in shape(X)[1:]; some(axes) == k; axes == k; const(B) == static(X)
"""


def listed(text: str) -> list[str]:
    """Split a list of phrases."""
    return [phrase.strip() for line in text.strip().splitlines() for phrase in line.split(";")]


NUMBERS = st.one_of(st.integers(-9, 9).map(str), st.sampled_from(listed(FACTS)))
SUMS = st.recursive(
    NUMBERS,
    lambda s: st.tuples(s, st.sampled_from(["+", "-", "*", "/", "//", "%"]), s).map(lambda p: f"({' '.join(p)})"),
    max_leaves=4,
)
COMPARED = st.tuples(SUMS, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), SUMS).map(" ".join)
STATEMENTS = st.one_of(COMPARED, st.sampled_from(listed(PLAIN)))
LINES = st.recursive(
    STATEMENTS,
    lambda s: st.one_of(
        s.map(lambda a: f"not ({a})"),
        st.tuples(s, st.sampled_from(["and", "or"]), s).map(lambda p: f"({p[0]}) {p[1]} ({p[2]})"),
    ),
    max_leaves=4,
)


def subject(known: dict[str, Any]) -> Facts:
    """Return a node with these facts; None is one that the model does not say."""
    data = Value("data", "float32", known["shape"])
    elements = None if known["axes"] is None else np.array(known["axes"], np.int64)
    axes = Value("axes", "int64", (2,), constant=True, const=elements)
    stated = {name: known[name] for name in ("strides", "k", "alpha")}
    args = {"X": data, "axes": axes, "B": None}
    node = Node("n", "Custom", "test", attrs=stated, given=frozenset(stated), args=args, inputs=(data, axes, None))
    return Facts(Graph("g", (node,), (data,), ()), node)


KNOWN = st.fixed_dictionaries(
    {
        "shape": SHAPES,
        "axes": st.tuples(st.integers(-2, 3), st.integers(-2, 3)),
        "strides": st.tuples(st.integers(1, 4), st.integers(1, 4)),
        "k": st.integers(-3, 3),
        "alpha": st.floats(-2, 2),
    }
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(line=LINES, known=KNOWN, lost=st.sets(st.sampled_from(["shape", "axes", "strides", "k", "alpha", 0, 1, 2, 3])))
def test_taking_facts_away_never_turns_an_answer_round(line: str, known: dict[str, Any], lost: set[Any]) -> None:
    """With less knowledge an answer stays, or becomes unsure."""
    constraint = parse(line)
    before = check(constraint, subject(known))
    less = {**known, "shape": tuple(None if axis in lost else dim for axis, dim in enumerate(known["shape"]))}
    after = check(constraint, subject({name: None if name in lost else value for name, value in less.items()}))
    assert after in {before, UNSURE}, f"{line}: {before} became {after}"


BASES = [
    {"shape": (1, 2), "axes": (0, 1), "strides": (1, 2), "k": 1, "alpha": 0.5},
    {"shape": (4, "N", 2), "axes": (1, 1), "strides": (4, 4), "k": -1, "alpha": -1.0},
    {"shape": (0, 3), "axes": (-1, 0), "strides": (3, 1), "k": 0, "alpha": 0.0},
    {"shape": (2, 2), "axes": (1, 0), "strides": (2, 2), "k": 2, "alpha": 2.0},
]
SIMPLE = [
    *listed(PLAIN),
    *(f"{fact} {sign} {n}" for fact in listed(FACTS) for sign in ("==", "<=", ">") for n in (1, 2)),
]


@pytest.mark.parametrize("line", SIMPLE)
def test_each_phrase_is_sound(line: str) -> None:
    """Taking away one fact, or all of a kind, never turns the answer of a simple line or of its negation round."""
    for text in (line, f"not ({line})"):
        constraint = parse(text)
        for known in BASES:
            before = check(constraint, subject(known))
            poorer = [{**known, name: None} for name in known]
            for axis in range(len(known["shape"])):
                shape = tuple(None if place == axis else dim for place, dim in enumerate(known["shape"]))
                poorer += [{**known, "shape": shape}, {**known, "shape": shape, "axes": None, "k": None}]
            for less in poorer:
                assert check(constraint, subject(less)) in {before, UNSURE}, f"{text}: {before} for {known}, not {less}"
