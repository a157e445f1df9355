"""The generated pages of composites say what each computes and what every target makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import targets
from checker.composites.operators import _RENAMED, _STANDARD
from checker.composites.record import OWN_KINDS

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "composites"
KINDS = sorted({*_STANDARD, *OWN_KINDS, *(kind for kind, _, _ in _RENAMED.values())})


def test_every_kind_has_a_page_and_no_other_page_is_there() -> None:
    """What a graph can be found to hold is documented, each kind on a page of its own, listed in the index."""
    assert sorted(page.stem for page in FOLDER.glob("*.md") if page.stem != "index") == KINDS
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"({kind}.md)" not in index] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_a_formula_and_all_targets(kind: str) -> None:
    """Each page describes the layer, writes its formula, shows or denies an occurrence, and links every target."""
    title, *parts = (FOLDER / f"{kind}.md").read_text(encoding="utf-8").split("\n## ")
    formula, variants, table = (part.partition("\n") for part in parts)
    assert title.startswith(f"# {kind}\n\n")
    assert title.strip() != f"# {kind}"
    assert (formula[0], variants[0], table[0]) == ("Formula", "Variants", "Targets")
    assert formula[2].strip().startswith("`")
    assert "```text\n" in variants[2] or "No occurrence" in variants[2]
    assert [each for each in targets.ids() if f"(../targets/{each}.md" not in table[2]] == []
