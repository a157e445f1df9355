"""Rows are read when they are asked for, and say what they say when all are read at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_targets import CONV, HEAD, write

from checker import targets
from checker.errors import InputError
from checker.paths import opsets_dir
from checker.table_file import decode, split
from checker.target import Row, Target

FILES = sorted(path for path in opsets_dir().glob("*/*.toml") if "[target]" in path.read_text(encoding="utf-8"))


def told(target: Target) -> list[str]:
    """Write every row with all of its fields."""
    return [repr([getattr(row, name) for name in Row.__dataclass_fields__]) for row in target.rows]


def shipped(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Target:
    """Read a target as if it came with edgelint."""
    write(folder, text)
    monkeypatch.setattr("checker.targets.opsets_dir", lambda: folder)
    return targets.find(["acme-one"])[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_table_says_the_same_read_bit_by_bit(path: Path) -> None:
    """Every row, in the same order and under the same operators, and the same digest."""
    text = path.read_text(encoding="utf-8")
    data = decode(text, str(path))
    if data["target"].get("extends"):
        pytest.skip("it needs what it extends")
    whole = targets.build(data, str(path), text)
    (target,) = targets.find([whole.id])
    assert split(text) is not None
    assert [len(target.by_op[op]) for op in target.by_op] == [len(whole.by_op[op]) for op in whole.by_op]
    assert told(target) == told(whole)
    assert target.digest == whole.digest


def test_only_what_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the row of one operator is told when that row is read, with its place, and not before."""
    text = HEAD + CONV + '[[op]]\nname = ["Relu", "Sin"]\nstatus = "nativ"\nevidence = "doc"\n'
    target = shipped(tmp_path, monkeypatch, text)
    assert list(target.by_op) == ["Conv", "Relu", "Sin"]
    assert target.by_op["Conv"][0].index == 1
    with pytest.raises(InputError, match=r"acme-one.toml: \[\[op\]\] row 2 .*Relu.*: `status` must be one of"):
        target.by_op["Sin"]


def test_a_strangers_table_is_read_at_once(tmp_path: Path) -> None:
    """Its faults are told before anything is placed."""
    write(tmp_path, HEAD + CONV + 'require = ["rank(X"]\n')
    with pytest.raises(InputError, match="row 1"):
        targets.find(["acme-one"], [tmp_path])


@pytest.mark.parametrize("text", ['[[op]]\nstatus = "native"\n', CONV + '[[op.inserts]]\nop = "Transpose"\n'])
def test_what_is_not_plainly_written_is_read_whole(text: str) -> None:
    """An entry without a name on a line of its own, or with a table within."""
    assert split(HEAD + text) is None


def test_own_rows_replace_the_inherited_ones_of_an_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an entry that speaks of two operators, the other one stays."""
    base = HEAD.replace("acme-one", "acme-base") + CONV
    base += '[[op]]\nname = ["Relu", "Sin"]\nstatus = "native"\nevidence = "doc"\n'
    write(tmp_path, base, "acme-base")
    own = '[target]\nid = "acme-one"\nextends = "acme-base"\n'
    own += '[[op]]\nname = "Sin"\nstatus = "fallback"\nevidence = "doc"\n'
    target = shipped(tmp_path, monkeypatch, own)
    assert [(row.op, row.status.value, row.table) for row in target.rows] == [
        ("Sin", "fallback", "acme-one"),
        ("Conv", "native", "acme-base"),
        ("Relu", "native", "acme-base"),
    ]
    assert [row.status.value for row in target.by_op["Sin"]] == ["fallback"]


@pytest.mark.parametrize("eager", [False, True])
def test_own_rows_may_stand_before_the_inherited_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, eager: bool
) -> None:
    """Where every own row of an operator says so, what is inherited of it follows; one that does not replaces all.

    What refuses the file is asked first all the same: a sibling's row that takes the operator must not hide it.
    """
    base = HEAD.replace("acme-one", "acme-base") + CONV + CONV.replace("Conv", "Sin")
    base += CONV.replace("native", "unsupported")
    write(tmp_path, base, "acme-base")
    own = '[target]\nid = "acme-one"\nextends = "acme-base"\n'
    own += '[[op]]\nname = ["Conv", "Sin"]\ninherits = true\nstatus = "fallback"\nevidence = "doc"\n'
    own += '[[op]]\nname = "Sin"\nstatus = "unsupported"\nevidence = "doc"\n'
    if eager:
        write(tmp_path, own)
        (target,) = targets.find(["acme-one"], [tmp_path])
    else:
        target = shipped(tmp_path, monkeypatch, own)
    assert [row.status.value for row in target.by_op["Conv"]] == ["unsupported", "fallback", "native"]
    assert [row.status.value for row in target.by_op["Sin"]] == ["fallback", "unsupported"]


def test_an_operator_without_own_rows_keeps_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal at the end, for whatever the rows before it did not take, stays there in a sibling's table."""
    base = HEAD.replace("acme-one", "acme-base") + CONV + CONV.replace("native", "unsupported")
    write(tmp_path, base, "acme-base")
    target = shipped(tmp_path, monkeypatch, '[target]\nid = "acme-one"\nextends = "acme-base"\n')
    assert [row.status.value for row in target.by_op["Conv"]] == ["native", "unsupported"]


def test_what_a_chip_never_inserts_is_not_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that take an operator with such an insertion are left out, and those of it that fall back anyway are not."""
    base = HEAD.replace("acme-one", "acme-base") + CONV
    for status, inserted in (("native", "Reshape"), ("native", "Cast"), ("fallback", "Reshape")):
        base += f'[[op]]\nname = "Conv"\nstatus = "{status}"\nevidence = "doc"\n'
        base += f'inserts = [{{op = "{inserted}", on = "host"}}]\n'
    write(tmp_path, base, "acme-base")
    target = shipped(
        tmp_path, monkeypatch, '[target]\nid = "acme-one"\nextends = "acme-base"\nnever_inserts = "Reshape"\n'
    )
    assert [(row.status.value, row.index) for row in target.by_op["Conv"]] == [
        ("native", 1),
        ("native", 3),
        ("fallback", 4),
    ]
