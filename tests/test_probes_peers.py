"""What other checkers answered, as it was given, and what is read from it; how they are scored."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from checker.agreement import ALL, PARTIAL, REFUSED, UNKNOWN, Pair
from checker.probes import evidence, onnxsim_edgetpu, ort_mobile, trtcheck, winml
from checker.probes.evidence import Evidence
from checker.probes.toolchain import Case, Observation
from checker.probes.toolchains import MODULES, PEERS
from checker.probes.worker import Raw

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def peer_scores() -> ModuleType:
    """Return the script that writes the section on peers."""
    spec = importlib.util.spec_from_file_location("peer_scores", DOCS / "peer_scores.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)  # where the script's siblings are
        patch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
        spec.loader.exec_module(module)
    return module


def heard(module: ModuleType, answer: dict[str, Any], target: str = "") -> Observation:
    """Return what a peer's module reads from an answer about a network."""
    case = Case("net", target or next(iter(module.ABOUT.chips)), "fp32")
    found: Observation = module.interpret(case, Raw("answered", answer))
    return found


def issue(severity: str, operator: str, verify: bool = False) -> dict[str, Any]:
    """Make an issue as trtcheck writes it, without its prose."""
    return {"severity": severity, "operator": operator, "rule_id": "TRT-OP-X", "verify_required": verify}


def test_trtcheck_refuses_by_its_critical_issues() -> None:
    """Warnings beside them name no culprit."""
    found = heard(trtcheck, {"verdict": "blocked", "issues": [issue("critical", "NonZero"), issue("warning", "Input")]})
    assert (found.outcome, found.culprits) == ("refused", {"NonZero": 1})


def test_trtcheck_says_when_it_cannot_settle() -> None:
    """`unverified` is no answer, `likely` is one."""
    found = heard(trtcheck, {"verdict": "unverified", "issues": [issue("info", "Erf", verify=True)]})
    assert (found.outcome, found.says) == ("unknown", "1 x TRT-OP-X Erf")
    assert heard(trtcheck, {"verdict": "likely", "issues": []}).outcome == "native"


WINML = {"supported": ["OP/ai.onnx/Conv (QDQ)"], "partial": [], "unsupported": [], "unknown": []}


@pytest.mark.parametrize(("target", "outcome"), [("qualcomm-hexagon-v73", "host"), ("nvidia-rtx-sm86", "refused")])
def test_winml_leaves_to_the_host_what_is_not_compiled(target: str, outcome: str) -> None:
    """Where there is a host; `partial` means that the session ran, and the provider did not compile it."""
    found = heard(winml, {**WINML, "partial": ["OP/ai.onnx/Erf"], "unsupported": ["OP/com.microsoft/Gelu"]}, target)
    assert (found.outcome, found.culprits) == (outcome, {"Erf": 1, "com.microsoft.Gelu": 1})


def test_winml_without_a_rule_is_no_answer() -> None:
    """Unless something is known not to be taken."""
    assert heard(winml, {**WINML, "unknown": ["OP/ai.onnx/Reshape"]}).outcome == "unknown"
    assert heard(winml, WINML).outcome == "native"


def test_the_mobile_checker_counts_operators() -> None:
    """Its caveats are kept in its words, since it does not check them."""
    counted = {"nodes": 9, "supported": 9, "partitions": 1, "unsupported": [], "rank": [], "dynamic": 0}
    answer = {**counted, "suitability": "YES", "caveats": ["ai.onnx:Conv:Only 2D Conv is supported."]}
    whole = heard(ort_mobile, answer)
    assert whole.outcome == "native"
    assert "Only 2D Conv" in whole.says
    part = heard(ort_mobile, {**answer, "supported": 8, "unsupported": ["ai.onnx:Erf"]})
    assert (part.outcome, part.culprits) == ("host", {"Erf": 1})


def test_the_edge_tpu_check_grades_its_findings() -> None:
    """An error is worse than a warning; what is no operator is no culprit."""
    notes = [["info", "Conv", "maps only within limits"]]
    warned = [*notes, ["warning", "Erf", "runs on the CPU"]]
    wrong = [*warned, ["error", "graph input", "dynamic"]]
    found = [heard(onnxsim_edgetpu, {"findings": each, "unsimplified": ""}) for each in (notes, warned, wrong)]
    assert [each.outcome for each in found] == ["native", "host", "refused"]
    assert [dict(each.culprits) for each in found] == [{}, {"Erf": 1}, {}]


@pytest.mark.parametrize("name", PEERS)
def test_an_exception_of_a_peer_is_no_answer(name: str) -> None:
    """It says nothing of the compiler."""
    module = importlib.import_module(f"checker.probes.{MODULES[name]}")
    assert heard(module, {"error": "ValueError: too new"}).outcome == "unknown"


def test_a_peer_is_scored_on_what_the_compiler_was_asked(peer_scores: ModuleType) -> None:
    """Its answers take the place of ours; crashes and networks that it was not asked about do not count."""
    ours = [
        Pair(name, "fp32", theirs, ALL) for name, theirs in (("a", ALL), ("b", REFUSED), ("c", "CRASH"), ("d", ALL))
    ]
    said = {"a": (ALL, []), "b": (PARTIAL, [{"op": "Erf", "count": 2}]), "c": (ALL, [])}
    records = tuple({"network": n, "answer": answer, "culprits": named} for n, (answer, named) in said.items())
    found = peer_scores.asked(Evidence(Path("x"), {"target": "t"}, networks=records), ours)
    assert [(pair.name, pair.theirs, pair.ours) for pair in found.theirs] == [("a", ALL, ALL), ("b", REFUSED, PARTIAL)]
    assert found.theirs[1].our_culprits == {"Erf"}
    assert [pair.ours for pair in found.ours] == [ALL, ALL]


def test_the_section_shows_both_readings_and_us(peer_scores: ModuleType) -> None:
    """An answer that a peer does not give counts as ALL in the lenient row only."""
    ours = [Pair("a", "fp32", ALL, ALL), Pair("b", "fp32", REFUSED, REFUSED)]
    records = ({"network": "a", "answer": ALL}, {"network": "b", "answer": UNKNOWN})
    file = Evidence(Path("x"), {"target": "t", "toolchain": "peer", "version": "1"}, networks=records)
    lines = list(peer_scores.scores([peer_scores.asked(file, ours)]))
    assert "| t | peer 1 | 2 | 50.0 % (1 of 2) | 100 % (1 of 1) | 100 % | 0 |" in "\n".join(lines)
    assert "| t | peer 1, lenient | 2 | 100 % (2 of 2) | 50.0 % (1 of 2) | 50.0 % | 1 |" in "\n".join(lines)
    assert "| t | edgelint | 2 | 100 % (2 of 2) | 100 % (2 of 2) | 100 % | 0 |" in "\n".join(lines)


def test_a_table_never_cites_a_peer() -> None:
    """What a peer says is no evidence: it lies beside the folders of the targets."""
    for path in evidence.files():
        if evidence.read(path).header["toolchain"] in {"trtcheck", "winml-cli"} or "usability" in path.name:
            assert path.parts[-3] == "peers"
