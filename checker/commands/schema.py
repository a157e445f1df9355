"""``edgelint schema``: the JSON Schema of the JSON report."""

from __future__ import annotations

from argparse import Namespace

from checker.commands.output import emit
from checker.render.json import dumps
from checker.render.json_schema import schema


def run(options: Namespace) -> int:
    """Print the schema."""
    emit(dumps(schema()), options.output)
    return 0
