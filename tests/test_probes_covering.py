"""Which of a target's cases are asked of a chip that is much like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.cli import main
from checker.probes import covering, replay
from checker.targets import find

TARGET = "qualcomm-hexagon-v73"


def test_the_chosen_hold_what_all_hold() -> None:
    """What another set holds already is not chosen again; of two alike the first is."""
    shown = [{1, 2}, {2, 3, 4}, {5}, {1}, {5}]
    assert covering.fewest(shown) == [1, 0, 2]
    assert covering.fewest([set(), set()]) == []


def test_far_fewer_cases_show_the_same_sides_of_every_constraint() -> None:
    """Each constraint that all the evidence shows to hold, or to fail, some chosen case shows to."""
    (target,) = find([TARGET])
    chosen = list(covering.covering(target))
    asked = [case["asked"] for case in chosen]
    every, few, number = replay.Coverage(target), replay.Coverage(target), 0
    for seen in replay.small(target):
        number += 1
        every.add(seen)
        if seen.record["asked"] in asked:
            few.add(seen)
    assert len(chosen) < number / 3
    assert {key: (bool(s.yes), bool(s.no)) for key, s in few.sides.items()} == {
        key: (bool(s.yes), bool(s.no)) for key, s in every.sides.items()
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--covering", "rockchip-rk3589"], "did you mean"),
        (["--covering", TARGET, "--cases", "x.jsonl"], "not allowed with"),
    ],
)
def test_bad_usage_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, before any compiler is started."""
    assert main(["probe", "rknn", "--python", "python", "--output", str(tmp_path), *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
