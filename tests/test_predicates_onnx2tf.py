"""What onnx2tf knows of sizes and layouts, and which windows it sees, is read off the graph."""

from __future__ import annotations

from predicate_models import graph, told


def test_a_size_is_unknown_axis_by_axis() -> None:
    """A mean over the axis that is unknown states it, a mean over another one does not."""
    for axis, known in ((1, True), (2, False)):
        net = graph(
            "(float[1,6,16] x) => (float[a,b,c] y)"
            f"{{ u, v = Split<axis=-1>(x) m = ReduceMean<axes=[{axis}],keepdims=1>(u) y = Relu(m) }}"
        )
        assert told("open_sizes", net) == {"u": False, "m": True, "y": not known}


def test_a_product_takes_rows_from_the_left_and_columns_from_the_right() -> None:
    """With the unknown axis turned to the columns a stored matrix on the right makes it known."""
    text = (
        "(float[1,8,16] x) => (float[a,b,c] y) <float[8,8] w = {{{numbers}}}>"
        "{{ u, v = Split<axis=-1>(x) {turn} m = MatMul({left}, w) y = Relu(m) }}"
    )
    numbers = ", ".join(["0.5"] * 64)
    straight = graph(text.format(numbers=numbers, turn="", left="u"))
    assert told("open_sizes", straight)["y"] is True
    turned = graph(text.format(numbers=numbers, turn="t = Transpose<perm=[0,2,1]>(u)", left="t"))
    assert told("open_sizes", turned) == {"u": False, "t": False, "m": True, "y": False}


def test_slices_of_one_size_hand_on_what_is_unknown() -> None:
    """Two halves become a SPLIT; a piece alone states its sizes."""
    text = (
        "(float[1,4,6,16] x) => (float[a,b,c,d] y) <int64[1] z = {{0}}, int64[1] h = {{4}}, int64[1] e = {{8}},"
        "int64[1] k = {{3}}> {{ u, v = Split<axis=3>(x) p = Slice(u, z, h, k) {other} y = Relu(p) }}"
    )
    assert told("open_sizes", graph(text.format(other="")))["y"] is False
    assert told("open_sizes", graph(text.format(other="q = Slice(u, h, e, k) r = Relu(q)")))["y"] is True


def test_a_sum_with_stored_zeros_is_dropped() -> None:
    """Also as the first operand, but not a difference from zero, and not where it gives the result another shape."""
    for body, dropped in (
        ("Add(x, z)", True),
        ("Add(z, x)", True),
        ("Sub(x, z)", True),
        ("Sub(z, x)", False),
        ("Mul(x, z)", False),
        ("Mul(o, x)", True),
        ("Div(x, o)", True),
        ("Add(x, w)", False),
    ):
        net = graph(
            "(float[1,4] x) => (float[a,b] y) <float[4] z = {0, 0, 0, 0}, float[4] o = {1, 1, 1, 1},"
            "float[2,4] w = {0, 0, 0, 0, 0, 0, 0, 0}> { a = " + body + " y = Relu(a) }"
        )
        assert told("vanishes_when_simplified", net)["a"] is dropped, body


def test_windows_are_square_and_nobody_else_reads_in_between() -> None:
    """Cut by Reshape, Transpose, Reshape, and put together by the same in the other direction."""
    text = (
        "(float[1,16,16,8] x) => (float[a,b,c] y) <int64[6] s = {{{sizes}}}, int64[3] k = {{{last}}}>"
        "{{ c = Reshape(x, s) t = Transpose<perm=[0,1,3,2,4,5]>(c) y = Reshape(t, k) {more} }}"
    )
    for sizes, last, more, cut in (
        ("1, 4, 4, 4, 4, 8", "16, 16, 8", "", True),
        ("1, 4, 4, 8, 2, 8", "32, 8, 8", "", False),
        ("1, 4, 4, 4, 4, 8", "4, 64, 8", "", False),
        ("1, 4, 4, 4, 4, 8", "16, 16, 8", "q = Relu(t)", False),
    ):
        net = graph(text.format(sizes=sizes, last=last, more=more))
        assert told("cuts_windows", net)["t"] is cut, (sizes, last, more)
    reverse = graph(
        "(float[16,16,8] x) => (float[a,b,c,d] y) <int64[6] s = {1, 4, 4, 4, 4, 8}, int64[4] k = {1, 16, 16, 8}>"
        "{ c = Reshape(x, s) t = Transpose<perm=[0,1,3,2,4,5]>(c) y = Reshape(t, k) }"
    )
    assert told("joins_windows", reverse) == {"c": False, "t": False, "y": True}
    assert told("cuts_windows", reverse)["t"] is False


def test_the_channels_are_last_between_convolutions() -> None:
    """A sum of convolutions keeps them there; an activation does only where a convolution takes it too."""
    text = (
        "(float[1,8,16,16] x, float[8,8,1,1] w) => (float[a,b,c,d] y)"
        "{{ p = Conv(x, w) q = Conv(p, w) a = {body} g = GlobalAveragePool(a) y = Conv(g, w) {more} }}"
    )
    for body, more, last in (
        ("Add(p, q)", "", True),
        ("MaxPool<kernel_shape=[2,2]>(p)", "", True),
        ("Concat<axis=2>(p, q)", "", True),
        ("Relu(p)", "", False),
        ("Relu(p)", "z = Conv(a, w)", True),
        ("Add(x, x)", "", False),
        ("Softmax<axis=1>(p)", "", False),
    ):
        net = graph(text.format(body=body, more=more))
        assert told("channels_last", net)["g"] is last, (body, more)


def test_a_computed_shape_of_which_one_size_is_open_is_stored_after_all() -> None:
    """The nodes that compute it vanish then; with a second open size, or another reader, they stay."""
    text = (
        "(float[n,8,m] x) => (float[a,b,c,d] y, int64[e] q) <int64 z = {{0}}, int64 t = {{2}}, int64[1] o = {{0}},"
        "int64[1] k = {{2}}, int64[1] l = {{4}}> {{ s = Shape(x) i = Gather(s, z) u = Unsqueeze(i, o) j = Gather(s, t)"
        "v = Unsqueeze(j, o) h = Concat<axis=0>({parts}) y = Reshape(x, h) {more} }}"
    )
    one = told("folded_into_shape", graph(text.format(parts="u, k, l, l", more="q = Neg(v)")))
    assert (one["i"], one["u"], one["h"]) == (True, True, True)
    assert (one["s"], one["j"]) == (False, False)
    two = told("folded_into_shape", graph(text.format(parts="u, k, l, v", more="q = Neg(o)")))
    assert not any(two.values())
    shared = told("folded_into_shape", graph(text.format(parts="u, k, l, l", more="q = Neg(h)")))
    assert not shared["h"]


def test_a_known_size_beside_a_computed_one_is_a_contradiction() -> None:
    """Along another axis than that of the join, and in the channels of a convolution of more than one."""
    text = (
        "(float[n,16,m] x, float[1,2,8] z, float[1,1,1] v, float[1,4,1] w) => (float[a,b,c] y) <int64[1] o = {{0}},"
        "int64[1] t = {{2}}, int64[1] m = {{-1}}> {{ s = Shape(x) h = Slice(s, o, t, o) d = Concat<axis=0>(h, m)"
        "r = Reshape(x, d) {body} }}"
    )
    for body, meets in (
        ("y = Concat<axis=1>(r, z)", True),
        ("y = Concat<axis=1>(r, r)", False),
        ("y = Conv(r, w)", True),
        ("y = Conv(r, v)", False),
        ("y = Conv(x, w)", False),
    ):
        assert told("meets_placeholder", graph(text.format(body=body)))["y"] is meets, body


def test_a_size_that_inference_cannot_tell_is_not_known() -> None:
    """The first axis does not count."""
    net = graph("(float[n,4] x, float[2,m] z) => (float[n,4] y, float[2,m] q) { y = Relu(x) q = Relu(z) }")
    known = told("known_but_batch", net)
    assert known == {"y": True, "q": False}
