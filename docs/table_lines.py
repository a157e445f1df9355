"""Lines of Markdown tables."""

from __future__ import annotations

from collections.abc import Iterator


def head(*cells: str) -> Iterator[str]:
    """Yield the two lines that begin a table."""
    yield row(*cells)
    yield row(*("---" for _ in cells))


def row(*cells: object) -> str:
    """Return one line of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"
