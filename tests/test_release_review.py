"""The release review of the documentation: its commands still end as its words say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_the_review_ends_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command is run again; the exit codes are those that the page is about, and its sections are there."""
    monkeypatch.syspath_prepend(str(DOCS))
    sys.modules.pop("make_release_review", None)
    import make_release_review as review

    session = review.Session(tmp_path)
    text = "\n".join(review.page(session))
    assert session.codes == review.EXPECTED
    recorded = review.PAGE.read_text(encoding="utf-8")
    for written in (text, recorded):
        assert "rockchip-rk3588: READY -> READY_WITH_FALLBACK (worse)" in written
        assert "expired on 2027-02-28" in written
    headings = [[line for line in each.splitlines() if line.startswith("## ")] for each in (text, recorded)]
    assert headings[0] == headings[1]
