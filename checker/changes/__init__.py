"""What would make a file run: changes that are made in memory and placed again.

Each change of a graph is a graph; nothing is written, no weight is read.  One file here is one kind of change;
``search`` finds the smallest set of them that improves the verdict of a target.
"""

from __future__ import annotations

from checker.changes.record import EFFORTS, Candidate, Effort, Outcome, State
from checker.changes.search import Found, Tried, search
from checker.changes.shop import Shop

__all__ = ["EFFORTS", "Candidate", "Effort", "Found", "Outcome", "Shop", "State", "Tried", "search"]
