"""The head of a table that tests complete: one chip and its vendor's list; a measurement of it."""

from __future__ import annotations

HEAD = """[target]
id        = "acme-one"
vendor    = "Acme"
chip      = "One"
toolchain = "acmec 1.4"
precision = ["fp32"]
unlisted  = "unsupported"
rejected  = "fallback"

[source.list]
kind    = "vendor-doc"
title   = "Acme, operators"
version = "1.4"
where   = "https://acme.example"
"""
PROBE = """
[source.probe]
kind  = "probe"
where = "evidence/acme-one/acmec-1.4.jsonl"
"""
