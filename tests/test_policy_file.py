"""A policy file: where it is found, what may stand in it, and what is said of a fault."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from checker.errors import InputError
from checker.policy.read import nearest, read
from checker.policy.record import Demands, Limits, Policy

WHOLE = """
targets = ["rockchip-rk3588", "nvidia-orin-dla"]
precision = "int8"
fail-on = "fallback"
opsets = ["tables"]
model-waivers = "forbid"

[limits]
min-macs-on-accelerator = 0.95
max-segments = 3
max-macs = "1.5 G"
max-weight-bytes = "20 MiB"
max-peak-activation-bytes = 8_000_000
grades = ["measured", "documented"]

[[override]]
models = "detectors/*.onnx"
targets = "rockchip-rk3588"
[override.limits]
max-segments = 9

[[waiver]]
rule = "placement/fallback"
op = "Softmax"
scope = "head.*"
models = ["detectors/**"]
reason = "the head runs on the host on purpose"
owner = "ada"
expires = 2027-01-31
"""


def write(folder: Path, text: str, name: str = "edgelint.toml") -> Path:
    """Write a policy file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_may_stand_in_it(tmp_path: Path) -> None:
    """Units become numbers, one text is a list of one, folders are the file's neighbours."""
    policy = read(write(tmp_path, WHOLE))
    assert policy.demands == Demands(
        ("rockchip-rk3588", "nvidia-orin-dla"),
        "int8",
        "fallback",
        Limits(0.95, 3, 1_500_000_000, 20 * 2**20, 8_000_000, ("measured", "documented")),
    )
    assert policy.opsets == (str(tmp_path / "tables"),)
    assert not policy.model_waivers
    (waiver,) = policy.waivers
    assert (waiver.op, waiver.scope, waiver.target, waiver.expires) == (
        ("Softmax",), ("head.*",), ("*",), date(2027, 1, 31),
    )  # fmt: skip


def test_an_override_wins_for_its_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what it says; the rest is as for every model.  Paths count from the policy's folder."""
    monkeypatch.chdir(tmp_path)
    policy = read(write(tmp_path, WHOLE))
    other, theirs = policy.of_model("classifiers/a.onnx"), policy.of_model("detectors/a.onnx")
    assert (other.targets, other.limits.max_segments) == (("rockchip-rk3588", "nvidia-orin-dla"), 3)
    assert (theirs.targets, theirs.limits.max_segments) == (("rockchip-rk3588",), 9)
    assert (theirs.precision, theirs.limits.max_macs) == ("int8", 1_500_000_000)
    assert policy.of_model(str(tmp_path / "detectors" / "a.onnx")) == theirs
    assert policy.of_model("detectors/deep/a.onnx") == other
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert policy.of_model("../detectors/a.onnx") == theirs


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("a.onnx", "deep/er/a.onnx", True),
        ("*.onnx", "deep/er/a.onnx", True),
        ("deep/*.onnx", "deep/er/a.onnx", False),
        ("deep/**/*.onnx", "deep/er/a.onnx", True),
        ("deep/**/*.onnx", "deep/a.onnx", True),
        ("deep/**", "deep/er/a.onnx", True),
        ("./a.onnx", "a.onnx", True),
        ("a.onnx", "ba.onnx", False),
        ("a?.onnx", "a1.onnx", True),
        ("[a].onnx", "a.onnx", False),
    ],
)
def test_globs(glob: str, path: str, matches: bool) -> None:
    """As in a .gitignore: a star stays in its folder, two do not, and a bare name is looked for everywhere."""
    assert Policy().matches([glob], path) is matches


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    """edgelint.toml before pyproject.toml, the nearer folder before the farther; a pyproject without our table not."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert nearest(deep) is None or not nearest(deep).demands.targets  # type: ignore[union-attr]
    write(tmp_path, 'fail-on = "never"')
    write(tmp_path / "a", "[tool.ruff]\n", "pyproject.toml")
    found = nearest(deep)
    assert found is not None
    assert (found.demands.fail_on, found.folder) == ("never", tmp_path)
    write(
        tmp_path / "a",
        '[tool.edgelint]\nfail-on = "blocked"\n[[tool.edgelint.override]]\nmodels = "x"\n',
        "pyproject.toml",
    )
    found = nearest(deep)
    assert found is not None
    assert (found.demands.fail_on, len(found.overrides)) == ("blocked", 1)
    write(tmp_path / "a", 'fail-on = "unknown"')
    found = nearest(deep)
    assert found is not None
    assert found.demands.fail_on == "unknown"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("target = 'x'", "unknown key `target`; did you mean `targets`?"),
        ("[limits]\nmax-segment = 3", "limits: unknown key `max-segment`; did you mean `max-segments`?"),
        ("[[override]]\nmodels = 'x'\nfail_on = 'never'", "override 1: unknown key `fail_on`; did you mean `fail-on`?"),
        ("[[override]]\nfail-on = 'never'", "override 1: must say which files"),
        ("[[override]]\nmodels = 'x'\n[override.limits]\nmax-mac = 1", "override 1 limits: unknown key `max-mac`"),
        ("fail-on = 'fallbak'", "`fail-on` is `fallbak`"),
        ("precision = 'int9'", "`precision` is `int9`, must be one of"),
        ("targets = []", "`targets` must be a text or a list of texts"),
        ("targets = 3", "`targets` must be a text or a list of texts"),
        ("[limits]\nmax-macs = -1", "`max-macs` must be a whole number"),
        ("[limits]\nmax-macs = true", "`max-macs` must be a whole number"),
        (
            "[limits]\nmax-weight-bytes = '20 Mbit'",
            '`max-weight-bytes` is `20 Mbit`, must be a whole number, or a text such as "20 MiB"',
        ),
        ("[limits]\nmin-macs-on-accelerator = 95", "`min-macs-on-accelerator` must be a share between 0 and 1"),
        ("[limits]\ngrades = ['mesured']", "`mesured` is no grade; did you mean `measured`?"),
        ("limits = 3", "limits: must be a table"),
        ("[override]\nmodels = 'x'", "`override` is written [[override]]"),
        (
            "[[waiver]]\nreason = 'r'\nowner = 'o'",
            "waiver 1: needs `expires`: a waiver has a reason, an owner and a last day",
        ),
        ("[[waiver]]\nexpires = 2027-01-01", "waiver 1: needs `reason`, `owner`"),
        ("[[waiver]]\nreason = ' '\nowner = 'o'\nexpires = 2027-01-01", "waiver 1: `reason` must be a text"),
        ("[[waiver]]\nreason = 'r'\nowner = 'o'\nexpires = 'soon'", "`expires` must be a day"),
        (
            "[[waiver]]\nreason = 'r'\nowner = 'o'\nexpires = 2027-01-01\nruel = 'x'",
            "unknown key `ruel`; did you mean `rule`?",
        ),
        ("targets = [", "no TOML"),
    ],
)
def test_a_fault_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """The file, the place in it, and the nearest thing that would be right."""
    with pytest.raises(InputError) as caught:
        read(write(tmp_path, text))
    message = str(caught.value)
    assert said in message
    assert message.startswith(str(tmp_path / "edgelint.toml"))
    assert "\n" not in message.replace("(at line 1, column 1)", "")


def test_a_file_of_another_name_may_have_the_prefix(tmp_path: Path) -> None:
    """As one copied out of a pyproject.toml has."""
    assert read(write(tmp_path, '[tool.edgelint]\nfail-on = "never"', "strict.toml")).demands.fail_on == "never"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """As ``--policy`` may name any file."""
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "none.toml")
