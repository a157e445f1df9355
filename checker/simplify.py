"""The same model after onnxsim: many people simplify before they compile, and the verdict then is another one."""

from __future__ import annotations

import contextlib
import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.errors import InputError
from checker.load import load_model

if TYPE_CHECKING:
    from checker.graph import Graph


def simplified(model: str | Path | bytes | Any) -> Graph:
    """Simplify a model and load the result.

    Unlike everything else this reads the weights: onnxsim computes with them.

    Raises:
        InputError: onnxsim is not installed, the weights are not there, or onnxsim fails.
    """
    try:
        onnxsim = importlib.import_module("onnxsim")
    except ImportError as error:
        message = "--simplify needs onnxsim, which is not installed here: pip install 'edgelint[simplify]'"
        raise InputError(message) from error
    import onnx

    try:
        if isinstance(model, (str, Path)):
            whole = onnx.load(str(model))
        else:
            whole = onnx.load_from_string(model if isinstance(model, bytes) else model.SerializeToString())
        with contextlib.redirect_stdout(io.StringIO()):
            simpler, _ = onnxsim.simplify(whole)
    except Exception as error:
        where = model if isinstance(model, (str, Path)) else "the model in memory"
        first = next(iter(str(error).splitlines()), "")
        raise InputError(
            f"{where}: --simplify reads the weights, and failed: {type(error).__name__}: {first}"
        ) from error
    return load_model(simpler)
