"""How agreement is counted, and what the published page says."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from checker import agreement
from checker.agreement import ALL, PARTIAL, REFUSED, UNKNOWN, Pair, Share, percent
from checker.probes import replay
from checker.probes.evidence import Evidence
from checker.targets import find

DOCS = Path(__file__).resolve().parent.parent / "docs"
Page = Callable[[Sequence[Pair]], str]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """Return the script that writes the page."""
    spec = importlib.util.spec_from_file_location("make_agreement", DOCS / "make_agreement.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)  # where the script's siblings are
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(make: ModuleType) -> Page:
    """Return what writes the page of one target."""
    (target,) = find(["onnxruntime-cpu"])

    def write(pairs: Sequence[Pair]) -> str:
        compared = make.Compared(target, pairs=list(pairs))
        compared.left_out["the network's file is not at hand"].append("gone")
        return "\n".join(make.page([compared]))

    return write


def pair(theirs: str, ours: str, their: str | None = "", our: str = "", name: str = "net") -> Pair:
    """Make a pair; culprits as words, None where the compiler named none."""
    named = None if their is None else frozenset(their.split())
    return Pair(name, "fp16", theirs, ours, named, frozenset(our.split()))


MIXED = [
    *[pair(ALL, ALL)] * 6,
    pair(ALL, PARTIAL),
    pair(ALL, UNKNOWN),
    pair(PARTIAL, PARTIAL),
    pair(PARTIAL, ALL, name="bold"),
    pair(REFUSED, REFUSED),
    pair("CRASH", ALL),
    pair("TIMEOUT", REFUSED),
]


def test_unknown_lowers_the_answered_share_and_nothing_else() -> None:
    """What we do not answer is neither right nor wrong."""
    score = agreement.score(MIXED)
    assert (len(score.scored), str(score.answered_share)) == (11, "90.9 % (10 of 11)")
    assert score.accuracy == Share(8, 10)
    assert agreement.score([pair(ALL, UNKNOWN)]).accuracy.value is None


def test_crashes_and_timeouts_are_not_scored() -> None:
    """Nobody can foretell them, and a READY beside one is no false READY."""
    assert not agreement.score([pair("CRASH", ALL), pair("TIMEOUT", ALL)]).scored
    assert not agreement.score([pair("CRASH", ALL)]).false_ready


def test_recall_of_each_answer_and_their_mean() -> None:
    """A rare answer weighs as much as a frequent one; one that was never observed does not count."""
    score = agreement.score(MIXED)
    assert score.recall == {ALL: Share(6, 7), PARTIAL: Share(1, 2), REFUSED: Share(1, 1)}
    assert score.balanced == pytest.approx((6 / 7 + 1 / 2 + 1) / 3)
    assert agreement.score([pair(ALL, ALL)] * 3).balanced == 1
    assert agreement.score([]).balanced is None


def test_false_ready_is_named() -> None:
    """Each of them, also where the average hides it."""
    assert [found.name for found in agreement.score(MIXED).false_ready] == ["bold"]
    assert len(agreement.score([pair(REFUSED, ALL), pair(REFUSED, UNKNOWN), pair(ALL, PARTIAL)]).false_ready) == 1


def test_a_program_that_always_says_ready_is_published_beside_ours() -> None:
    """It scores well where most networks are easy, and its balance shows it."""
    score = agreement.score(MIXED)
    assert score.constant == Share(8, 11)
    assert score.constant_balanced == pytest.approx(1 / 3)


def test_culprits_are_compared_as_sets_where_the_compiler_named_some() -> None:
    """A compiler that refuses without a name says nothing of ours."""
    score = agreement.score([
        pair(PARTIAL, PARTIAL, "Erf Softmax", "Erf Gelu Sin"),
        pair(REFUSED, REFUSED, None, "Attention"),
        pair(ALL, PARTIAL, "", "Abs"),
        pair(PARTIAL, UNKNOWN, "Exp", ""),
    ])  # fmt: skip
    assert score.culprit_precision == Share(1, 4)
    assert score.culprit_recall == Share(1, 2)


def test_only_everything_is_100_per_cent() -> None:
    """Rounding never hides a miss."""
    assert percent(0.9999) == "99.9 %"
    assert percent(1) == "100 %"
    assert percent(None) == str(Share(0, 0)) == "none"


def test_pairs_are_counted_by_both_answers() -> None:
    """The confusion table has every pair once."""
    assert agreement.table(MIXED)[ALL, ALL] == 6
    assert sum(agreement.table(MIXED).values()) == len(MIXED)


class TestPage:
    """What docs/make_agreement.py writes."""

    def test_every_network_is_named(self, page: Page) -> None:
        """Right, wrong, unanswered and not compared: nothing is left in an average."""
        text = page([
            pair(ALL, ALL, name="fine"),
            pair(PARTIAL, ALL, "Erf", name="bold"),
            pair(REFUSED, PARTIAL, None, "Exp", name="timid"),
            pair(ALL, UNKNOWN, name="unsure"),
            pair(PARTIAL, PARTIAL, "Erf Sin", "Erf Abs", name="others"),
        ])  # fmt: skip
        assert "| bold | fp16 | PARTIAL | ALL (false READY) | Erf | none |" in text
        assert "| timid | fp16 | REFUSED | PARTIAL | not named | Exp |" in text
        assert "| unsure | fp16 | ALL | UNKNOWN |" in text
        assert "ALL, and so we say (1): fine." in text
        assert "- others (fp16, PARTIAL): we miss Sin; we add Abs" in text
        assert "Not compared, the network's file is not at hand (1): gone." in text

    def test_the_table_has_the_counts(self, page: Page) -> None:
        """The number of networks stands beside each share."""
        text = page([pair(ALL, ALL)] * 3 + [pair(REFUSED, ALL, None)])
        row = next(line for line in text.splitlines() if line.startswith("| [onnxruntime-cpu]"))
        cells = [cell.strip() for cell in row.split("|")[2:-1]]
        assert cells[:4] == ["4", "100 % (4 of 4)", "75.0 % (3 of 4)", "50.0 %"]
        assert cells[7] == "1"
        assert cells[-2:] == ["75.0 % (3 of 4)", "50.0 %"]

    def test_what_is_not_compared_has_a_reason(self, make: ModuleType) -> None:
        """Crashes, pinned sizes and workarounds."""
        assert make.left_out({"network": "n", "answer": "ALL"}) == ""
        assert "pinned" in make.left_out({"network": "n__fixedshape", "answer": "ALL"})
        assert "workaround" in make.left_out({"network": "n", "answer": "ALL", "variant": {"disable_rules": []}})
        assert "CRASH" in make.left_out({"network": "n", "answer": "CRASH"})

    def test_a_network_is_compared_with_what_is_published(self, make: ModuleType) -> None:
        """From the graph to a pair, with culprits on both sides and none at the graph's edge."""
        (target,) = find(["onnxruntime-cpu"])
        culprits = [{"op": "QuantizeLinear", "count": 2}, {"op": "Erf", "count": 1}]
        record = {"network": "n", "precision": "fp32", "answer": "PARTIAL", "culprits": culprits}
        data = make.network("resnet18", make.FOLDERS)
        found = make.pair(replay.replay(data, record, target))
        assert (found.theirs, found.ours) == ("PARTIAL", "ALL")
        assert found.their_culprits == {"Erf"}
        assert make.network("no such network", make.FOLDERS) is None

    def test_culprits_stand_apart_by_the_answer(self, page: Page) -> None:
        """What a compiler leaves to the host is not averaged with the first operator that it stops at."""
        text = page([pair(PARTIAL, PARTIAL, "Erf", "Erf"), pair(REFUSED, REFUSED, "Exp", "Exp Abs")])
        assert "| onnxruntime-cpu | 100 % (1 of 1) | 100 % (1 of 1) | 50.0 % (1 of 2) | 100 % (1 of 1) |" in text

    def test_a_first_pass_is_of_a_target_and_counts(self, make: ModuleType) -> None:
        """A record by hand: its target exists, nothing is more than the whole, and the page has it."""
        passes = make.first_passes.read()
        assert len(passes) > 30
        for each in passes:
            (target,) = find([each["target"]])
            assert replay.evidence_of(target)
            assert each["right"] + each["false-ready"] <= each["answered"] <= each.get("asked", each["answered"])
            assert 0 <= each.get("balanced", 0) <= 100
        text = "\n".join(make.first_passes.section({"tvm"}))
        assert "| tvm | fp32 | zoo | 45 | 95.6 % (43 of 45) | 87.5 % | 2 |" in text
        assert not list(make.first_passes.section({"nobody"}))

    def test_the_five_networks_tell_a_crash_from_what_was_not_asked(self, make: ModuleType) -> None:
        """An answer with its culprits, our other answer below it, a crash, and none."""
        vit, _, mobilenet, yolo, _ = make.five_networks.NETWORKS
        pairs = {"acme": [pair(PARTIAL, ALL, "Erf", name=vit), pair(ALL, ALL, name=mobilenet)]}
        crash = {"network": yolo, "precision": "fp16", "answer": "CRASH"}
        files = {"acme": [Evidence(Path(), {}, networks=(crash,))]}
        *_, line = make.five_networks.section(pairs, files)
        assert line == "| [acme](#acme) | fp16 | PARTIAL: Erf<br>**we: ALL** | not asked | ALL | CRASH | not asked |"
