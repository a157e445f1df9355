"""Write docs/recognition.md: how many layers torch ran, and how many of them are recognised in the exported files.

Run ``python docs/make_recognition.py CORPUS`` where CORPUS is the folder with ``INDEX.tsv``, ``truth.tsv`` and
``graphs/``; without a corpus the page is left as it is.
"""

from __future__ import annotations

import csv
import lzma
import sys
from collections import Counter, defaultdict
from pathlib import Path

from checker.composites import raise_composites
from checker.load import load_model

HERE = Path(__file__).parent

INTRODUCTION = """
How many layers torch ran, and how many of them `edgelint` recognises in the exported files. *Expected* is the number
of calls of torch's functions in one forward pass of the very module that was exported; *found* is from the file alone.
*Not in the file*: torch ran it, and the exporter, a quantizer or constant folding left nothing of it to run; these are
taken off *expected* in the tables of sums, and named one by one below.

Written by `docs/make_recognition.py` from the development corpus (the files whose architecture has such a count).
"""

FAMILIES = """
Networks that are not in the corpus, exported afresh with torch 2.13 (timm and transformers, random weights): expected
are the operators that torch's dispatcher saw, and calls of modules for blocks that have no operator of their own.

This is no blind test: what was missed at first mended the matchers. Missed at first were the attention of DeBERTa-v2
(dynamo leaves a Dropout between softmax and product), of MViT-v2 (a bias written into the scores by ScatterND) and of
ConViT (weights mixed with a second map and renormalised), a GroupNorm with one channel in each group (wav2vec2), and
one false pixel shuffle (NesT's blocks).
"""

COLUMNS = {
    "LayerNormalization": ("layer_norm",),
    "RMSNormalization": ("rms_norm", "rms_py"),
    "GroupNormalization": ("group_norm",),
    "InstanceNormalization": ("instance_norm",),
    "LpNormalization": ("normalize",),
    "Gelu": ("gelu_erf", "gelu_tanh", "gelu_py"),
    "QuickGelu": ("quick_gelu",),
    "Swish": ("silu",),
    "HardSwish": ("hardswish",),
    "HardSigmoid": ("hardsigmoid",),
    "Mish": ("mish",),
    "Relu6": ("relu6", "relu6_clamp"),
    "Softmax": ("softmax", "sdpa"),
    "Attention": ("attn_cores",),
    "TalkingHeadsAttention": ("attn_talking_heads",),
    "LinearAttention": ("attn_linear",),
    "RotaryEmbedding": ("rope_tensors",),
    "PatchEmbedding": ("conv2d_patch",),
    "DepthToSpace": ("pixel_shuffle",),
    "SpaceToDepth": ("pixel_unshuffle",),
    "LSTM": ("lstm_layers",),
    "GRU": ("gru_layers",),
}
"""The columns of the truth table that count a kind."""

QUANTIZED = "the quantizer took it out: the range of the Q/DQ pair, or of the integer operator, clips"
CONSTANT = "of constants only (the first self-attention of the decoder): folded by the loader"
GONE = (
    (("mobilenetv2_100__ts17_q",), {"Relu6"}, 35, QUANTIZED),
    (("detr_",), {"Attention", "Softmax", "LayerNormalization"}, 1, CONSTANT),
    (("beit", "clip_vision", "dpt", "hiera"), {"LayerNormalization"}, 1, "its result is not asked for: not exported"),
    (("gptneox",), {"LayerNormalization"}, 2, "same input and equal weights as another: merged by the exporter"),
    (("convit",), {"Softmax"}, 10, "of relative positions only, constants: folded"),
    (("perceiver",), {"LayerNormalization"}, 1, "of the learned latents, constants only: folded"),
)
"""What torch ran and the file does not hold as work to do: how its name begins, kinds, how many at most, and why."""

Row = tuple[str, str, str, str, int, int]
"""File, exporter, opset of the file, kind, expected, found."""


def expected(truth: dict[str, str], operators: int) -> Counter[str]:
    """Return the count of each kind that torch ran and the exporter kept."""
    dead: Counter[str] = Counter()
    for part in filter(None, (truth.get("dead") or "").split(", ")):
        name, _, count = part.rpartition(" ")
        dead[name] = int(count)
    wanted = Counter({kind: sum(int(truth[c] or 0) - dead[c] for c in columns) for kind, columns in COLUMNS.items()})
    wanted["Softmax"] -= operators  # an Attention operator holds its softmax
    return wanted


def compare(corpus: Path) -> list[Row]:
    """Return (file, exporter, opset, kind, expected, found) for every file whose architecture has a truth row."""
    with (corpus / "truth.tsv").open(encoding="utf-8") as file:
        truths = {row["arch"]: row for row in csv.DictReader(file, delimiter="\t")}
    with (corpus / "INDEX.tsv").open(encoding="utf-8") as file:
        index = list(csv.DictReader(file, delimiter="\t"))
    rows = []
    for entry in index:
        arch = entry["architecture"]
        if "unfused" in entry["file"] and f"{arch}#unfused" in truths:
            arch = f"{arch}#unfused"
        if arch not in truths:
            continue
        with lzma.open(corpus / "graphs" / entry["file"]) as stored:
            graph = load_model(stored.read())
        found = raise_composites(graph)
        kinds = Counter(each.kind for each in found)
        operators = sum(each.kind == "Attention" and each.form == "operator" for each in found)
        wanted = expected(truths[arch], operators)
        name = entry["file"].removesuffix(".onnx.xz")
        rows += [(name, entry["exporter"], entry["opset"], kind, wanted[kind], kinds[kind]) for kind in COLUMNS]
    return rows


def gone(row: Row) -> tuple[int, str]:
    """Return how many fewer the file may have than torch ran, and why; what is short beyond that is a miss."""
    name, kind = row[0], row[3]
    found = ((most, why) for marks, kinds, most, why in GONE if kind in kinds and name.startswith(marks))
    return next(found, (0, ""))


def table(rows: list[Row], *keys: int) -> list[str]:
    """Return a Markdown table grouped by columns of the comparison."""
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for row in rows:
        wanted, got = row[4], row[5]
        short = max(0, wanted - got)
        away = min(short, gone(row)[0])
        numbers = (wanted - away, got, short - away, max(0, got - wanted), away)
        for position, number in enumerate(numbers):
            sums[tuple(row[key] for key in keys)][position] += number
    heads = " | ".join(("file", "exporter", "opset", "kind")[key] for key in keys)
    lines = [f"| {heads} | expected | found | missed | false | recall | precision | not in the file |"]
    lines.append("|" + "---|" * (len(keys) + 7))
    total = [sum(each[i] for each in sums.values()) for i in range(5)]
    ordered = sorted(sums.items(), key=lambda item: [(len(key), key) if key.isdigit() else (0, key) for key in item[0]])
    for name, (wanted, got, missed, false, away) in [*ordered, (("all",) + ("",) * (len(keys) - 1), total)]:
        if wanted or got or away:
            recall = f"{(wanted - missed) / wanted:.2%}" if wanted else "-"
            precision = f"{(got - false) / got:.2%}" if got else "-"
            numbers = f"{wanted} | {got} | {missed} | {false} | {recall} | {precision} | {away or ''}"
            lines.append(f"| {' | '.join(name)} | {numbers} |")
    return lines


def differences(rows: list[Row]) -> list[str]:
    """Name every file and kind whose counts differ, with the cause where it is known."""
    lines = ["| file | exporter | opset | kind | expected | found | cause |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        short, (most, why) = row[4] - row[5], gone(row)
        if short:
            cause = "false" if short < 0 else why if short <= most else "missed"
            lines.append(f"| {' | '.join(str(each) for each in row)} | {cause} |")
    return lines


def overall(rows: list[Row]) -> str:
    """Return one sentence of totals in which nothing is excused."""
    wanted, short = sum(row[4] for row in rows), sum(max(0, row[4] - row[5]) for row in rows)
    share = f"{(wanted - short) / wanted:.2%}"
    return f"Of {wanted} calls, {wanted - short} are found ({share}), all differences counted as misses."


def families() -> list[Row]:
    """Return the comparison on families outside the corpus, as it was measured."""
    with (HERE / "recognition_families.tsv").open(encoding="utf-8") as file:
        return [
            (row["network"], row["exporter"], row["opset"], row["kind"], int(row["expected"]), int(row["found"]))
            for row in csv.DictReader(file, delimiter="\t")
        ]


def main() -> int:
    """Compare and write the page."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "shared" / "corpus")
    if not (corpus / "truth.tsv").is_file():
        print(f"{corpus}: no corpus there; docs/recognition.md is left as it is")
        return 0
    rows = compare(corpus)
    page = ["# Recognition", "", *INTRODUCTION.strip().splitlines(), "", overall(rows), ""]
    for title, keys in (
        ("By kind", (3,)),
        ("By exporter", (1,)),
        ("By opset that the file declares", (2,)),
        ("By kind and exporter", (3, 1)),
        ("By kind and opset", (3, 2)),
    ):
        page += [f"## {title}", "", *table(rows, *keys), ""]
    page += ["## Where the counts differ", "", *differences(rows), ""]
    others = families()
    page += ["## Other families", "", *FAMILIES.strip().splitlines(), "", overall(others), "", *table(others, 3), ""]
    page += [*table(others, 0), "", *differences(others), ""]
    (HERE / "recognition.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
