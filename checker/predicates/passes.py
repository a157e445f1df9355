"""Shapes of a network that a pass of rknn-toolkit2 cannot handle; each was found by varying small models."""

from __future__ import annotations

from checker.graph import Graph, Node
from checker.predicates.look import argument, follow, made_by


def uniform_split_bias(node: Node, graph: Graph) -> bool | None:
    """Tell whether an Add puts one and the same number before a product with a constant that is split afterwards.

    That is an attention's joint projection whose bias was never trained, of one batch and with the features kept last.
    The bias is the first operand, as TorchScript writes it.  A bias that is not stored or was not read counts as
    trained, so never as uniform.
    """
    bias, product = argument(node, "A"), made_by(argument(node, "B"), graph, "MatMul")
    weight = argument(product, "B") if product is not None else None
    if bias is None or bias.const is None or bias.const.size < 2 or weight is None or not weight.constant:
        return False
    if not (bias.const == bias.const.reshape(-1)[0]).all():
        return False
    shape = product.outputs[0].shape if product is not None and product.outputs[0] is not None else None
    if shape is None or shape[0] != 1:
        return None if shape is None or not isinstance(shape[0], int) else False
    takers = [user.op for user in follow(node, graph, "Reshape", "Transpose") if not _strided(user)]
    turned = [user for user in follow(node, graph, "Reshape") if user.op == "Transpose"]
    if any(isinstance(perm := user.attrs.get("perm"), tuple) and perm[-1] != len(perm) - 1 for user in turned):
        return False
    return "Split" in takers or takers.count("Gather") > 1 or takers.count("Slice") > 1


def _strided(node: Node) -> bool:
    steps = argument(node, "steps") if node.op == "Slice" else None
    return steps is not None and (steps.const is None or bool((steps.const != 1).any()))


def shared_attention(node: Node, graph: Graph) -> bool | None:
    """Tell whether a Softmax weighs values for a result that has not exactly one taker, or is itself a graph's output.

    One batch of heads (rank 4).  Where the scores are scaled or masked between the two products only the latter counts.
    """
    scores, weights = argument(node, "input"), node.outputs[0]
    if scores is None or weights is None or scores.shape is None:
        return None
    if len(scores.shape) != 4 or scores.shape[0] != 1:
        return False
    before = graph.producer_of(scores)
    scaled = before is not None and before.op in {"Mul", "Div"}
    product = made_by(before.inputs[0], graph, "MatMul") if before is not None and scaled else before
    if product is None or product.op != "MatMul" or any(each is None or each.constant for each in product.inputs):
        return False
    products = [user for user in graph.users_of(weights) if user.op == "MatMul"]
    if len(products) != 1:
        return False
    if graph.is_output(weights):
        return True
    result = products[0].outputs[0]
    return not scaled and result is not None and len(graph.users_of(result)) != 1


def crossed_expansions(node: Node, graph: Graph) -> bool | None:
    """Tell whether an Add joins two slices that are expanded to rank 5 and then transposed in different ways.

    So relative positions along the height and along the width are added to the scores of an attention over an image.
    """
    found = []
    for name in ("A", "B"):
        transpose = made_by(argument(node, name), graph, "Transpose")
        expand = made_by(argument(transpose, "data"), graph, "Expand") if transpose is not None else None
        reshape = made_by(argument(expand, "input"), graph, "Reshape") if expand is not None else None
        if transpose is None or reshape is None or made_by(argument(reshape, "data"), graph, "Slice") is None:
            return False
        found.append((transpose.attrs.get("perm"), argument(transpose, "data")))
    (first, data), (second, _) = found
    if data is None or data.shape is None or first is None or second is None:
        return None
    heads = data.shape[0]
    if len(data.shape) != 5 or first == second or heads == 1:
        return False
    return True if isinstance(heads, int) else None
