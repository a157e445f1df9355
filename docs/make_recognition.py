"""Write docs/recognition.md: how many layers torch ran, and how many of them are recognised in the exported files.

The expected counts come from ``truth.tsv`` of the development corpus (calls of torch's functions in one forward pass of
the very module that was exported); the found ones from the files alone.  Run ``python docs/make_recognition.py
CORPUS`` where CORPUS is the folder with ``INDEX.tsv``, ``truth.tsv`` and ``graphs/``.
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
CAUSES = ((("_qdq", "_qop"), {"Relu6"}, QUANTIZED), (("detr_",), {"Attention", "Softmax", "LayerNormalization"}, CONSTANT))


def expected(truth: dict[str, str], kinds: Counter[str], operators: int) -> Counter[str]:
    """Return the count of each kind that torch ran and the exporter kept."""
    dead: Counter[str] = Counter()
    for part in filter(None, (truth.get("dead") or "").split(", ")):
        name, _, count = part.rpartition(" ")
        dead[name] = int(count)
    wanted = Counter({kind: sum(int(truth[c] or 0) - dead[c] for c in columns) for kind, columns in COLUMNS.items()})
    wanted["Softmax"] -= operators  # an Attention operator holds its softmax
    del kinds
    return wanted


def compare(corpus: Path) -> list[tuple[str, str, str, str, int, int]]:
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
        wanted = expected(truths[arch], kinds, operators)
        name = entry["file"].removesuffix(".onnx.xz")
        rows += [(name, entry["exporter"], entry["opset"], kind, wanted[kind], kinds[kind]) for kind in COLUMNS]
    return rows


def table(rows: list[tuple[str, str, str, str, int, int]], key: int) -> list[str]:
    """Return a Markdown table grouped by one column of the comparison."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        wanted, got = row[4], row[5]
        for position, number in enumerate((wanted, got, max(0, wanted - got), max(0, got - wanted))):
            sums[row[key]][position] += number
    lines = ["| | expected | found | missed | false | recall | precision |", "|---|---|---|---|---|---|---|"]
    total = [sum(each[i] for each in sums.values()) for i in range(4)]
    for name, (wanted, got, missed, false) in [*sorted(sums.items()), ("all", total)]:
        if wanted or got:
            recall = f"{(wanted - missed) / wanted:.2%}" if wanted else "-"
            precision = f"{(got - false) / got:.2%}" if got else "-"
            lines.append(f"| {name} | {wanted} | {got} | {missed} | {false} | {recall} | {precision} |")
    return lines


def misses(rows: list[tuple[str, str, str, str, int, int]]) -> list[str]:
    """Name every file and kind whose counts differ, with the cause where it is known."""
    lines = ["| file | kind | expected | found | cause |", "|---|---|---|---|---|"]
    for name, _, _, kind, wanted, got in rows:
        if wanted != got:
            cause = next((why for marks, kinds, why in CAUSES if kind in kinds and any(m in name for m in marks)), "")
            lines.append(f"| {name} | {kind} | {wanted} | {got} | {cause} |")
    return lines


def main() -> int:
    """Compare and write the page."""
    corpus = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "shared" / "corpus")
    if not (corpus / "truth.tsv").is_file():
        print(f"{corpus}: no corpus there; docs/recognition.md is left as it is")
        return 0
    rows = compare(corpus)
    page = ["# Recognition", "", *(__doc__ or "").strip().splitlines()[2:], ""]
    for title, key in (("By kind", 3), ("By exporter", 1), ("By opset of the file", 2)):
        page += [f"## {title}", "", *table(rows, key), ""]
    page += ["## Where the counts differ", "", *misses(rows), ""]
    (HERE / "recognition.md").write_text("\n".join(page), encoding="utf-8")
    print("\n".join(page))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
