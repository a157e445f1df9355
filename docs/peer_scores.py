"""The section of docs/agreement.md on other checkers: the same networks, the same compilers, the same counting.

Their answers lie under ``opsets/evidence/peers/<target>/``, asked with ``edgelint probe``; how an answer of theirs is
read stands in ``checker/probes/<tool>.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from table_lines import head, row

from checker import agreement
from checker.agreement import ALL, CLASSES, UNKNOWN, Pair, Score, percent
from checker.probes import evidence
from checker.probes.evidence import Evidence, Record

PEERS = evidence.folder() / "peers"

INTRO = """
## Peers

Other programs that say beforehand whether a network will run, on the same networks, against the same compilers, with
the same counting. They were asked with `edgelint probe` (each file with its weights, made up where it has none). Only
networks are counted of which the compiler was asked too. Some were asked about a sample only, since they are slow: the
files in that sample, one in five, were drawn by a checksum of their names before any answer was known.

- **trtcheck 1.1.0**: its analysis for TensorRT 10.3, the newest release that it models. `blocked` is REFUSED, by the
  operators of its critical issues; `likely` is ALL; `unverified` (no known blocker, but conditions that it cannot
  settle) is no answer.
- **winml-cli 0.4.0**: the analyzer of `winml analyze`, for QNN on the NPU, OpenVINO on the CPU and TensorRT-RTX on the
  GPU, on the file after ONNX Runtime's basic optimisation. Every pattern `supported` is ALL. Something `unsupported` or
  `partial` is left to the host: PARTIAL on Hexagon, REFUSED where there is no host. Otherwise something `unknown` is no
  answer.

Mind what each is made for. TensorRT-RTX is not among the releases that trtcheck models; it is the only TensorRT that
answers here. winml-cli's rules are tables of what compiled and ran on devices of its authors, with drivers that its
answers do not name; it means what a provider takes inside ONNX Runtime, while OpenVINO and TensorRT-RTX were asked
directly here. Both say so where they do not know, which is to their credit; the rows marked *lenient* count that as
ALL, as a reader in a hurry would. Our tables were written by people who knew most of these networks, theirs were not:
read our rows with what stands at the top of this page.
"""

ALONE = """
### Peers without a compiler

No compiler for these targets answers here, so nobody is scored. What can be counted is where such a checker contradicts
the notes in its own list of operators, which it prints ("may result in a node not actually being supported") and does
not check; our tables of the same targets hold the same notes as conditions. (A BatchNormalization, a
HardSwish or a HardSigmoid below is no contradiction: the checker looks after ONNX Runtime's basic
optimisation, which folds or rewrites them, and our tables look at the file.)

- **ONNX Runtime's mobile usability checker 1.32.0** (`onnxruntime.tools.check_onnx_model_mobile_usability`): for NNAPI,
  and for CoreML as ML Program, with fixed input sizes required, as it does first. Every node supported is ALL,
  otherwise PARTIAL.
- **onnxsim 0.8.1** (`check_onnx_for_edgetpu`), on the simplified file. An error is REFUSED; a warning is PARTIAL; only
  notes are ALL.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One peer about one target, beside the compiler and us."""

    file: Evidence
    theirs: tuple[Pair, ...]
    """The compiler's answer, and the peer's in the place of ours."""
    ours: tuple[Pair, ...]
    """The same networks in the same order: the compiler's answer, and ours."""

    @property
    def name(self) -> str:
        """The tool and its version."""
        return f"{self.file.header['toolchain']} {self.file.header['version']}"

    @property
    def target(self) -> str:
        """The id of the target."""
        return str(self.file.header["target"])


def files() -> tuple[Evidence, ...]:
    """Return what the peers answered."""
    return tuple(evidence.read(path) for path in evidence.files(PEERS)) if PEERS.is_dir() else ()


def asked(file: Evidence, pairs: Sequence[Pair]) -> Asked:
    """Put a peer's answers in the place of ours, where the compiler gave an answer that counts."""
    said = {record["network"]: record for record in file.networks}
    ours = tuple(pair for pair in pairs if pair.name in said and pair.theirs in CLASSES)
    return Asked(file, tuple(_answered(pair, said[pair.name]) for pair in ours), ours)


def section(measured: Mapping[str, Sequence[Pair]], alone: Mapping[str, Sequence[Pair]]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        measured: by target, our pairs with its compiler.
        alone: by path of a peer's file about a target without a compiler, pairs of the peer's answer and ours.
    """
    found = files()
    compared = [asked(file, measured[file.header["target"]]) for file in found if file.header["target"] in measured]
    compared = [each for each in compared if each.ours]
    if compared:
        yield INTRO
        yield from scores(compared)
    contradicting = [file for file in found if str(file.path) in alone]
    if contradicting:
        yield ALONE
        for file in contradicting:
            yield from contradictions(file, alone[str(file.path)])


def scores(compared: Sequence[Asked]) -> Iterator[str]:
    """Yield the tables of those that are scored."""
    yield from head(
        "target", "who", "networks", "answered", "right", "balanced", "false READY", "culprit precision", "recall"
    )
    for each in compared:
        lenient = [replace(pair, ours=ALL) if pair.ours == UNKNOWN else pair for pair in each.theirs]
        yield row(each.target, each.name, *_figures(agreement.score(each.theirs)))
        yield row(each.target, f"{each.name}, lenient", *_figures(agreement.score(lenient)))
        yield row(each.target, "edgelint", *_figures(agreement.score(each.ours)))
    yield "\nOnly where both answer:\n"
    yield from head("target", "peer", "networks", "peer right", "peer balanced", "edgelint right", "balanced")
    for each in compared:
        both = [(a, b) for a, b in zip(each.theirs, each.ours, strict=True) if {a.ours, b.ours} <= {*CLASSES}]
        peer, we = (agreement.score(pair[at] for pair in both) for at in (0, 1))
        numbers = (peer.accuracy, percent(peer.balanced), we.accuracy, percent(we.balanced))
        yield row(each.target, each.name, len(both), *numbers)
    for each in compared:
        yield from _wrong(each)


def contradictions(file: Evidence, pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield what a peer says of a target without a compiler, and where its own notes say otherwise."""
    header = file.header
    yield f"\n#### {header['toolchain']} {header['version']}, {header['target']}\n"
    counts = Counter(str(record["answer"]) for record in file.networks)
    listed = ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))
    yield f"Asked about {len(file.networks)} networks: {listed}."
    whole = [pair for pair in pairs if pair.theirs == ALL]
    against = [pair for pair in whole if pair.ours not in {ALL, UNKNOWN}]
    ours = Counter(pair.ours for pair in whole)
    agreed = f"Of those that it takes whole our table takes {ours[ALL]}, and has no answer to {ours[UNKNOWN]}"
    yield f"{agreed}; it does not take whole:\n" if against else f"{agreed}."
    for pair in sorted(against, key=lambda each: each.name):
        named = ", ".join(sorted(pair.our_culprits)) or "no single operator"
        yield f"- {pair.name}: {pair.ours} ({named})"


def _answered(pair: Pair, record: Record) -> Pair:
    culprits = frozenset(each["op"] for each in record.get("culprits") or ())
    return replace(pair, ours=record["answer"], our_culprits=culprits)


def _figures(score: Score) -> tuple[object, ...]:
    return (
        len(score.scored),
        score.answered_share,
        score.accuracy,
        percent(score.balanced),
        len(score.false_ready),
        score.culprit_precision,
        score.culprit_recall,
    )


def _wrong(each: Asked) -> Iterator[str]:
    """Name the networks on which a peer differs from the compiler, by what either said."""
    differing: dict[tuple[str, str], set[str]] = {}
    for pair in agreement.score(each.theirs).wrong:
        differing.setdefault((pair.theirs, pair.ours), set()).add(pair.name)
    if differing:
        yield f"\n{each.name} on {each.target}, other than the compiler:\n"
    for (theirs, ours), names in sorted(differing.items()):
        yield f"- the compiler {theirs}, the peer {ours} ({len(names)}): {', '.join(sorted(names))}"
