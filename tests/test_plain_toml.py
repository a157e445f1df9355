"""Target files are read as the standard library reads TOML."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import plain_toml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OPSETS = Path(__file__).resolve().parent.parent / "opsets"
FILES = sorted(path.relative_to(OPSETS).as_posix() for path in OPSETS.rglob("*.toml"))


def same(text: str) -> None:
    """See that both readers say the same, a fault included."""
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        with pytest.raises(plain_toml.TOMLDecodeError) as found:
            plain_toml.loads(text)
        assert str(found.value) == str(error)  # noqa: PT017  # the fault is compared, not expected
    else:
        found_data = plain_toml.loads(text)
        assert repr(found_data) == repr(expected)


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_is_read_as_it_is(name: str) -> None:
    """Every file under opsets, with its order."""
    same((OPSETS / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\na = 2",
        "[a]\n[a]",
        "[a]\nb = 1\n[[a]]",
        "[[a]]\nb = 1\n[a]",
        "a = [1, 2,]\nb = []",
        "a = [\n  1, # one\n  2\n]",
        'a = ["x]", \'y"\', "z#"] # end',
        'a = ["""x""", "y"]',
        'a = "x\\ty"',
        'a = "x" "y"',
        "a = 'x' # y",
        "a = 01",
        "a = 1_000",
        "a = 1.5",
        "a = -0",
        "a = [1 2]",
        "a = [1, [2]]",
        "a = [1",
        "a = 2026-11-24 # day",
        "a = 2026-13-24",
        "a.b = 1",
        '"a" = 1',
        "[a.b]\nc = 1\n[a.d]\n[a]\ne = 1",
        "[a.b]\n[a.b]",
        "a = 1\n[a.b]",
        "[ a ]\nb = 1",
        "[[a]]\n[a.b]\nc = 1",
        "a = [1]\n[[a]]",
        "a = []\n[[a]]",
        "a = [{b = 1}]\n[[a]]",
        "a = {b = 1}\n[a.c]",
        "a = {b = 1}\nc = {d = 2",
        "a = true\r\nb = false",
        "a = tru",
        "a = \x00",
        "a = '\x7f'",
        "a =\nb = 1",
        "é = 1",
        'a = "é"\n# é',
        "a = 1b = 2",
        "= 1",
    ],
)
def test_what_is_odd_is_read_or_refused_alike(text: str) -> None:
    """Faults, corners of the syntax, and what only looks plain."""
    same(text)


PIECES = [
    "[a]",
    "[[a]]",
    "[a.b]",
    "k = 1",
    "k",
    " = ",
    "[",
    "]",
    '"',
    "'",
    "x",
    ",",
    "#",
    "\n",
    "\\",
    "{",
    "}",
    "-1",
    " ",
]


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_anything_is_read_or_refused_alike(text: str) -> None:
    """Whatever is put together from the pieces of the syntax."""
    same(text)
