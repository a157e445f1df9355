"""edgelint: will this model run on that chip, which nodes will not, why, and what to change?"""

from __future__ import annotations

__version__ = "0.1.0"
