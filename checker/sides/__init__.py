"""Two models side by side: what each costs, what each target says of it, and which is easier to deploy where."""

from __future__ import annotations

from checker.sides.pair import beside
from checker.sides.record import Beside, Easier, Only, SideInt8, SideModel, SideTarget, TargetPair

__all__ = ["Beside", "Easier", "Only", "SideInt8", "SideModel", "SideTarget", "TargetPair", "beside"]
