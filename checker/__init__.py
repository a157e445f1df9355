"""edgelint: will this model run on that chip, which nodes will not, why, and what to change?

``check(path)`` audits one file and returns a ``Report``.  Both are imported on first use, so that ``import checker``
costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.audit import check
    from checker.report import Report

__version__ = "0.1.0"

__all__ = ["Report", "__version__", "check"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is asked for.

    Raises:
        AttributeError: the package has no such name.
    """
    if name == "check":
        from checker.audit import check

        return check
    if name == "Report":
        from checker.report import Report

        return Report
    raise AttributeError(f"module 'checker' has no attribute {name!r}")
