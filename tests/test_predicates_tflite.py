"""What the path through onnx2tf loses is seen in the graph: sizes below a Split, sums that are split, huge numbers."""

from __future__ import annotations

from predicate_models import graph, told


def test_sizes_are_lost_below_a_split_until_they_are_stated_again() -> None:
    """A convolution hands on that its input has no known height, a sum with a whole tensor and a Reshape do not."""
    net = graph(
        "(float[1,8,16,16] x, float[4,4,1,1] v) => (float[1,1024] y) <int64[2] n = {4, 4}, int64[2] s = {1, 1024}>"
        "{ a, b = Split<axis=1>(x, n) c = Conv(a, v) d = Relu(c) e = Reshape(d, s) y = Relu(e) }"
    )
    assert told("loosened_by_split", net) == {"a": False, "c": True, "d": True, "e": True, "y": False}


def test_a_sum_with_known_sizes_has_known_sizes() -> None:
    """What is added to the halves decides; the halves alone stay open."""
    net = graph(
        "(float[1,8,16,16] x, float[1,4,16,16] z) => (float[1,4,16,16] y, float[1,4,16,16] q) <int64[2] n = {4, 4}>"
        "{ a, b = Split<axis=1>(x, n) c = Add(a, z) y = Relu(c) d = Add(a, b) q = Relu(d) }"
    )
    assert told("loosened_by_split", net) == {"a": False, "c": True, "y": False, "d": True, "q": True}


def test_the_second_of_two_axes_may_be_split() -> None:
    """Only the batch is open then, which is allowed."""
    net = graph("(float[1,8] x) => (float[1,4] y) <int64[2] n = {4, 4}> { a, b = Split<axis=1>(x, n) y = Add(a, b) }")
    assert not any(told("loosened_by_split", net).values())


def test_a_split_sum_that_a_residual_takes_too() -> None:
    """It is lost where a convolution takes the residual's result, and where nobody else takes the sum it is not."""
    text = (
        "(float[1,8,16,16] x, float[8,8,1,1] w, float[4,4,1,1] v) => (float[1,8,16,16] y) <int64[2] n = {{4, 4}}> {{"
        "q = Conv(x, w) p = {first} b, c = Split<axis=1>(p, n) d = Conv(b, v) e = Concat<axis=1>(d, c)"
        "f = Conv(e, w) g = Add(f, {second}) y = {last} }}"
    )
    for first, second, last, lost in (
        ("Add(q, x)", "p", "Conv(g, w)", True),
        ("Relu(q)", "p", "Conv(g, w)", False),
        ("Add(q, x)", "x", "Conv(g, w)", False),
        ("Add(q, x)", "p", "Relu(g)", False),
    ):
        net = graph(text.format(first=first, second=second, last=last))
        assert told("split_beside_residual", net)["b"] is lost, (first, second, last)


def test_slices_that_are_joined_for_a_convolution() -> None:
    """Alone or two in a row; not where another operator takes the join, or where the first of two has two readers."""
    text = (
        "(float[1,3,16,16] x, float[4,6,1,1] w) => (float[1,c,h,8] y) <int64[1] z = {{0}}, int64[1] o = {{1}},"
        "int64[1] e = {{16}}, int64[1] a = {{2}}, int64[1] b = {{3}}, int64[1] s = {{2}}> {{ {body} }}"
    )
    shared = "i = Slice(x, z, e, a, s) p = Slice(i, z, e, b, s) q = Slice(i, o, e, b, s) k = Concat<axis=1>(p, q) "
    for body, joined in (
        ("p = Slice(x, z, e, b, s) q = Slice(x, o, e, b, s) k = Concat<axis=1>(p, q) y = Conv(k, w)", True),
        ("p = Slice(x, z, e, b, s) q = Slice(x, o, e, b, s) k = Concat<axis=1>(p, q) y = Relu(k)", False),
        ("p = Slice(x, z, e, b, s) q = Slice(x, o, e, b, s) k = Concat<axis=2>(p, q) y = Conv(k, w)", False),
        ("i = Slice(x, z, e, a, s) p = Slice(i, z, e, b, s) k = Concat<axis=1>(p, p) y = Conv(k, w)", True),
        (shared + "y = Conv(k, w)", False),
    ):
        assert told("joined_for_conv", graph(text.format(body=body)))["p"] is joined, body


def test_an_activated_sum_that_a_convolution_and_another_branch_take() -> None:
    """It is lost where the two meet in an Add, unless the branch is the sum itself or the activation another one."""
    text = (
        "(float[1,8,16,16] x, float[8,8,1,1] w, float[1,8,1,1] g) => (float[1,8,16,16] y) {{"
        "c = Conv(x, w) q = {sum} p = {act} a = {branch} d = Conv(p, w) y = {join} }}"
    )
    for sum_, act, branch, join, lost in (
        ("Add(c, x)", "Relu(q)", "Sigmoid(p)", "Add(d, a)", True),
        ("Add(c, x)", "Tanh(q)", "Sigmoid(p)", "Add(a, d)", True),
        ("Mul(c, x)", "Relu(q)", "Sigmoid(p)", "Add(d, a)", False),
        ("Add(c, x)", "Identity(q)", "Sigmoid(p)", "Add(d, a)", False),
        ("Add(c, x)", "Relu(q)", "Sigmoid(x)", "Add(d, a)", False),
        ("Add(c, x)", "Relu(q)", "Sigmoid(p)", "Mul(d, a)", False),
        ("Add(c, x)", "Relu(q)", "Sigmoid(x)", "Add(d, p)", False),
    ):
        net = graph(text.format(sum=sum_, act=act, branch=branch, join=join))
        assert told("lost_at_join", net)["y"] is lost, (sum_, act, branch, join)


def test_a_padded_convolution_further_down() -> None:
    """Activations and sums are looked through, other convolutions are not."""
    text = "(float[1,8,h,w] x, float[8,8,3,3] k) => (float[1,8,a,b] y) {{ r = Relu(x) s = Add(r, r) {rest} }}"
    padded = graph(text.format(rest="y = Conv<pads=[1,1,1,1]>(s, k)"))
    assert told("before_padded_conv", padded)["r"] is True
    assert told("before_padded_conv", graph(text.format(rest="y = Conv(s, k)")))["r"] is False
    behind = graph(text.format(rest="t = Conv(s, k) y = Conv<pads=[1,1,1,1]>(t, k)"))
    assert told("before_padded_conv", behind)["r"] is False


def test_numbers_beyond_what_a_scale_holds() -> None:
    """255 times 2^32; the lowest float32 is far beyond, a mask of -10000 is not."""
    for number, beyond in (("-10000", False), ("-1e12", False), ("-2e12", True), ("-3.4e38", True)):
        net = graph(f"(float[2,2] x) => (float[2,2] y) <float m = {{{number}}}> {{ y = Add(x, m) }}")
        assert told("beyond_scales", net) == {"y": beyond}


def test_a_batch_of_unknown_size() -> None:
    """Only the first axis counts."""
    for shape, opened in (("n,8", True), ("1,8", False), ("1,n", False)):
        net = graph(f"(float[{shape}] x) => (float[{shape}] y) {{ y = Relu(x) }}")
        assert told("open_batch", net) == {"y": opened}


def test_weights_that_are_computed_from_stored_values() -> None:
    """As standardised weights are; not where an input of the network takes part."""
    text = (
        "(float[1,1,2,2] x, float[1,1,1,1] f) => (float[1,1,2,2] y) <float[1,1,1] k = {2}, float[1] o = {1},"
        "int64[4] s = {1, 1, 1, 1}> { %s b = Reshape(a, s) y = Conv(x, b) }"
    )
    computed = "a = BatchNormalization(k, o, o, o, o)"
    assert told("stored_in_effect", graph(text % computed))["y"] is True
    assert told("stored_in_effect", graph(text % "a = Relu(f)"))["y"] is False


def test_slices_of_a_split_sum() -> None:
    """Two of them become one operator and are not lost, one or four are."""
    text = (
        "(float[1,4,8,8] x, float[4,4,1,1] w, float[4,2,1,1] v) => (float[1,4,8,8] y) <"
        "int64[1] z = {0}, int64[1] t = {2}, int64[1] e = {4}, int64[1] c = {1}>"
        "{ q = Conv(x, w) p = Add(q, x) a = Slice(p, z, t, c) %s f = Conv(a, v)"
        "g = Add(f, p) y = Conv(g, w) }"
    )
    assert told("split_beside_residual", graph(text % ""))["a"] is True
    assert told("split_beside_residual", graph(text % "b = Slice(p, t, e, c) h = Relu(b)"))["a"] is False


def test_what_a_residual_that_a_split_sum_takes_part_in_is_made_of_and_goes_to() -> None:
    """An activation before the convolution and a Transpose to channels last change nothing; a joined operand does."""
    text = (
        "(float[1,8,16,16] x, float[8,8,1,1] w, float[8] o) => (float[n,c,h,v] y) <int64[2] n = {{4, 4}}> {{"
        "q = Conv(x, w) p = Add(q, x) b, c = Split<axis=1>(p, n) e = Concat<axis=1>(c, b) f = {other}"
        "g = Add(f, p) y = {last} }}"
    )
    for other, last, lost in (
        ("Conv(e, w)", "Transpose<perm=[0,2,3,1]>(g)", True),
        ("Conv(e, w)", "Transpose<perm=[0,1,3,2]>(g)", False),
        ("Conv(e, w)", "Relu(g)", False),
        ("Identity(e)", "Conv(g, w)", False),
        ("BatchNormalization(e, o, o, o, o)", "Conv(g, w)", False),
    ):
        assert told("split_beside_residual", graph(text.format(other=other, last=last)))["b"] is lost, (other, last)
    activated = text.replace("y = {last}", "r = Relu(g) y = Conv(r, w)")
    assert told("split_beside_residual", graph(activated.format(other="Conv(e, w)")))["b"] is True


def test_a_reshape_before_a_convolution() -> None:
    """Times ones and plus zeros are dropped before the converter looks; a Reshape to the same shape is none."""
    text = (
        "(float[1,4,16] x, float[8,8,1] w) => (float[1,8,8] y) <int64[3] s = {{1, 8, 8}}, int64[3] k = {{1, 4, 16}},"
        "float[8,1] o = {{1, 1, 1, 1, 1, 1, 1, 1}}, float z = {{0}}, float t = {{2}}> {{ {body} y = Conv(b, w) }}"
    )
    for body, found in (
        ("b = Reshape(x, s)", True),
        ("a = Reshape(x, s) c = Mul(a, o) b = Add(z, c)", True),
        ("a = Reshape(x, s) b = Mul(a, t)", False),
        ("a = Reshape(x, s) b = Add(a, o)", False),
        ("b = Reshape(x, k)", False),
        ("b = Relu(x)", False),
    ):
        assert told("reshaped", graph(text.format(body=body)))["y"] is found, body
