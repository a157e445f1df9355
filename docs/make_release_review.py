"""Write docs/release-review.md: a release review as a reviewer would do it, every command run and its output kept.

Needs torch.  ``PYTHONPATH=. python docs/make_release_review.py``
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PAGE = DOCS / "release-review.md"
TODAY = "2026-11-24"
EXPECTED = [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
"""Exit codes of the commands, in order: the words of the page are about these."""

POLICY = """targets = ["rockchip-rk3588", "qualcomm-hexagon-v73"]
fail-on = "fallback"

[limits]
min-macs-on-accelerator = 0.99
max-weight-bytes = "1 MiB"
grades = ["measured"]
"""

WAIVER = """
[[waiver]]
models  = "detector.onnx"
target  = "rockchip-rk3588"
rule    = "placement/fallback"
op      = ["ReduceMax", "ArgMax", "Cast"]
reason  = "the application looks at every cell on the host anyway"
owner   = "ada@example.org"
expires = 2027-02-28
"""

PYTEST = """from checker.testing import assert_deployable


def test_the_detector_runs_on_the_board():
    report = assert_deployable("detector.onnx", "rockchip-rk3588", fail_on="fallback")
    assert report.targets[0].segments == 1
"""


class Session:
    """A folder in which the commands run; what they print is kept as a reader would see it."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self.folder = folder
        self.codes: list[int] = []
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        search = os.pathsep.join((str(ROOT), str(ROOT / "fixtures" / "release")))
        self.environment = {
            **os.environ, "PATH": path, "PYTHONPATH": search, "COLUMNS": "100", "EDGELINT_TODAY": TODAY,
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def run(self, command: str, *, head: int | None = None) -> str:
        """Run a command and return it with its output and exit code, as a block of Markdown."""
        words = shlex.split(command)
        program = [sys.executable, "-m", "checker", *words[1:]] if words[0] == "edgelint" else words
        done = subprocess.run(  # noqa: S603  our own commands
            program, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        self.codes.append(done.returncode)
        lines = (done.stdout + done.stderr).rstrip("\n").splitlines()
        if head is not None and len(lines) > head:
            lines = [*lines[:head], f"... ({len(lines) - head} more lines)"]
        shown = "\n".join(
            line for line in (f"$ {command}", *lines, f"(exit code {done.returncode})") if line is not None
        )
        return f"```console\n{shown}\n```\n"

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self.folder / name).write_text(text, encoding="utf-8")


EXPORT = (
    "edgelint export detector:{} --input image:1x3x256x256 --exporter torchscript --opset 17 --output detector.onnx"
)

OPENING = """# A release review

Two releases of one small detector (`fixtures/release/detector.py`). The first returns the raw maps of its head; the
second turns them into box edges and picks each cell's best class inside the network. The question of the review: may
the second release ship on the boards that the first one runs on?

Every command below was run, and its output kept, by `docs/make_release_review.py`.

## What the project demands

`edgelint.toml`, in the repository's root:
"""

DECISION = """## The decision

Three small nodes on the host, 5 KiB across. The team accepts that until the next head, and says so in the policy; a
waiver has a reason, an owner and a last day:
"""

CURE = """## What would make the waiver unnecessary

The report of the second release names a change that was tried in memory: cut the file before these nodes and do them in
the application, on the host, where they run anyway. Then the verdict is READY.

## The same gate in a test suite
"""

CLOSING = """## What the review showed

- The verdict alone (`READY_WITH_FALLBACK`) would not have said what changed; the baseline names three operators and
  where they stand, and leaves out what was there before.
- The waiver is for three operators on one target: had the release lost another layer to the host, or lost one on the
  other target, the gate would have stayed closed.
- Exit codes are what a pipeline needs: 0 for the first release, 1 for the second, 0 with the waiver, 1 after its last
  day. [ci.md](ci.md) has the pipelines, [policy.md](policy.md) the policy file."""


def page(session: Session) -> Iterator[str]:
    """Yield the page, piece by piece; the commands run in between."""
    yield OPENING
    session.write("edgelint.toml", POLICY)
    yield f"```toml\n{POLICY}```\n"
    yield "## The first release\n\nIt is exported, checked against the policy, and its report kept with the release.\n"
    yield session.run(EXPORT.format("Release1"))
    yield session.run("edgelint check detector.onnx --quiet")
    yield session.run("edgelint check detector.onnx --format json --output release-1.json")
    yield "For reading, on one of the two targets:\n"
    yield session.run("edgelint check detector.onnx --target rockchip-rk3588")
    yield "## The second release\n\nThe same file name, a new head.\n"
    yield session.run(EXPORT.format("Release2"))
    yield session.run("edgelint check detector.onnx --quiet")
    yield "The gate closes. What is new since the first release, in full:\n"
    yield session.run("edgelint check detector.onnx --baseline release-1.json --target rockchip-rk3588")
    yield "As a pull-request comment, which GitHub renders as a table with folded details:\n"
    yield session.run("edgelint check detector.onnx --baseline release-1.json --format markdown", head=24)
    yield DECISION
    session.write("edgelint.toml", POLICY + WAIVER)
    yield f"```toml{WAIVER}```\n"
    yield session.run("edgelint check detector.onnx --quiet")
    yield "The report says what was excused, by whom, and until when:\n"
    yield session.run("edgelint check detector.onnx --format json --output release-2.json")
    gate = json.loads((session.folder / "release-2.json").read_text(encoding="utf-8"))["gate"]
    yield f"```json\n{json.dumps(gate, indent=2)}\n```\n"
    yield "When the last day has passed the gate closes again, with a message of its own:\n"
    yield session.run("edgelint check detector.onnx --quiet --today 2027-03-01")
    yield CURE
    session.write("test_detector.py", PYTEST)
    yield f"```python\n{PYTEST}```\n"
    yield session.run("python -m pytest -q --no-header --tb=short -p no:cacheprovider test_detector.py", head=40)
    yield CLOSING


def main() -> int:
    """Run the review and write the page."""
    with tempfile.TemporaryDirectory(prefix="review-") as folder:
        session = Session(Path(folder))
        text = "\n".join(page(session))
    PAGE.write_text(text + "\n", encoding="utf-8")
    if session.codes != EXPECTED:
        sys.stderr.write(f"exit codes {session.codes}, and the page's words are about {EXPECTED}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
