"""Make winml-cli's measured cases again: one small model for each, with what was measured of it.

The package ``winml-cli`` (Microsoft, MIT) carries the generators of the models that it measured and, for six pairs of
an execution provider and a device, what came of them: a parquet file for each operator and schema version, one line for
each combination of properties, and ``(compiled, ran)``.  The generators are run here and every model is looked up by
its properties, so that tables can be written in the words of edgelint's constraints and not in those of the package.

Nothing is compiled and no data is sent.  It needs the unpacked wheel, pandas, pyarrow, pydantic and colorama.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import pickle
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RULES = "winml/modelkit/analyze/rules/runtime_check_rules"
PARTS = ("analyze", "analyze.core", "analyze.runtime_checker", "analyze.utils")
DTYPES = ("FLOAT", "FLOAT16", "INT32", "INT64", "BOOL")
FEWER = {
    "ConvTranspose": ("FLOAT",),
    "CumSum": ("FLOAT", "INT32", "INT64"),
    "Resize": ("FLOAT",),
    "ScatterND": ("FLOAT", "INT64"),
    "Slice": ("FLOAT", "INT64"),
}
"""Operators with tens of thousands of cases: fewer element types, the same conditions otherwise."""
LEFT_OUT = frozenset({"CastLike", "ConstantOfShape", "Dropout"})
"""CastLike: thousands of cases, in no network.  ConstantOfShape: its generator does not run with today's onnx; folded
in networks of fixed sizes.  Dropout: vanishes before it is asked about."""
NAME = re.compile(r"(?P<op>.+)_(?P<provider>[A-Za-z]+_[A-Z]+)_(?P<domain>ai\.onnx|com\.microsoft)_opset(?P<since>\d+)")


@dataclass(frozen=True, slots=True)
class Case:
    """One model and what was measured.

    ``measured``: by provider and device (``OpenVINOExecutionProvider_NPU``), whether it compiled into one node and
    whether it ran: ``"TT"``, ``"TF"``, ``"FT"`` or ``"FF"``.
    """

    model: bytes
    measured: dict[str, str]


class Package:
    """The unpacked wheel, imported without its command line and its analyzer."""

    def __init__(self, wheel: Path) -> None:
        """Import what makes models and what describes them."""
        sys.path.insert(0, str(wheel))
        for part in PARTS:  # empty packages in their place: the real ones start much that is not needed
            name = f"winml.modelkit.{part}"
            module = types.ModuleType(name)
            module.__path__ = [str(wheel / name.replace(".", "/"))]
            sys.modules[name] = module
        self.rules = wheel / RULES
        self.generators: Any = importlib.import_module("winml.modelkit.pattern.op_input_gen")
        self.rows: Any = importlib.import_module("winml.modelkit.analyze.runtime_checker.result_processor")
        self.encoded: Any = importlib.import_module(
            "winml.modelkit.analyze.utils.model_utils"
        ).encode_rule_condition_value_for_parquet
        self.domains: Any = importlib.import_module("winml.modelkit.onnx").ONNXDomain

    def operators(self) -> list[tuple[str, str, int]]:
        """Return every operator that was measured without Q/DQ: domain, name, schema version."""
        known = set(self.generators.get_registered_operators())
        found = {
            (name["domain"], name["op"], int(name["since"]))
            for path in self.rules.glob("*/*.parquet")
            if (name := NAME.fullmatch(path.stem))
        }
        return sorted(each for each in found if each[1] in known and each[1] not in LEFT_OUT)

    def table(self, provider: str, domain: str, op: str, since: int) -> tuple[list[str], dict[tuple[Any, ...], str]]:
        """Return the properties that a table distinguishes, and what was measured of each combination."""
        import pandas as pd

        path = self.rules / provider / f"{op}_{provider}_{domain}_opset{since}.parquet"
        if not path.exists():
            return [], {}
        frame = pd.read_parquet(path)
        results = frame.pop("compile_run_success")
        told = ("".join("FT"[bool(each)] for each in pair) for pair in results)
        return list(frame.columns), dict(zip(frame.itertuples(index=False, name=None), told, strict=True))

    def cases(self, domain: str, op: str, since: int) -> Iterator[Case]:
        """Yield the models of an operator; one that no table has is left out."""
        space = self.domains.from_str(domain)
        key = op if domain == "ai.onnx" else f"{domain}::{op}"
        maker = self.generators.get_runtime_checker_op(key)(
            space.get_op_schema(op, since), onnx_types_to_check=FEWER.get(op, DTYPES)
        )
        made = [
            (dict(tags), model.SerializeToString())
            for arguments, first in maker.iter()
            for model, tags in maker.iter_const_and_dynamic_models(arguments, first)
        ]
        kinds = self.rows._get_input_constraint_types([tags for tags, _ in made])  # noqa: SLF001  no public way in
        attributes = self.rows._get_all_attr_names([tags for tags, _ in made])  # noqa: SLF001
        tables = {path.name: self.table(path.name, domain, op, since) for path in sorted(self.rules.iterdir())}
        for tags, model in made:
            row = self.rows.item_to_row(tags, kinds, attributes, maker.replace_float_with_dummy_in_query)
            with contextlib.suppress(NotImplementedError):
                row = maker.derive_properties(row)
            asked = {
                provider: results.get(tuple(self.encoded(row.get(column)) for column in columns))
                for provider, (columns, results) in tables.items()
            }
            if measured := {provider: result for provider, result in asked.items() if result}:
                yield Case(model, measured)


def read(folder: Path) -> Iterator[tuple[str, str, int, list[Case]]]:
    """Yield domain, operator, schema version and cases that ``main`` has written."""
    for path in sorted(folder.glob("*.pickle")):
        domain, op, since = path.stem.rsplit("-", 2)
        made = pickle.loads(path.read_bytes())  # noqa: S301  written by this program
        yield domain, op, int(since), [Case(*each) for each in made]


def main() -> None:
    """Write the cases of every operator into a folder, one file for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path, help="the folder that winml_cli-0.4.0-py3-none-any.whl was unpacked into")
    parser.add_argument("folder", type=Path, help="where the cases go")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    package = Package(given.wheel)
    for domain, op, since in package.operators():
        path = given.folder / f"{domain}-{op}-{since}.pickle"
        if path.exists():
            continue
        with contextlib.redirect_stdout(io.StringIO()):  # the generators print every warning of shape inference
            made = [(case.model, case.measured) for case in package.cases(domain, op, since)]
        path.write_bytes(pickle.dumps(made))
        print(f"{op}-{since}: {len(made)}")


if __name__ == "__main__":
    main()
