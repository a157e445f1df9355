"""Cases, evidence files and the command that joins them."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from checker import schema
from checker.errors import InputError
from checker.probes import catalogue, evidence, questions, weights
from checker.probes.cases import build
from checker.probes.evidence import Log, answer, key, question
from checker.probes.session import Session, output_of, targets_of
from checker.probes.toolchain import About, Case, Observation

ROOT = Path(__file__).resolve().parent.parent
TYPED = About("acmec", "ask_acme", {"acme-one": "1", "acme-two": "2"}, ("fp32", "fp16", "int8"), "ours")
CONVERTS = About("acmec", "ask_acme", {"acme-one": "1"}, ("fp16", "int8"), "ours", ("fp16", "int8"))

BODIES = frozenset({"If", "Loop", "Scan", "SequenceMap", "Constant"})
"""Operators with a graph or a tensor for an attribute: asked about in whole networks only."""

NOT_TENSORS = ("Optional", "Sequence", "ConcatFromSequence", "SplitToSequence", "String", "Regex")


def asks(op: str, dtype: str = "float32") -> dict[str, Any]:
    """Describe a model of one operator."""
    return {"op": op, "opset": 17, "inputs": [{"name": "X", "dtype": dtype, "shape": [1, 3]}]}


class Fake:
    """A compiler that takes Relu and counts how often it was asked."""

    def __init__(self, about: About = TYPED) -> None:
        """Start with nothing asked."""
        self.about, self.asked = about, 0

    def version(self) -> str:
        """Return a version."""
        return "1.0"

    def targets(self) -> tuple[str, ...]:
        """Return the targets."""
        return tuple(self.about.chips)

    def run(self, case: Case) -> Observation:
        """Answer; a case without a model is a ValueError, Sin interrupts."""
        self.asked += 1
        op = (case.asked or {}).get("op")
        if op == "Sin":
            raise KeyboardInterrupt
        if op == "Nothing":
            raise ValueError("no such operator")
        return Observation("native") if op == "Relu" else Observation("host", "on the CPU", culprits={"exNorm": 2})

    def close(self) -> None:
        """Do nothing."""


def header(version: str = "1.0", target: str = "acme-one") -> dict[str, Any]:
    """Make a header."""
    return evidence.header(TYPED, version, target, host="x86-64 Linux", date="2026-11-24")


class TestLog:
    """Answers are appended one by one."""

    def test_what_is_answered_is_not_asked_again(self, tmp_path: Path) -> None:
        """A second run asks the rest only, and the file ends up as if there had been one run."""
        path = tmp_path / "a" / "one.jsonl"
        cases = [Case(f"c{n}", "acme-one", "fp32", asks(op)) for n, op in enumerate(["Relu", "Abs", "Exp"])]
        for limit, expected in ((2, 2), (None, 1), (None, 0)):
            log, fake = Log(path), Fake()
            log.open(header())
            session = Session(fake, "acme-one", log)
            session.ask_cases(session.pending(cases, limit), lambda _case, _answer: None)
            log.close()
            assert fake.asked == expected
        read = evidence.read(path)
        assert read.header["toolchain"] == "acmec"
        assert [record["answer"] for record in read.ops] == ["native", "host", "host"]

    def test_a_line_that_was_cut_off_is_asked_again(self, tmp_path: Path) -> None:
        """An interruption in the middle of a line costs that answer and nothing else."""
        path = tmp_path / "one.jsonl"
        log = Log(path)
        log.open(header())
        first = Case("c0", "acme-one", "fp32", asks("Relu"))
        log.add(answer(first, Observation("native"), {}))
        log.close()
        path.write_text(path.read_text() + '{"record":"op","case":"c1","pre')
        assert len(evidence.read(path).ops) == 1
        log = Log(path)
        log.open(header())
        log.add(answer(Case("c1", "acme-one", "fp32", asks("Abs")), Observation("native"), {}))
        log.close()
        assert [record["case"] for record in evidence.read(path).ops] == ["c0", "c1"]

    @pytest.mark.parametrize(("version", "target"), [("2.0", "acme-one"), ("1.0", "acme-two")])
    def test_another_compilers_file_is_refused(self, tmp_path: Path, version: str, target: str) -> None:
        """Answers of two versions or two chips are never mixed."""
        path = tmp_path / "one.jsonl"
        log = Log(path)
        log.open(header())
        log.close()
        with pytest.raises(InputError, match="name another file"):
            Log(path).open(header(version, target))

    def test_an_interrupted_run_keeps_what_was_said(self, tmp_path: Path) -> None:
        """Ctrl-C comes between two answers."""
        log = Log(tmp_path / "one.jsonl")
        log.open(header())
        session = Session(Fake(), "acme-one", log)
        cases = [Case(op, "acme-one", "fp32", asks(op)) for op in ("Relu", "Sin", "Abs")]
        with pytest.raises(KeyboardInterrupt):
            session.ask_cases(cases, lambda _case, _answer: None)
        log.close()
        assert [record["case"] for record in evidence.read(log.path).ops] == ["Relu"]

    def test_a_case_that_describes_no_model_is_told_and_not_recorded(self, tmp_path: Path) -> None:
        """It is our fault, not the compiler's answer."""
        log = Log(tmp_path / "one.jsonl")
        log.open(header())
        session = Session(Fake(), "acme-one", log)
        session.ask_cases([Case("c", "acme-one", "fp32", asks("Nothing"))], lambda _case, _answer: None)
        log.close()
        assert "1 describe no model (c: no such operator)" in str(session)
        assert evidence.read(log.path).ops == ()

    def test_compressed_evidence_reads_alike(self, tmp_path: Path) -> None:
        """Large files are kept as .xz; they cannot be added to."""
        text = "".join(
            json.dumps(line) + "\n" for line in (header(), {"record": "op", "case": "c", "answer": "native"})
        )
        path = tmp_path / "one.jsonl.xz"
        path.write_bytes(lzma.compress(text.encode()))
        assert len(evidence.read(path).ops) == 1
        with pytest.raises(InputError, match="unpack it first"):
            Log(path).open(header())

    @pytest.mark.parametrize("line", ["nothing", "[]", '{"record": "what"}'])
    def test_a_damaged_file_is_one_line(self, tmp_path: Path, line: str) -> None:
        """The line's number is named."""
        path = tmp_path / "one.jsonl"
        path.write_text(json.dumps(header()) + "\n" + line + "\n")
        with pytest.raises(InputError, match="line 2"):
            evidence.read(path)


class TestRecords:
    """What is written down."""

    @pytest.mark.parametrize(
        ("outcome", "word"),
        [
            ("native", "ALL"),
            ("decomposed", "ALL"),
            ("host", "PARTIAL"),
            ("refused", "REFUSED"),
            ("compiler-error", "REFUSED"),
            ("crashed", "CRASH"),
            ("memory", "CRASH"),
            ("timeout", "TIMEOUT"),
        ],
    )
    def test_an_answer_to_a_network_is_one_of_five(self, outcome: Any, word: str) -> None:
        """Small models keep the finer word."""
        network = Case("net", "acme-one", "fp16", path=Path("net.onnx"))
        assert answer(network, Observation(outcome), {})["answer"] == word
        assert answer(Case("c", "acme-one", "fp16", asks("Relu")), Observation(outcome), {})["answer"] == outcome

    def test_culprits_get_the_names_of_onnx(self) -> None:
        """Two of the toolchain's operators may be one of ONNX, and some are no culprits."""
        network = Case("net", "acme-one", "fp16", path=Path("net.onnx"))
        culprits = {"exNorm": 2, "exNorm2": 1, "Convert": 4, "Erf": 1}
        names = {"exNorm": "LayerNormalization", "exNorm2": "LayerNormalization", "Convert": ""}
        record = answer(network, Observation("host", culprits=culprits), names)
        assert record["culprits"] == [{"op": "Erf", "count": 1}, {"op": "LayerNormalization", "count": 3}]

    def test_a_workaround_makes_another_question(self) -> None:
        """The same model with a disabled rule is asked about separately."""
        plain, other = (Case("c", "acme-one", "fp16", asks("Relu"), variant=v) for v in ({}, {"disable_rules": ["x"]}))
        assert key(question(plain)) != key(question(other))
        assert question(other)["variant"] == {"disable_rules": ["x"]}


class TestQuestions:
    """From what is named to what is asked."""

    def test_recorded_precisions_are_asked_again_as_they_are(self) -> None:
        """Evidence re-asks itself."""
        recorded = [{"case": "c", "asked": asks("Relu"), "precision": "int8"}]
        assert [case.precision for case in questions.cases(recorded, CONVERTS, "acme-one")] == ["int8"]

    def test_a_compiler_that_converts_is_asked_at_every_precision(self) -> None:
        """A float model is asked about as each that it makes of it; --precision chooses."""
        recorded = [{"case": "c", "asked": asks("Relu")}, {"case": "same", "asked": asks("Relu"), "precision": "fp32"}]
        found = list(questions.cases(recorded[:1], CONVERTS, "acme-one"))
        assert [case.precision for case in found] == ["fp16", "int8"]
        assert [c.precision for c in questions.cases(recorded[1:], CONVERTS, "acme-one", ["int8"])] == ["int8"]

    def test_a_target_is_not_asked_about_what_it_lacks(self) -> None:
        """One chip of a family may have no floating point."""
        lacks = {"acme-one": frozenset({"fp16"})}
        about = About("acmec", "ask_acme", {"acme-one": "1"}, ("fp16", "int8"), "ours", ("fp16", "int8"), lacks)
        recorded = [{"case": "c", "asked": asks("Relu")}, {"case": "d", "asked": asks("Abs"), "precision": "fp16"}]
        assert [case.precision for case in questions.cases(recorded, about, "acme-one")] == ["int8", "int8"]

    @pytest.mark.parametrize(
        ("asked", "precision"),
        [
            (asks("Relu"), "fp32"),
            (asks("Relu", "float16"), "fp16"),
            (asks("QuantizeLinear"), "int8"),
            ({"text": "g (float16[1] x) => (float16[1] y) { y = Relu (x) }"}, "fp16"),
        ],
    )
    def test_a_typed_compilers_precision_is_that_of_the_model(self, asked: dict[str, Any], precision: str) -> None:
        """It is not asked about what it does not do."""
        (found,) = questions.cases([{"case": "c", "asked": asked}], TYPED, "acme-one")
        assert found.precision == precision

    def test_the_same_question_is_asked_once(self) -> None:
        """Two files may hold it."""
        recorded = [{"case": "c", "asked": asks("Relu"), "precision": "fp32"}] * 2
        assert len(list(questions.cases(recorded, TYPED, "acme-one"))) == 1

    @pytest.mark.parametrize("path", evidence.files(), ids=lambda path: f"{path.parent.name}/{path.name}")
    def test_shipped_evidence_re_asks_exactly_what_it_records(self, path: Path) -> None:
        """`edgelint probe X --cases FILE` asks the recorded questions, all of them and no other."""
        recorded = evidence.read(path).ops
        offered = tuple({record["precision"]: None for record in recorded})
        about = About("x", "x", {"x": "x"}, offered, "")
        found = questions.cases(questions.from_files(path), about, "x")
        assert {key(question(case)) for case in found} == {key(record) for record in recorded}

    def test_bad_names_are_one_line(self, tmp_path: Path) -> None:
        """Files, folders, targets and outputs."""
        (tmp_path / "empty").mkdir()
        (tmp_path / "bad.jsonl").write_text('{"case": "c"}\n')
        for path, words in (("none", "no such file"), ("empty", "no .jsonl"), ("bad.jsonl", "line 1: a case needs")):
            with pytest.raises(InputError, match=words):
                list(questions.from_files(tmp_path / path))
        with pytest.raises(InputError, match=r"no \.onnx"):
            questions.network_files(tmp_path / "empty")
        with pytest.raises(InputError, match="does not compile for `acme-9`"):
            targets_of(Fake(), ["acme-9"])
        with pytest.raises(InputError, match="one file for 2 targets"):
            output_of("x.jsonl", Fake(), ["acme-one", "acme-two"])
        assert output_of("out", Fake(), ["acme-two"]) == {"acme-two": Path("out/acme-two/acmec-1.0.jsonl")}


class TestCatalogue:
    """What is asked where nothing is named."""

    def test_every_described_case_is_a_model(self) -> None:
        """Types and shapes infer, for every version, type and change."""
        found = list(catalogue.described())
        assert len(found) > 3000
        for case in found:
            build(case["asked"])

    def test_ids_are_unique_and_the_order_is_fixed(self) -> None:
        """A case's id names one model, and two runs ask the same."""
        found = list(catalogue.described())
        assert len({case["case"] for case in found}) == len(found)
        assert found == list(catalogue.described())

    def test_a_model_is_described_byte_for_byte(self) -> None:
        """The same id regenerates the same bytes."""
        case = next(case for case in catalogue.described() if case["case"].endswith("depthwise"))
        assert build(case["asked"]).SerializeToString() == build(dict(case["asked"])).SerializeToString()

    def test_limits_are_asked_on_both_sides(self) -> None:
        """Constant and dynamic weights, ranks, strides, axes, symbolic sizes, an input that is left out."""
        found = {case["case"]: case["asked"] for case in catalogue.described()}
        assert found["Conv-11/limit-strides=4_4"]["attrs"]["strides"] == [4, 4]
        assert "const" not in found["Conv-11/limit-W=T_16x16x3x3"]["inputs"][1]
        assert len(found["Conv-11/limit-B=absent"]["inputs"]) == 2
        assert found["Conv-22/limit-X=T_Nx16x32x32"]["inputs"][0]["shape"] == ["N", 16, 32, 32]
        assert found["Clip-13/limit-min=absent"]["inputs"][1] is None
        assert found["Softmax-13/limit-base-float16"]["inputs"][0]["dtype"] == "float16"
        assert "AveragePool-7/limit-base" in found
        assert "mode" in found["DepthToSpace-13/limit-base"]["attrs"]

    def test_what_was_ever_asked_is_in_it(self) -> None:
        """A new toolchain is asked what the others were."""
        every = {json.dumps(case["asked"], sort_keys=True) for case in catalogue.every()}
        for path in evidence.files():
            for record in evidence.read(path).ops:
                assert record.get("variant") or json.dumps(record["asked"], sort_keys=True) in every

    def test_operators_and_versions_are_covered(self) -> None:
        """Every ONNX operator on tensors has a case at every schema version in force from opset 7 on."""
        onnx = pytest.importorskip("onnx")
        found = [
            case["asked"] for case in catalogue.every() if "op" in case["asked"] and not case["asked"].get("domain")
        ]
        schemas = {(asked["op"], schema.find(asked["op"], "", asked["opset"])) for asked in found}
        covered = {(op, each.since) for op, each in schemas if each is not None}
        known = {each.name for each in onnx.defs.get_all_schemas() if each.domain == "" and not each.deprecated}
        missing = {
            f"{op}-{since}"
            for op in known
            if op not in BODIES and not op.startswith(NOT_TENSORS)
            for since in catalogue.versions(op, "")
            if (op, since) not in covered
        }
        assert missing == set()

    @pytest.mark.parametrize("key", ["inputs", "types"])
    def test_a_misspelt_key_is_told(self, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Otherwise its cases would be missing and nobody would know."""
        monkeypatch.setattr(evidence, "folder", lambda: tmp_path)
        (tmp_path / "cases").mkdir()
        (tmp_path / "cases" / "a.toml").write_text(f'[[op]]\nname = "Relu"\ninputs = ["X: T 1"]\n{key}s = []\n')
        with pytest.raises(InputError, match=f"Relu: unknown key `{key}s`"):
            list(catalogue.described())


class TestWeights:
    """Networks that come without their weights."""

    def lacking(self, folder: Path) -> Path:
        """Write a network of which two weights lie, at one place, in a file that is not there."""
        import onnx
        from onnx import helper

        tensors = []
        for name, kind, dims in (("w", 1, [300]), ("i", 7, [200])):
            tensor = onnx.TensorProto(name=name, data_type=kind, dims=dims, data_location=1)
            tensor.external_data.add(key="location", value="gone.bin")
            tensors.append(tensor)
        x = helper.make_tensor_value_info("x", 1, [300])
        y = helper.make_tensor_value_info("y", 1, None)
        nodes = [helper.make_node("Add", ["x", "w"], ["a"]), helper.make_node("Gather", ["a", "i"], ["y"])]
        graph = helper.make_graph(nodes, "g", [x], [y], tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = folder / "shipped__net.onnx.xz"
        path.write_bytes(lzma.compress(model.SerializeToString()))
        return path

    def test_absent_weights_are_small_positive_and_the_same_everywhere(self, tmp_path: Path) -> None:
        """Each tensor has bytes of its own; integers are legal indices."""
        import onnx
        from onnx import numpy_helper

        path = self.lacking(tmp_path)
        found = []
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            ready = weights.supply(path, tmp_path / name)
            assert ready.name == "net.onnx"
            model = onnx.load(str(ready))
            found.append([numpy_helper.to_array(tensor) for tensor in model.graph.initializer])
            weights.remove(ready, path)
            assert list((tmp_path / name).iterdir()) == []
        (floats, indices), again = found
        assert (floats == again[0]).all()
        assert floats.min() >= weights.LOW
        assert floats.max() <= weights.HIGH
        assert len(set(floats.tolist())) > 200
        assert set(indices.tolist()) == {1}

    def test_a_network_that_lacks_nothing_is_asked_about_as_it_is(self, tmp_path: Path) -> None:
        """No copy is made of it."""
        path = tmp_path / "whole.onnx"
        path.write_bytes(build(asks("Relu")).SerializeToString())
        assert weights.supply(path, tmp_path / "nowhere") == path

    @pytest.mark.parametrize("data", [b"", b"no model"])
    def test_what_is_no_model_is_one_line(self, tmp_path: Path, data: bytes) -> None:
        """The file is named."""
        path = tmp_path / "bad.onnx.xz"
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"bad\.onnx\.xz: not a readable ONNX model"):
            weights.supply(path, tmp_path)
