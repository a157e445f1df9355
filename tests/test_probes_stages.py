"""Which stage a row's observations show."""

from __future__ import annotations

from collections import Counter

import pytest

from checker.probes import replay
from checker.probes.stages_seen import StagesSeen, stage
from checker.targets import find


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"answer": "refused", "stage": "convert"}, "convert"),
        ({"answer": "refused"}, ""),
        ({"answer": "crashed", "stage": "vela"}, "crash"),
        ({"answer": "host", "says": "quantizer leaves RELU6 in float32; RELU6: Operation has tensor"}, "skip"),
        ({"answer": "host", "says": "quantizer leaves NEG, QUANTIZE in float32; NEG: Unsupported opType"}, "skip"),
        ({"answer": "host", "says": "DIV: Unsupported opType", "stage": ""}, ""),
    ],
)
def test_an_observation_shows_a_stage(record: dict[str, str], shown: str) -> None:
    """The evidence's own word; what the quantizer leaves out, and a crash, are told by the answer."""
    assert stage(record) == shown


def test_a_row_shows_what_nearly_all_of_its_models_show() -> None:
    """Nine in ten; a row of which nothing was seen shows nothing."""
    (target,) = find(["tflite-micro"])
    seen = StagesSeen()
    for one in replay.small(target):
        if one.record["case"].startswith(("Sign-", "Atan-", "Det-")):
            seen.add(one)
    assert seen.counts
    rows = {(row.table, row.index): row for row in target.rows}
    for key, counts in seen.counts.items():
        assert seen.of(rows[key]) == counts.most_common(1)[0][0]
        seen.counts[key] = Counter({"convert": 8, "custom": 2})
        assert not seen.of(rows[key])
    unseen = next(row for row in target.rows if (row.table, row.index) not in seen.counts)
    assert not seen.of(unseen)
