"""Every target against what its vendor publishes of whole networks (fixtures/known_networks.toml)."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checker.composites import raise_composites
from checker.load import load, load_model
from checker.place import place
from checker.table_file import decode
from checker.targets import find, ids
from checker.verdict import Answer, verdict

FIXTURES = Path(__file__).parent.parent / "fixtures"
ALLOWED = {
    "whole": {Answer.READY},
    "runs": {Answer.READY, Answer.READY_WITH_FALLBACK, Answer.UNKNOWN},
    "host": {Answer.READY_WITH_FALLBACK},
    "refused": {Answer.BLOCKED, Answer.NEEDS_CHANGES},
}


def known() -> list[Any]:
    """Return one parameter for each target and network that is told of."""
    path = FIXTURES / "known_networks.toml"
    entries = decode(path.read_text(encoding="utf-8"), str(path))["known"]
    return [
        pytest.param(target, network, entry["says"], id=f"{target}-{network}")
        for entry in entries
        for target in entry["target"]
        for network in entry["network"]
    ]


@cache
def graph(name: str) -> Any:
    """Read a network once for all targets."""
    plain = FIXTURES / "networks" / f"{name}.onnx"
    if plain.exists():
        return load(plain)
    return load_model(lzma.decompress((FIXTURES / "zoo" / f"{name}.onnx.xz").read_bytes()))


@pytest.mark.parametrize(("target", "network", "says"), known())
def test_the_verdict_is_what_the_vendor_publishes(target: str, network: str, says: str) -> None:
    """A network that runs is not blocked; one that does not, or not wholly, is not READY."""
    found = graph(network)
    answer = verdict(place(found, raise_composites(found), find([target])[0])).answer
    assert answer in ALLOWED[says]


def test_every_documented_target_is_held_against_some_network() -> None:
    """A target of which nothing was measured has at least one network here."""
    documented = {name for name in ids() if not any(s.kind == "probe" for s in find([name])[0].sources.values())}
    assert documented <= {parameter.values[0] for parameter in known()}


def test_every_entry_names_its_source() -> None:
    """Nothing is told without saying who says so."""
    path = FIXTURES / "known_networks.toml"
    for entry in decode(path.read_text(encoding="utf-8"), str(path))["known"]:
        assert entry["says"] in ALLOWED
        assert entry["source"]
