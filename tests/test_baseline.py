"""Against an earlier report: what is new, what is fixed, what is as before, and what of it fails."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from small import folder, run

import checker
from checker import baseline, earlier
from checker.errors import InputError
from checker.render.json import dumps, plain

if TYPE_CHECKING:
    from conftest import Corpus

__all__ = ["folder"]

TARGET = ("--target", "acme-one")
TWO = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 4] x) => (float[1, 3, 4] y) {
    a = Relu (x)
    b = Abs (a)
    c = Sin (b)
    y = Relu (c)
}"""


def write(name: str, text: str) -> str:
    """Write a model as text."""
    from onnx import parser

    Path(name).write_bytes(parser.parse_model(text).SerializeToString())
    return name


def base(model: str, *more: str) -> None:
    """Write the report of a model, to be held against later."""
    run("check", model, *(more or TARGET), "--format", "json", "--output", "last.json")


def now(capsys: pytest.CaptureFixture[str], model: str, *more: str) -> tuple[int, Any]:
    """Check against the earlier report; return the exit code and the report."""
    capsys.readouterr()
    code = run("check", model, *(more or TARGET), "--baseline", "last.json", "--format", "json")
    return code, json.loads(capsys.readouterr().out)


def states(report: Any) -> dict[str, Counter[str]]:
    """Count places by state and operator."""
    found: dict[str, Counter[str]] = {}
    for each in report["baseline"]["differences"]:
        found.setdefault(each["state"], Counter())[each["op"]] += each["count"]
    return found


class TestWhatIsNew:
    """Differences of one small model."""

    def test_the_same_model_has_nothing_new(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """So it passes, however bad it is."""
        base(write("m.onnx", TWO))
        code, report = now(capsys, "m.onnx")
        assert (code, report["targets"][0]["answer"]) == (0, "BLOCKED")
        assert states(report) == {"unchanged": Counter({"Abs": 1, "Sin": 1})}
        assert report["baseline"]["tables"] is True

    def test_other_names_change_nothing(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Nodes and values are called otherwise, and one more node stands before them."""
        base(write("m.onnx", TWO))
        renamed = re.sub(r"\b([abc])\b", r"value_\1", TWO).replace(
            "value_a = Relu (x)", "z = Relu (x) value_a = Relu (z)"
        )
        code, report = now(capsys, write("m.onnx", renamed))
        assert code == 0
        assert states(report) == {"unchanged": Counter({"Abs": 1, "Sin": 1})}

    def test_one_more_of_a_kind_is_new(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Also where the one that was there before is called otherwise: they are counted."""
        base(write("m.onnx", TWO))
        more = TWO.replace("y = Relu (c)", "d = Sin (c) y = Relu (d)")
        code, report = now(capsys, write("m.onnx", more))
        assert code == 1
        assert states(report)["new"] == Counter({"Sin": 1})
        assert [(each["rule"], each["op"]) for each in report["gate"]["failures"]] == [("placement/unsupported", "Sin")]

    def test_what_is_gone_is_fixed(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """And the verdict before is told beside the one now."""
        base(write("m.onnx", TWO))
        code, report = now(capsys, write("m.onnx", TWO.replace("Sin (b)", "Relu (b)")))
        assert code == 0
        assert states(report) == {"fixed": Counter({"Sin": 1}), "unchanged": Counter({"Abs": 1})}
        (change,) = report["baseline"]["verdicts"]
        assert (change["before"], change["after"], change["worse"]) == ("BLOCKED", "READY_WITH_FALLBACK", False)

    def test_a_swap_is_not_hidden_by_the_count(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One Sin goes, another comes elsewhere: the new one fails."""
        base(write("m.onnx", TWO))
        moved = "a = Sin (x) b = Abs (a) c = Relu (b) y = Relu (c)"
        code, report = now(capsys, write("m.onnx", re.sub(r"\{.*\}", f"{{ {moved} }}", TWO, flags=re.DOTALL)))
        assert code == 1
        assert states(report)["new"] == Counter({"Sin": 1, "Abs": 1})
        assert states(report)["fixed"] == Counter({"Sin": 1, "Abs": 1})

    def test_a_worse_verdict_is_new(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What fell back and is refused now has another rule."""
        base(write("m.onnx", TWO))
        tables = Path("tables/one.toml")
        tables.write_text(tables.read_text().replace('rejected = "fallback"', 'rejected = "unsupported"'))
        code, report = now(capsys, "m.onnx")
        assert code == 1
        assert states(report)["new"] == Counter({"Abs": 1})
        assert report["baseline"]["tables"] is False

    def test_a_limit_that_was_broken_before_is_not_new(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Unless it is broken by more."""
        Path("edgelint.toml").write_text('fail-on = "never"\n[limits]\nmax-peak-activation-bytes = 10\n')
        base(write("m.onnx", TWO))
        assert now(capsys, "m.onnx")[0] == 0
        code, report = now(capsys, write("m.onnx", TWO.replace("3, 4", "3, 5")))
        assert code == 1
        assert [each["rule"] for each in report["gate"]["failures"]] == ["limit/max-peak-activation-bytes"]

    def test_with_neither_target_nor_policy_the_baselines_targets_are_asked_for(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Since a gate against a baseline is wanted."""
        base("good.onnx")
        Path("good.onnx").write_bytes(Path("refused.onnx").read_bytes())
        assert run("check", "good.onnx", "--baseline", "last.json") == 1
        assert "BLOCKED" in capsys.readouterr().out

    def test_several_models(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Each has its own report in the baseline; one that has none is all new, and a note says so."""
        models = ("refused.onnx", "partly.onnx")
        assert run("check", *models, *TARGET, "--format", "json", "--output", "last.json") == 1
        capsys.readouterr()
        assert run("check", *models, *TARGET, "--baseline", "last.json") == 0
        assert capsys.readouterr().err == ""
        Path("other.onnx").write_bytes(Path("refused.onnx").read_bytes())
        assert run("check", *models, "other.onnx", *TARGET, "--baseline", "last.json") == 1
        assert "other.onnx: not in last.json" in capsys.readouterr().err


class TestTheFile:
    """What can be wrong with a baseline."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("no json", "no JSON"),
            ("{}", "no edgelint report"),
            ("[3]", "no edgelint report"),
            ('{"schema_version": "0.9"}', "schema version 0.9"),
            ('{"schema_version": "1.0"}', "damaged, or by an older edgelint"),
        ],
    )
    def test_a_file_that_is_no_report(
        self, folder: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
    ) -> None:
        """Is exit code 2 with one line."""
        Path("last.json").write_text(text)
        assert run("check", "good.onnx", *TARGET, "--baseline", "last.json") == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1

    def test_a_missing_file(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Likewise."""
        assert run("check", "good.onnx", *TARGET, "--baseline", "none.json") == 2
        assert "none.json: cannot be read" in capsys.readouterr().err

    def test_a_report_is_read_back_as_it_was(self, folder: Path) -> None:
        """Every record and key survives the way through JSON; keys of a later edgelint are left out."""
        report = checker.check("partly.onnx", ["acme-one"], opsets=["tables"])
        data = plain(report)
        data["key of a later version"] = 1
        Path("r.json").write_text(dumps(data))
        assert earlier.read("r.json") == (report,)

    def test_a_report_without_places_is_refused(self, folder: Path) -> None:
        """Against one, everything would be new."""
        data = plain(checker.check("partly.onnx", ["acme-one"], opsets=["tables"]))
        del data["targets"][0]["reasons"][0]["occurrences"]
        Path("r.json").write_text(dumps(data))
        with pytest.raises(InputError, match="by an older edgelint"):
            earlier.read("r.json")

    def test_a_report_of_an_older_version_is_read(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Keys that it did not have yet stand for nothing, however deep they are; what counts is compared."""
        base("refused.onnx")
        data = json.loads(Path("last.json").read_text())
        for key in ("cost", "composites", "gate", "baseline"):
            del data[key]
        for key in ("metadata", "inputs", "ir_version"):
            del data["model"][key]
        for key in ("counts", "nodes", "changes", "search", "grade", "sources"):
            del data["targets"][0][key]
        Path("last.json").write_text(json.dumps(data))
        code, report = now(capsys, "refused.onnx")
        assert (code, set(states(report))) == (0, {"unchanged"})


NOTHING = """
[target]
id = "acme-nothing"
vendor = "Acme"
chip = "None"
toolchain = "acmec 1.0"
precision = ["fp16"]
unlisted = "fallback"
rejected = "fallback"

[source.guide]
kind = "vendor-doc"
title = "Acme guide"
where = "page 1"
date = 2026-11-24
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("detr_r18__ts17", "detr_r18__dy18"),
        ("efficientnet_b0__ts17", "efficientnet_b0__dy18"),
        ("convnextv2_atto__dy18", "convnextv2_atto__ts17"),
        ("vit_tiny_patch16_224__ts17", "vit_tiny_patch16_224__ts17_sim"),
    ],
)
def test_another_exporter_finds_the_same_places(corpus: Corpus, tmp_path: Path, before: str, after: str) -> None:
    """On a target that takes nothing every node is a place; an operator that both files have as often is unchanged."""
    (tmp_path / "nothing.toml").write_text(NOTHING)
    one, other = (checker.check(corpus(name), ["acme-nothing"], opsets=[tmp_path]) for name in (before, after))
    counts = [
        Counter({r.op: sum(p.count for p in r.occurrences) for r in each.targets[0].reasons}) for each in (one, other)
    ]
    equal = {op for op, count in counts[0].items() if counts[1][op] == count}
    assert len(equal) > 4
    placed = [each for each in baseline.compare(one, other).differences if each.target and each.op in equal]
    assert [each for each in placed if each.state != "unchanged"] == []
