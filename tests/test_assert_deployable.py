"""``assert_deployable``: what a test suite sees of a model that does not run."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from small import folder, model, run

from checker.errors import InputError
from checker.testing import assert_deployable

__all__ = ["folder"]


def test_it_returns_the_report(folder: Path) -> None:
    """For whatever else is to be tested; nothing is printed."""
    report = assert_deployable("good.onnx", "acme-one", opsets=["tables"])
    assert report.targets[0].answer == "READY"
    assert (
        assert_deployable(model("good"), ["acme-one"], precision="int8", opsets=["tables"]).targets[0].precision
        == "int8"
    )


def test_it_says_what_fails_and_what_would_help(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The model, the verdict, the operator, the constraint with the model's own figures."""
    with pytest.raises(AssertionError) as caught:
        assert_deployable("partly.onnx", "acme-one", fail_on="fallback", opsets=["tables"])
    assert str(caught.value).splitlines() == [
        "partly.onnx is not deployable: READY_WITH_FALLBACK on acme-one (fp16)",
        "  - acme-one: placement/fallback: Abs: needs `rank(X) <= 2`; here rank(X) = 3",
    ]
    assert_deployable("partly.onnx", "acme-one", opsets=["tables"])
    assert capfd.readouterr() == ("", "")


def test_a_policy_counts(folder: Path) -> None:
    """Its limits, its waivers and their last day."""
    Path("p.toml").write_text(
        'opsets = "tables"\n[limits]\nmax-segments = 1\n[[waiver]]\nrule = "limit/*"\n'
        'reason = "r"\nowner = "o"\nexpires = 2026-12-31\n'
    )
    assert_deployable("partly.onnx", "acme-one", policy="p.toml", today=date(2026, 12, 31))
    with pytest.raises(AssertionError, match=r"waiver/expired.*\n.*limit/max-segments"):
        assert_deployable("partly.onnx", "acme-one", policy="p.toml", today=date(2027, 1, 1))


def test_a_baseline_counts(folder: Path) -> None:
    """Only what is new fails."""
    run("check", "refused.onnx", "--target", "acme-one", "--format", "json", "--output", "last.json")
    assert_deployable("refused.onnx", "acme-one", baseline="last.json", opsets=["tables"])


def test_bad_usage_is_no_failure_of_the_model(folder: Path) -> None:
    """A target that does not exist is an error of its own."""
    with pytest.raises(InputError, match="no-such"):
        assert_deployable("good.onnx", "no-such-target", opsets=["tables"])
