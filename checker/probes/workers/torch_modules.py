"""The torch modules that probes of torch toolchains ask about: an expression, or a recipe of a whole network."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def asked(job: dict[str, Any]) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Return the module of a job, in eval mode with seeded weights, and inputs of it.

    ``options``: ``torch`` and ``shapes`` of a small case; ``zoo``, the folder of recipes, for a network.

    Raises:
        LookupError: nothing is known of the network but its file.
    """
    torch.manual_seed(0)
    options = job["options"]
    if "torch" in options:
        module, inputs = small(options["torch"], options["shapes"])
    else:
        module, inputs = network(job["model"], options["zoo"])
    return module.eval(), inputs


def exported(job: dict[str, Any], stage: Callable[[str], object]) -> tuple[Any, tuple[torch.Tensor, ...]]:
    """Build the module of a job and export it; return the program and inputs of it."""
    stage("build")
    module, inputs = asked(job)
    stage("export")
    return torch.export.export(module, inputs), inputs


def small(expression: str, shapes: list[Any]) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Return the module that an expression over ``nn``, ``F`` and ``torch`` makes, and inputs of these shapes.

    A function becomes a module that calls it.  An input is a shape, or a shape with a type: ``[[2, 3], "int64"]``.
    """
    found = eval(expression, {"nn": torch.nn, "F": torch.nn.functional, "torch": torch})  # noqa: S307  our own cases
    module = found if isinstance(found, torch.nn.Module) else Calls(found)
    return module, tuple(_input(each) for each in shapes)


class Calls(torch.nn.Module):  # type: ignore[misc]  # torch is not installed where this is checked
    """A module that calls a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Keep the function."""
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Call it."""
        return self.function(*inputs)


def network(model: str, zoo: str) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Build the network that a file ``<architecture>__<export>.onnx`` was exported from.

    An architecture without a recipe is timm's of that name, with an image of 224 pixels.

    Raises:
        LookupError: timm has none either.
    """
    sys.path.insert(0, zoo)
    import stub

    stub.install()
    import recipes

    name = Path(model).stem.partition("__")[0]
    recipe = next((each for each in recipes.ALL if each.name == name), None)
    if recipe is not None:
        made = recipe.build()
        return made.module, tuple(made.inputs.values())
    import timm

    if not timm.is_model(name):
        raise LookupError(f"no recipe of {name}")
    return timm.create_model(name), (torch.rand(1, 3, 224, 224),)


def _input(spec: list[Any]) -> torch.Tensor:
    shape, kind = spec if spec and isinstance(spec[0], list) else (spec, "float32")
    return torch.rand(shape) if kind == "float32" else torch.ones(shape, dtype=getattr(torch, kind))
