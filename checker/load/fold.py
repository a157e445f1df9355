"""One pass over the graph, in order: constants are computed, shapes inferred, and what vanishes vanishes.

By the time that a node is reached everything about its inputs is known that can be known, so one pass is a
fixpoint: a Reshape whose target is computed from a Shape has seen that Shape already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checker.graph import Folded, FoldReason, Problem
from checker.load import control, quantization, rearrange
from checker.load.attributes import read_attributes
from checker.load.call import Body, Call, Scope
from checker.load.evaluate import ELEMENT_LIMIT
from checker.load.fact import Fact, merge, read_type
from checker.load.idle import is_inference, is_no_cast, is_training
from checker.load.infer import UNKNOWN, Contradiction, Setting, Typed, infer
from checker.load.known import element_of, evaluated, is_few, shape_data, size_of
from checker.load.order import Plan, Raw, plan_of
from checker.load.partial import moves_only, partly
from checker.load.stored import Weights, constant_node
from checker.schema import Schema, find, newest

if TYPE_CHECKING:
    from checker.graph import Shape
    from checker.load.baked import Watch
    from checker.load.naming import Namer

assert rearrange  # noqa: S101  # imported for its entries in the evaluator's table

_KEEP_BYTES = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand"})
"""Operators that leave the bytes of a constant as they are (Expand only to its own size)."""

_WEIGHTS = frozenset({1, 2, 3, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23})
"""Element types in which weights are stored: floats, and integers of up to eight bits."""

_INTEGRAL = frozenset({2, 3, 4, 5, 6, 7, 9, 12, 13})


@dataclass(slots=True, eq=False)
class Pass:
    """State of the pass over one model."""

    setting: Setting
    weights: Weights
    namer: Namer
    where: str
    folded: list[Folded] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    counter: int = 0
    depth: int = 0
    extra: list[Fact] = field(default_factory=list)
    """Stored weights that are no initializers of the main graph: those of bodies, and of Constant nodes."""
    plan: Plan | None = None
    """The nodes of the main graph, where they have been read before."""
    watch: Watch | None = None
    """What looks at each node, where the file is tried at another size."""

    def fork(self) -> Pass:
        """Return a pass that tries something out and leaves no trace in this one."""
        return Pass(self.setting, self.weights, self.namer.fork(), self.where, depth=self.depth + 1)

    def graph(self, graph: Any, outer: Scope | None = None, given: Sequence[Typed | Fact] = ()) -> tuple[Body, Scope]:
        """Go over a graph.

        Args:
            graph: the GraphProto.
            outer: names that a body can see; None for the main graph.
            given: what is known of a body's inputs, in order.

        Raises:
            InputError: the names of the graph do not fit together.
        """
        plan = self.plan if outer is None else None
        plan = plan or plan_of(graph, outer.all_names() if outer else (), self.where)
        base, self.counter = self.counter, self.counter + len(plan.nodes)
        if plan.unsorted:
            self.problems.append(
                Problem("unsorted-graph", f"the nodes of graph {graph.name!r} are not in order of computation")
            )
        scope = Scope({}, _uses(plan.nodes, graph), {value.name: value for value in graph.value_info}, outer)
        if outer is None:
            self.namer.reserve(set(plan.defined).union(*(node.outputs for node in plan.nodes)))
        stored = self._stored(graph, scope)
        if outer is not None:
            self.extra.extend(stored)
        inputs = self._inputs(graph, scope, given)
        scope.declared = {**scope.declared, **{value.name: value for value in graph.output}}
        calls: list[Call] = []
        for node in plan.ordered:
            self._visit(node, base + node.position, scope, calls)
        outputs = []
        for output in graph.output:
            fact = scope.find(output.name) or Fact(output.name)
            outputs.append((output.name, fact))
            if outer is None:
                self._declared_shape(output, fact)
        aliases = {name: fact.name for name, fact in scope.names.items() if fact.name != name}
        return Body(graph.name, inputs, calls, outputs, stored, aliases), scope

    def _declared_shape(self, output: Any, fact: Fact) -> None:
        """Say so where the file declares an output shape that cannot be."""
        shape, declared = fact.shape, read_type(output.type)[1]
        if shape is None or declared is None:
            return
        differ = len(shape) != len(declared) or any(
            isinstance(is_, int) and isinstance(said, int) and is_ != said
            for is_, said in zip(shape, declared, strict=True)
        )
        if differ:
            text = f"the output {output.name!r} is declared as {list(declared)}, but its shape is {list(shape)}"
            self.problems.append(Problem("declared-shape-differs", text))

    def _stored(self, graph: Any, scope: Scope) -> list[Fact]:
        stored = []
        for tensor in graph.initializer:
            fact = self.weights.fact(tensor, self._value_name(tensor.name, scope))
            scope.names[tensor.name] = fact
            stored.append(fact)
        for sparse in graph.sparse_initializer:
            fact = self.weights.sparse(sparse)
            scope.names[fact.name] = fact
            stored.append(fact)
        return stored

    def _inputs(self, graph: Any, scope: Scope, given: Sequence[Typed | Fact]) -> list[Fact]:
        inputs = []
        for place, value in enumerate(graph.input):
            # files of IR version 3 repeat every weight as an input
            if value.name in scope.names:
                continue
            element, shape, other = read_type(value.type)
            fact = Fact(self._value_name(value.name, scope), element, shape, other_type=other)
            if place < len(given):
                known = given[place]
                if isinstance(known, Fact):
                    fact = known
                else:
                    fact.element, fact.shape = known[0] or element, merge(known[1], shape)
                    fact.other_type = known[2] or other
            if scope.outer is None:
                fact.shape = _dynamic(fact.shape, value.name)
            scope.names[value.name] = fact
            inputs.append(fact)
        return inputs

    def _value_name(self, name: str, scope: Scope) -> str:
        return name if scope.outer is None else self.namer.value(name)

    def _visit(self, node: Raw, index: int, scope: Scope, calls: list[Call]) -> None:
        attrs = read_attributes(node.proto) if node.proto.attribute else {}
        opset = self.setting.opsets.get(node.domain, 0)
        schema = find(node.op, node.domain, opset) if opset else None
        since = schema.since if schema is not None and schema.in_force else 0
        name = self.namer.node(node.proto.name, node.op, index)
        if schema is None or not since:
            schema = newest(node.op, node.domain) or schema
            self._not_in_opset(node, name, opset, schema)
        inputs = [scope.find(each) if each else None for each in node.inputs]
        call = Call(node, name, index, schema, since, attrs, inputs, [])
        if self._vanishes(call, scope, calls):
            return
        if node.bodies:
            control.visit(self, call, scope)
            calls.append(call)
            return
        if self._all_constant(call):
            self._constant(call, scope)
            return
        self._compute(call, scope, calls)

    def _not_in_opset(self, node: Raw, name: str, opset: int, schema: Schema | None) -> None:
        if node.domain in self.setting.opsets and schema is None and node.domain:
            return  # a custom domain: nobody knows what is in it
        if node.domain and schema is None:
            message = f"{node.domain}.{node.op} ({name}): the file imports no opset of the domain {node.domain}"
        elif node.domain and opset:
            message = f"{node.domain}.{node.op} ({name}) is not in version {opset} of its domain"
        elif schema is None:
            message = f"{node.op} ({name}) is no ONNX operator, in opset {opset} or any other"
        elif schema.deprecated:
            message = (
                f"{node.op} ({name}) was taken out of ONNX in opset {schema.since}; the file declares opset {opset}"
            )
        else:
            message = f"{node.op} ({name}) came with opset {_first_version(schema)}; the file declares opset {opset}"
        self.problems.append(Problem("operator-not-in-opset", message, (name,), operators=(node.op,)))

    def fold(self, call: Call, reason: FoldReason) -> None:
        """Record that a node vanishes."""
        node = call.raw
        given, outputs, inputs = tuple(sorted(call.attrs)), tuple(node.outputs), tuple(node.inputs)
        self.folded.append(Folded(call.name, node.op, reason, node.domain, given, outputs, inputs, call.index))

    # -- what vanishes whatever its inputs are

    def _vanishes(self, call: Call, scope: Scope, calls: list[Call]) -> bool:
        node, inputs = call.raw, call.inputs
        if node.domain not in quantization.DOMAINS:
            return False
        if node.op in quantization.OPERATORS:
            return self._quantization(call, scope)
        if node.domain:
            return False
        if node.op == "Constant" and node.outputs:
            name = self._value_name(node.outputs[0], scope)
            fact = constant_node(node.proto, call.attrs, name, self.weights.fact)
            if fact is None:
                return False
            scope.names[node.outputs[0]] = fact
            if _is_weight(fact):
                self.extra.append(fact)
            self.fold(call, "constant")
            return True
        if node.op == "If":
            return control.inline(self, call, scope, calls)
        if not inputs or inputs[0] is None or not node.outputs:
            return False
        if node.op == "Identity" or (node.op == "Dropout" and is_inference(call, scope)) or is_no_cast(call):
            scope.names[node.outputs[0]] = inputs[0]
            self.fold(call, "identity")
            return True
        return False

    def _quantization(self, call: Call, scope: Scope) -> bool:
        node = call.raw
        found = quantization.step(node.op, call.inputs, call.attrs, self.weights.read)
        if found is None or not node.outputs:
            return False
        scope.names[node.outputs[0]] = found.output
        source = call.inputs[0]
        if (
            node.op == "QuantizeLinear"
            and source is not None
            and source.quant is None
            and not source.constant
            and source.name == node.inputs[0]
            and scope.used.get(source.name) == 1
        ):
            source.quant = found.quant
        self.fold(call, "quantization")
        return True

    # -- constants

    def _all_constant(self, call: Call) -> bool:
        schema, node = call.schema, call.raw
        if schema is None or not schema.deterministic or not node.inputs:
            return False
        if node.domain and not call.since:
            return False
        present = [fact for fact in call.inputs if fact is not None]
        if not present or not all(fact.constant for fact in present):
            return False
        return node.op != "Dropout" and not (node.op == "BatchNormalization" and is_training(call))

    def _constant(self, call: Call, scope: Scope) -> None:
        node = call.raw
        from_shape = any(fact is not None and fact.from_shape for fact in call.inputs) or node.op in {"Shape", "Size"}
        results = evaluated(call)
        typed = self._typed(call) if results is None else [UNKNOWN] * len(node.outputs)
        first = next(fact for fact in call.inputs if fact is not None)
        for place, name in enumerate(node.outputs):
            if not name:
                continue
            element, shape, other = typed[place] if place < len(typed) else UNKNOWN
            fact = Fact(self._value_name(name, scope), element, shape, other_type=other, constant=True)
            if results is not None and place < len(results):
                data = results[place]
                fact.element = moves_only(call) or element_of(data)
                fact.shape = data.shape
                fact.data = data if data.size <= ELEMENT_LIMIT else None
            elif node.op in _KEEP_BYTES and fact.shape is not None and size_of(fact) == size_of(first):
                fact.payload = first.payload
                fact.element = fact.element or first.element
            if node.op in _KEEP_BYTES or node.op == "Transpose":
                fact.quant = first.quant if first.quant is not None and first.quant.axis is None else None
            fact.from_shape = from_shape
            scope.names[name] = fact
        self.fold(call, "shape" if from_shape else "constant")

    # -- everything else

    def _compute(self, call: Call, scope: Scope, calls: list[Call]) -> None:
        node = call.raw
        present = [fact for fact in call.inputs if fact is not None]
        shapes_only = node.op in {"Shape", "Size"} and not node.domain
        from_shape = shapes_only or (
            bool(present)
            and all(fact.constant or fact.from_shape for fact in present)
            and any(fact.from_shape for fact in present)
        )
        known = shape_data(call) if shapes_only else None
        if from_shape and not shapes_only and not node.domain:
            known = partly(call)
        if known is not None and known.dtype != object:
            name = node.outputs[0]
            fact = Fact(self._value_name(name, scope), element_of(known), known.shape, constant=True, data=known)
            fact.from_shape = True
            scope.names[name] = fact
            self.fold(call, "shape")
            return
        typed = self._typed(call)
        self.bind(call, typed, scope)
        for output in call.outputs:
            if output is not None:
                output.from_shape = from_shape
        first = call.outputs[0] if call.outputs else None
        if first is not None and known is not None:
            first.partial = known
            first.shape = known.shape
        call.shape_arithmetic = from_shape and all(
            fact is None or fact.element in _INTEGRAL or is_few(fact) for fact in call.outputs
        )
        calls.append(call)
        if self.watch is not None:
            self.watch(call)

    def bind(self, call: Call, typed: Sequence[Typed], scope: Scope) -> None:
        """Give a call that stays its output facts: inferred, and filled in from what the file declares."""
        for place, name in enumerate(call.raw.outputs):
            if not name:
                call.outputs.append(None)
                continue
            element, shape, other = typed[place] if place < len(typed) else UNKNOWN
            declared = scope.declared.get(name)
            if declared is not None:
                said_element, said_shape, said_other = read_type(declared.type)
                element, other = element or said_element, other or said_other
                shape = merge(shape, said_shape)
            fact = Fact(self._value_name(name, scope), element, shape, other_type=b"" if element else other)
            scope.names[name] = fact
            call.outputs.append(fact)

    def _typed(self, call: Call) -> list[Typed]:
        try:
            return infer(call.raw.proto, call.schema, call.inputs, call.attrs, self.setting)
        except Contradiction as error:
            if self.watch is not None:
                followed = self.watch.refuse(call, str(error))
                if followed is not None:
                    return followed
            self.problems.append(
                Problem("invalid-model", f"{call.raw.op} ({call.name}): {error}", (call.name,), invalid=True)
            )
            return [UNKNOWN] * len(call.raw.outputs)


def _uses(nodes: Sequence[Raw], graph: Any) -> Mapping[str, int]:
    used: dict[str, int] = {}
    for node in nodes:
        for name in (*node.inputs, *node.free):
            used[name] = used.get(name, 0) + 1
    for output in graph.output:
        used[output.name] = used.get(output.name, 0) + 1
    return used


def _dynamic(shape: Shape, name: str) -> Shape:
    """Name the axes of a graph input that the file leaves open: whoever calls the model chooses their lengths."""
    if shape is None:
        return None
    return tuple(f"{name}[{axis}]" if dim is None else dim for axis, dim in enumerate(shape))


def _is_weight(fact: Fact) -> bool:
    """Tell a weight that is written as a Constant node (Paddle writes all of them so) from scales and scalars."""
    size = size_of(fact)
    return fact.element in _WEIGHTS and bool(fact.shape) and size is not None and size >= 8


def _first_version(schema: Schema) -> int:
    from checker.schema import history

    return history(schema.op, schema.domain)[0].since
