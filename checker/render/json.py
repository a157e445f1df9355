"""The JSON report: the record, key for key."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.report import Report


def plain(record: Any) -> Any:
    """Turn frozen records into dicts, lists and scalars; the order of fields and keys is kept."""
    if dataclasses.is_dataclass(record):
        return {field.name: plain(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {key: plain(value) for key, value in record.items()}
    if isinstance(record, (tuple, list)):
        return [plain(item) for item in record]
    return record


def dumps(data: Any) -> str:
    """Write JSON the way every command of the project does: two spaces, UTF-8, no NaN, one line feed at the end."""
    return json.dumps(plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render(reports: Sequence[Report], *, many: bool) -> str:
    """Render one report, or a list where several files were asked for (also when only one of them could be read)."""
    return dumps(list(reports) if many else reports[0])
