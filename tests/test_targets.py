"""Reading of target files, and the faults that are told."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from checker import targets
from checker.errors import InputError
from checker.table_lint import lint
from checker.target import Grade, Status

HEAD = """
[target]
id = "acme-one"
vendor = "Acme"
chip = "One"
toolchain = "acmec 1.0"
precision = ["fp16", "int8"]
unlisted = "unsupported"
rejected = "fallback"
[source.doc]
kind = "vendor-doc"
where = "https://acme.example/ops"
date = 2026-11-24
"""

CONV = '[[op]]\nname = "Conv"\nstatus = "native"\nevidence = "doc"\n'


def write(folder: Path, text: str, name: str = "acme-one") -> Path:
    """Write a target file of the vendor acme."""
    path = folder / "acme" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_row_keeps_what_the_file_says(tmp_path: Path) -> None:
    """Status, versions, conditions and sources of a row arrive."""
    write(tmp_path, HEAD + CONV + 'since = [1, 11]\nopset = "7..19"\nrequire = ["max(strides) <= 3"]\n')
    (target,) = targets.find(["acme-one"], [tmp_path])
    (row,) = target.rows
    assert (row.op, row.status, row.require, row.grade) == (
        "Conv",
        Status.NATIVE,
        ("max(strides) <= 3",),
        Grade.DOCUMENTED,
    )
    assert 11 in row.since and 7 not in row.since  # noqa: PT018
    assert 19 in row.opset and 20 not in row.opset  # noqa: PT018
    assert row.sources[0].date == "2026-11-24"


@pytest.mark.parametrize(
    ("text", "low", "high", "outside"),
    [('"7..19"', 7, 19, 20), ('"..19"', 1, 19, 20), ('"13.."', 13, 99, 12), ("13", 13, 13, 14), ("[7, 9]", 7, 9, 8)],
)
def test_versions_are_ranges_or_lists(tmp_path: Path, text: str, low: int, high: int, outside: int) -> None:
    """A range holds both of its ends; a list holds nothing between."""
    write(tmp_path, HEAD + CONV + f"opset = {text}\n")
    (target,) = targets.find(["acme-one"], [tmp_path])
    opset = target.rows[0].opset
    assert opset is not None
    assert low in opset
    assert high in opset
    assert outside not in opset


def test_a_vendor_takes_all_of_its_targets(tmp_path: Path) -> None:
    """The folder's name and the vendor's name both stand for every target of the vendor."""
    write(tmp_path, HEAD)
    write(tmp_path, HEAD.replace("acme-one", "acme-two").replace("Acme", "ACME Corp"), "acme-two")
    assert [t.id for t in targets.find(["acme"], [tmp_path])] == ["acme-one", "acme-two"]
    assert [t.id for t in targets.find(["Acme Corp"], [tmp_path])] == ["acme-two"]
    assert [t.id for t in targets.find(["acme-two", "acme"], [tmp_path])] == ["acme-two", "acme-one"]


def test_an_unknown_target_is_told_with_the_nearest(tmp_path: Path) -> None:
    """A slip of the pen is answered with the id that was meant."""
    write(tmp_path, HEAD)
    with pytest.raises(InputError, match="unknown target `acme-on`; did you mean `acme-one`"):
        targets.find(["acme-on"], [tmp_path])


def test_own_rows_of_an_operator_replace_the_inherited_ones(tmp_path: Path) -> None:
    """What a target says about an operator stands alone; other operators are inherited, with their own sources."""
    write(tmp_path, HEAD + CONV + 'require = ["max(strides) <= 3"]\n' + CONV.replace("Conv", "Add"))
    child = '[target]\nid = "acme-two"\nextends = "acme-one"\nrejected = "unsupported"\n'
    child += '[source.doc]\nkind = "probe"\nwhere = "evidence/two.jsonl"\n' + CONV
    write(tmp_path, child, "acme-two")
    one, two = targets.find(["acme"], [tmp_path])
    assert [row.require for row in two.by_op["Conv"]] == [()]
    assert two.by_op["Conv"][0].grade is Grade.MEASURED
    assert two.by_op["Add"][0].grade is Grade.DOCUMENTED
    assert (two.rejected, two.unlisted, two.precision) == (Status.UNSUPPORTED, Status.UNSUPPORTED, one.precision)
    assert one.digest != two.digest


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[target", "not a TOML file"),
        ("", "`id` is missing"),
        (HEAD + CONV + "evidense = 1", r"\[\[op\]\] row 1 \(Conv\): unknown key `evidense`; did you mean `evidence`"),
        (
            HEAD + CONV.replace('"native"', '"nativ"'),
            r"row 1 \(Conv\): `status` must be one of .*did you mean `native`",
        ),
        (HEAD + CONV.replace('"doc"', '"dok"'), r"row 1 \(Conv\): unknown source `dok`; did you mean `doc`"),
        (HEAD + CONV.replace('evidence = "doc"', ""), r"row 1 \(Conv\): `evidence` is missing"),
        (HEAD + CONV + 'opset = "19..7"', "empty range"),
        (HEAD + CONV + 'opset = "seven"', "must be a list of versions"),
        (HEAD + CONV + 'require = ["strides.x"]', r"row 1 \(Conv\): attributes are not part .*\(column 1 of"),
        (HEAD + CONV + 'precision = ["fp8"]', "unknown precision `fp8`"),
        (HEAD + '[[op]]\nstatus = "native"\nevidence = "doc"', r"row 1: `name` is missing"),
        (HEAD + '[[model]]\nrequire = ["opset < 9"]\notherwise = "no"\nevidence = "doc"', "`otherwise` must be one of"),
        (HEAD.replace("precision", "#"), "`precision` is missing"),
        (HEAD.replace('vendor = "Acme"', 'extends = "acme-nine"'), "extends an unknown target `acme-nine`"),
        (HEAD.replace('vendor = "Acme"', 'extends = "acme-one"'), "extends itself"),
        (HEAD.replace("vendor-doc", "gossip"), r"\[source.doc\]: `kind` must be one of"),
    ],
)
def test_a_malformed_file_is_told_in_one_line(tmp_path: Path, text: str, fault: str) -> None:
    """The message names the file, the row and the fault."""
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=fault) as caught:
        targets.read_all([tmp_path])
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ('name = "Mull"', "unknown operator `Mull`; did you mean `Mul`"),
        ('name = "Conv"\nrequire = ["stride == 1"]', "unknown name `stride`.*did you mean `strides`"),
        ('name = "Conv"\nsince = [12]', "`Conv` has no schema version 12; it has 1, 11, 22"),
        ('name = "Conv"\nopset = "90.."', "impossible opset range 90.."),
        ('name = "Gelu"\nform = "operator"\nopset = "..19"', "impossible opset range ..19"),
        ('name = "Gelu"\nsince = "..19"', "takes in no schema version"),
        ('name = "Conv"\nform = "decomposed"', "not recognised in parts"),
        ('name = "PatchEmbedding"\nform = "operator"', "is no operator"),
        ('name = "Conv"\nprecision = ["int16"]', "`int16` is not offered"),
    ],
)
def test_lint_tells_what_no_schema_knows(tmp_path: Path, row: str, fault: str) -> None:
    """A row about something that does not exist is a fault of the table."""
    write(tmp_path, HEAD + f'[[op]]\n{row}\nstatus = "native"\nevidence = "doc"\n')
    (target,) = targets.find(["acme-one"], [tmp_path])
    faults = lint(target)
    assert len(faults) == 1
    assert re.search(fault, faults[0])


def test_lint_tells_a_row_that_is_never_reached(tmp_path: Path) -> None:
    """A row after one without conditions cannot decide anything."""
    write(tmp_path, HEAD + CONV + CONV.replace("native", "fallback"))
    (target,) = targets.find(["acme-one"], [tmp_path])
    assert [fault for fault in lint(target) if "never reached" in fault]


def test_reading_tables_imports_neither_onnx_nor_numpy() -> None:
    """A list of targets starts at once."""
    code = (
        "import sys; from checker.targets import read_all; read_all();"
        "sys.exit(any(name.split('.')[0] in {'onnx', 'numpy', 'torch'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
