"""The command line: arguments in, exit code out.

Nothing heavy is imported here, so that ``--help`` and ``targets`` answer at once; each command is imported when it is
the one that was asked for.  Whatever the user got wrong is one line on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from checker import __version__
from checker.errors import InputError

PRECISIONS = ("fp32", "fp16", "bf16", "int8", "int16", "a16w8")
CHECK_FORMATS = ("text", "json", "sarif", "junit", "markdown", "html", "github", "cyclonedx")
FAIL_ON = ("never", "unknown", "fallback", "needs-changes", "blocked")

EPILOG = """exit codes: 0 nothing at or above --fail-on for the targets that were asked for; 1 findings;
2 bad input or usage.  With no --target the table informs, and the exit code is 0 or 2."""


class Parser(argparse.ArgumentParser):
    """argparse, but a usage error is one line without a dump of the usage."""

    def error(self, message: str) -> NoReturn:
        """Turn every usage error into the project's own.

        Raises:
            InputError: always.
        """
        raise InputError(f"{message} (see `{self.prog} --help`)")


def parser() -> Parser:
    """Build the parser of all commands."""
    top = Parser(
        prog="edgelint",
        description="Will this ONNX model run on that accelerator, which nodes will not, why, and what to change?",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"edgelint {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    _check(commands)
    _compare(commands)
    _export(commands)
    _targets(commands)
    _explain(commands)
    schema = commands.add_parser("schema", help="print the JSON Schema of the JSON report", allow_abbrev=False)
    _output(schema)
    _probe(commands)
    return top


def _check(commands: argparse._SubParsersAction[Parser]) -> None:
    check = commands.add_parser(
        "check", help="audit models against targets", epilog=EPILOG, allow_abbrev=False,
        description="Audit models: which nodes run on which target, which do not, why, and what to change.",
    )  # fmt: skip
    check.add_argument(
        "paths", nargs="+", metavar="PATH",
        help=".onnx files, folders, patterns; or one torch model as MODULE:CALLABLE together with --input",
    )  # fmt: skip
    check.add_argument(
        "--target", action="append", default=[], metavar="ID",
        help="a target id, or a vendor's name for all of its targets; may be repeated (default: all, for information)",
    )  # fmt: skip
    check.add_argument("--precision", choices=PRECISIONS, help="default: int8 for a file with Q/DQ, else the target's")
    check.add_argument(
        "--resolution", action="append", default=[], metavar="HxW",
        help="cost and verdicts at this size of the input too, such as 224x320; one number for tokens (repeatable)",
    )  # fmt: skip
    check.add_argument("--simplify", action="store_true", help="add the verdict after onnxsim, beside the raw one")
    check.add_argument("--weights", action="store_true", help="rules may read the weights (how far channels differ)")
    check.add_argument("--hash", action="store_true", help="hash the whole file, weights too")
    check.add_argument(
        "--fail-on", choices=FAIL_ON, help="exit 1 from this verdict on (default: the policy's, else needs-changes)"
    )
    check.add_argument(
        "--policy", metavar="FILE",
        help="a policy (default: the nearest edgelint.toml, or pyproject.toml with [tool.edgelint], from here upward)",
    )  # fmt: skip
    check.add_argument("--no-policy", action="store_true", help="look for no policy file")
    check.add_argument("--baseline", metavar="FILE", help="an earlier JSON report: fail only on what is new since then")
    check.add_argument("--today", metavar="DAY", help="the day by which waivers expire (default: the clock's)")
    check.add_argument("--select", action="append", default=[], metavar="RULE", help="only these rules' findings")
    check.add_argument("--ignore", action="append", default=[], metavar="RULE", help="not these rules' findings")
    _tables(check)
    _format(check, CHECK_FORMATS)
    _output(check)
    much = check.add_mutually_exclusive_group()
    much.add_argument("--quiet", action="store_true", help="text: the verdicts; where targets are asked for, 20 lines")
    much.add_argument("--verbose", action="store_true", help="text: every target in full, and what decides each node")
    _torch(check)


def _compare(commands: argparse._SubParsersAction[Parser]) -> None:
    compare = commands.add_parser(
        "compare", help="two models side by side: cost, verdicts, which is easier to deploy where", allow_abbrev=False,
        description="Two models side by side over cost, growth with resolution and the verdicts of the targets, and "
        "which is easier to deploy where and why.  The exit code is 0, or 2 for bad input: it judges neither.",
    )  # fmt: skip
    compare.add_argument("a", metavar="A", help="an .onnx file")
    compare.add_argument("b", metavar="B", help="another")
    compare.add_argument(
        "--target", action="append", default=[], metavar="ID",
        help="a target id, or a vendor's name for all of its targets; may be repeated (default: all)",
    )  # fmt: skip
    compare.add_argument("--precision", choices=PRECISIONS, help="default: as of `check`")
    _tables(compare)
    _format(compare, ("text", "json", "markdown"))
    _output(compare)


def _export(commands: argparse._SubParsersAction[Parser]) -> None:
    export = commands.add_parser(
        "export", help="write a torch model as an ONNX file", allow_abbrev=False,
        description="Export a torch model in inference mode and report the facts of the file that was written.",
    )  # fmt: skip
    export.add_argument("model", metavar="MODULE:CALLABLE", help="a torch.nn.Module, or what returns one when called")
    export.add_argument("--output", required=True, metavar="FILE", help="the .onnx file to write")
    _torch(export)


def _targets(commands: argparse._SubParsersAction[Parser]) -> None:
    targets = commands.add_parser("targets", help="list the targets, or the table of one", allow_abbrev=False)
    targets.add_argument("id", nargs="?", metavar="ID", help="a target id")
    _tables(targets)
    _format(targets)
    _output(targets)


def _explain(commands: argparse._SubParsersAction[Parser]) -> None:
    explain = commands.add_parser(
        "explain", help="tell what a rule or a figure means, or what targets need of an operator", allow_abbrev=False
    )
    explain.add_argument(
        "name", metavar="RULE|FIGURE|CONDITION|OPERATOR", help="such as conv-bn-unfused, macs, depthwise, or Softmax"
    )
    explain.add_argument("--target", action="append", default=[], metavar="ID", help="only these targets' rows")
    _tables(explain)
    _format(explain)
    _output(explain)


def _probe(commands: argparse._SubParsersAction[Parser]) -> None:
    probe = commands.add_parser(
        "probe", help="ask a vendor's compiler and write down what it says (for development)", allow_abbrev=False,
        description="Ask a vendor's compiler about one-operator models or whole networks, each in a process of its own,"
        " and write an evidence file. What the file has an answer to already is not asked again.",
    )  # fmt: skip
    probe.add_argument("toolchain", metavar="TOOLCHAIN", help="such as qnn, rknn or vela; docs/probing.md lists them")
    probe.add_argument("--output", required=True, metavar="FILE", help="a .jsonl file, or a folder for several targets")
    probe.add_argument("--targets", nargs="+", default=[], metavar="ID", help="default: all that it compiles for")
    asked = probe.add_mutually_exclusive_group()
    asked.add_argument("--cases", metavar="FILE", help="a file or folder of cases or evidence (default: the catalogue)")
    asked.add_argument("--covering", metavar="ID", help="the fewest cases that show what this target's evidence shows")
    probe.add_argument("--networks", metavar="DIR", help="every .onnx and .onnx.xz file in this folder")
    probe.add_argument("--precision", action="append", default=[], choices=PRECISIONS, help="only this (repeatable)")
    probe.add_argument("--python", metavar="PATH", help="Python of its environment (or EDGELINT_<TOOLCHAIN>_PYTHON)")
    probe.add_argument("--limit", type=int, metavar="N", help="ask at most N cases")
    probe.add_argument("--timeout", type=float, default=120.0, metavar="S", help="seconds a case (%(default)g)")
    probe.add_argument("--memory", type=float, default=16.0, metavar="GIB", help="a case (%(default)g; 0: any)")
    probe.add_argument("--quiet", action="store_true", help="no progress bar")


def _tables(command: argparse.ArgumentParser) -> None:
    command.add_argument("--opsets", action="append", default=[], metavar="DIR", help="a folder with more target files")


def _format(command: argparse.ArgumentParser, known: Sequence[str] = ("text", "json")) -> None:
    command.add_argument("--format", choices=known, default="text", help="default: %(default)s")
    command.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto",
        help="default: on a terminal, unless NO_COLOR is set",
    )  # fmt: skip


def _output(command: argparse.ArgumentParser) -> None:
    command.add_argument("--output", metavar="FILE", help="write here instead of to standard output")


def _torch(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("torch models (extra: torch)")
    group.add_argument(
        "--input", action="append", default=[], metavar="NAME:SHAPE[:DTYPE]", help="such as x:1x3x224x224 (repeatable)"
    )
    group.add_argument("--opset", type=int, metavar="N", help="the opset to ask the exporter for")
    group.add_argument("--exporter", choices=("dynamo", "torchscript"), help="default: dynamo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    try:
        options = parser().parse_args(arguments)
        command = importlib.import_module(f"checker.commands.{options.command}")
        code: int = command.run(options)
        sys.stdout.flush()
    except InputError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # The reader has gone (`| head`); without this Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("EDGELINT_TRACEBACK"):
            raise
        hint = "this is a bug; please report it with the output of EDGELINT_TRACEBACK=1"
        return _fail(f"internal error: {type(error).__name__}: {error}; {hint}")
    return code


def _fail(message: str) -> int:
    from checker.commands.output import complain

    complain(message)
    return 2
