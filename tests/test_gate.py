"""The gate of ``check``: targets and limits of a policy, waivers, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from small import folder, run

from checker.render.json_schema import schema

__all__ = ["folder"]

TODAY = ("--today", "2026-11-24")


def policy(text: str, targets: str = 'targets = "acme-one"') -> None:
    """Write the policy of the current folder."""
    Path("edgelint.toml").write_text(f"{targets}\n{text}\n", encoding="utf-8")


def waiver(**said: str) -> str:
    """Write a waiver as TOML."""
    whole = {"reason": "the host has time", "owner": "ada", "expires": "2026-12-31", **said}
    return "[[waiver]]\n" + "\n".join(f'{key} = "{text}"' for key, text in whole.items())


def gate(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Check with JSON output and return the gate and the exit code."""
    code = run("check", *arguments, *TODAY, "--format", "json")
    report = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(schema()).validate(report)
    assert code == (0 if report["gate"] is None or report["gate"]["passed"] else 1)
    return report["gate"]


def rules(found: Any) -> list[str]:
    """Name what failed."""
    return [each["rule"] for each in found["failures"]]


class TestPolicy:
    """What a policy demands."""

    def test_targets_of_a_policy_are_asked_for(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A refusal is exit code 1 without ``--target``; with no policy it is not."""
        assert run("check", "refused.onnx") == 0
        policy("")
        assert run("check", "refused.onnx") == 1
        assert run("check", "refused.onnx", "--no-policy") == 0
        capsys.readouterr()
        found = gate(capsys, "refused.onnx")
        assert (found["policy"], found["fail_on"], rules(found)) == (
            "edgelint.toml", "needs-changes", ["placement/unsupported"],
        )  # fmt: skip

    def test_the_command_line_wins(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Over threshold, target and precision of the policy."""
        policy('fail-on = "fallback"\nprecision = "int8"')
        assert gate(capsys, "partly.onnx")["passed"] is False
        assert gate(capsys, "partly.onnx", "--fail-on", "blocked")["passed"] is True
        run("check", "good.onnx", "--format", "json", "--precision", "fp16")
        assert json.loads(capsys.readouterr().out)["targets"][0]["precision"] == "fp16"
        policy("", targets='targets = "no-such-target"')
        assert run("check", "good.onnx") == 2
        assert "edgelint.toml: " in capsys.readouterr().err
        assert run("check", "good.onnx", "--target", "acme-one") == 0

    def test_a_policy_elsewhere(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """``--policy FILE`` is read instead of the nearest; a missing one is exit code 2."""
        Path("strict.toml").write_text('targets = "acme-one"\nfail-on = "unknown"')
        assert gate(capsys, "partly.onnx", "--policy", "strict.toml")["policy"] == "strict.toml"
        assert run("check", "partly.onnx", "--policy", "none.toml") == 2

    def test_an_override_is_for_its_models(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One model may fall back, the other may not."""
        policy('fail-on = "fallback"\n[[override]]\nmodels = "part*"\nfail-on = "blocked"')
        assert gate(capsys, "partly.onnx")["passed"] is True
        assert gate(capsys, "refused.onnx")["passed"] is False

    @pytest.mark.parametrize(
        ("limit", "model", "fails"),
        [
            ("max-segments = 1", "partly", True),
            ("max-segments = 2", "partly", False),
            ("min-macs-on-accelerator = 0.5", "partly", False),
            ("min-macs-on-accelerator = 0.51", "partly", True),
            ("max-macs = 0", "good", False),
            ("max-weight-bytes = 0", "good", False),
            ("max-peak-activation-bytes = 23", "good", True),
            ("max-peak-activation-bytes = 24", "good", False),
            ('grades = ["documented"]', "good", False),
            ('grades = ["measured"]', "good", True),
        ],
    )
    def test_limits(
        self, folder: Path, capsys: pytest.CaptureFixture[str], limit: str, model: str, fails: bool
    ) -> None:
        """One beyond a limit fails under the limit's own rule, whatever the verdict; one at it does not."""
        policy(f"[limits]\n{limit}")
        found = gate(capsys, f"{model}.onnx", "--fail-on", "never")
        assert rules(found) == ([f"limit/{limit.split(' ', maxsplit=1)[0]}"] if fails else [])

    def test_a_figure_that_is_not_known_keeps_to_no_limit(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where shapes are unknown, neither MACs nor memory are known to be small enough."""
        from onnx import parser

        text = '<ir_version: 8, opset_import: ["" : 17]> g (float[n, 3] x, float[3, 3] w) => (float[n, 3] y)'
        Path("open.onnx").write_bytes(parser.parse_model(f"{text} {{ y = MatMul (x, w) }}").SerializeToString())
        policy('[limits]\nmax-macs = "1 G"\nmax-peak-activation-bytes = "1 GB"')
        found = gate(capsys, "open.onnx", "--fail-on", "never")
        assert rules(found) == ["limit/max-macs", "limit/max-peak-activation-bytes"]
        assert all("not known" in each["message"] for each in found["failures"])

    def test_a_policy_with_a_fault_is_exit_code_2(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One line with a suggestion, before any model is read."""
        policy("fail_on = 'never'")
        assert run("check", "good.onnx", "refused.onnx") == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err == "edgelint: error: edgelint.toml: unknown key `fail_on`; did you mean `fail-on`?\n"


class TestWaivers:
    """What is excused, and for how long."""

    @pytest.mark.parametrize(
        ("said", "applies"),
        [
            ({"rule": "placement/unsupported"}, True),
            ({"rule": "placement/*", "op": "Sin", "target": "acme-*"}, True),
            ({"op": "Cos"}, False),
            ({"target": "other"}, False),
            ({"scope": "Sin_*"}, True),
            ({"scope": "head.*"}, False),
            ({"rule": "placement/fallback"}, False),
        ],
    )
    def test_a_waiver_excuses_what_it_is_about(
        self, folder: Path, capsys: pytest.CaptureFixture[str], said: dict[str, str], applies: bool
    ) -> None:
        """By rule, operator, target, and module path or node name; one about nothing is told as unused."""
        policy(waiver(**said))
        found = gate(capsys, "refused.onnx")
        assert found["passed"] is applies
        assert [(each["state"], each["count"]) for each in found["waivers"]] == [
            ("applied", 1) if applies else ("unused", 0)
        ]

    def test_a_waiver_is_for_its_models(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """One that names other models is not even told of."""
        policy('[[waiver]]\nmodels = "part*"\nreason = "r"\nowner = "o"\nexpires = 2026-12-31')
        assert gate(capsys, "refused.onnx")["waivers"] == []

    @pytest.mark.parametrize(("day", "passes"), [("2026-12-31", True), ("2027-01-01", False)])
    def test_an_expired_waiver_fails_with_its_own_message(
        self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, day: str, passes: bool
    ) -> None:
        """The last day still counts; after it the waiver itself is a failure, beside what it no longer excuses."""
        policy(waiver(op="Sin"))
        monkeypatch.setenv("EDGELINT_TODAY", day)
        assert run("check", "refused.onnx", "--format", "json") == (0 if passes else 1)
        found = json.loads(capsys.readouterr().out)["gate"]
        assert rules(found) == ([] if passes else ["waiver/expired", "placement/unsupported"])
        if not passes:
            message = found["failures"][0]["message"]
            assert all(word in message for word in ("Sin", "2026-12-31", "ada", "the host has time"))
            run("check", "refused.onnx", "--quiet")
            assert "expired on 2026-12-31" in " ".join(capsys.readouterr().out.split())

    def test_an_expired_waiver_about_nothing_is_harmless(
        self, folder: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What it excused is gone, so there is nothing to decide again."""
        policy(waiver(op="Cos", expires="2020-01-01"))
        assert gate(capsys, "good.onnx")["waivers"][0]["state"] == "unused"

    def test_a_limit_can_be_waived(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """By its rule; and such a waiver expires like any other."""
        limit = "[limits]\nmax-segments = 1\n"
        policy(limit + waiver(rule="limit/*"))
        assert gate(capsys, "partly.onnx")["passed"] is True
        policy(limit + waiver(rule="limit/*", expires="2020-01-01"))
        assert rules(gate(capsys, "partly.onnx")) == ["waiver/expired", "limit/max-segments"]
        assert gate(capsys, "good.onnx")["passed"] is True

    def test_a_day_that_is_none(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Is bad usage."""
        assert run("check", "good.onnx", "--today", "tomorrow") == 2
        assert "write it as 2027-01-31" in capsys.readouterr().err


class TestWaiversOfTheModel:
    """Waivers that a model carries in its own metadata."""

    def carrying(self, text: str) -> None:
        """Write a refused model with the metadata."""
        import onnx

        made = onnx.load("refused.onnx")
        made.metadata_props.add(key="edgelint.waivers", value=text)
        onnx.save(made, "carrying.onnx")

    def test_they_count_and_are_told_as_the_models_own(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With the same keys as a policy's."""
        self.carrying('[{"op": "Sin", "reason": "r", "owner": "o", "expires": "2026-12-31"}]')
        found = gate(capsys, "carrying.onnx", "--target", "acme-one")
        assert found["passed"] is True
        assert [(each["origin"], each["state"]) for each in found["waivers"]] == [("model", "applied")]
        assert run("check", "carrying.onnx", "--target", "acme-one", *TODAY) == 0
        assert "the model's own, o, until 2026-12-31" in " ".join(capsys.readouterr().out.split())

    def test_a_policy_can_forbid_them(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """They are still told of, and excuse nothing."""
        self.carrying('[{"op": "Sin", "reason": "r", "owner": "o", "expires": "2026-12-31"}]')
        policy('model-waivers = "forbid"')
        found = gate(capsys, "carrying.onnx")
        assert found["passed"] is False
        assert found["waivers"][0]["state"] == "forbidden"

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("no json", "no JSON"),
            ("{}", "must be a list of waivers"),
            ('[{"op": "Sin", "reason": "r"}]', "needs `owner`, `expires`"),
            ('[{"models": "*", "reason": "r", "owner": "o", "expires": "2026-12-31"}]', "unknown key `models`"),
            ("[3]", "must be a table"),
        ],
    )
    def test_written_wrongly_they_fail(
        self, folder: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
    ) -> None:
        """With a rule of their own, and none of them counts."""
        self.carrying(text)
        found = gate(capsys, "carrying.onnx", "--target", "acme-one")
        assert rules(found) == ["waiver/invalid", "placement/unsupported"]
        assert said in found["failures"][0]["message"]
