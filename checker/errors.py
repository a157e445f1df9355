"""The one error that a user sees: a single clear line, exit code 2."""

from __future__ import annotations


class InputError(Exception):
    """Bad input or usage.  The message is one line: what is wrong, where, and what to do about it."""
