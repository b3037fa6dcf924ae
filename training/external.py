"""Data that is not ours: the documented format for evaluation."""

import json
from pathlib import Path
from typing import Any

from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY


class ExternalDataError(ValueError):
    """A file does not follow the format; the message names line and mistake."""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Rows `{"text", "sentiment"?, "emotion"?, "toxicity"?: [types] | true | false, "question"?}`, one JSON object a line.

    A task that a row does not name is not judged on that row. Raises `ExternalDataError`.
    """
    rows, wrong = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            wrong.append(f"line {number}: not JSON")
            continue
        problem = _problem(row)
        if problem:
            wrong.append(f"line {number}: {problem}")
        else:
            types = row.get("toxicity")
            rows.append({**row, "toxicity": (["toxic"] if types else []) if isinstance(types, bool) else types})
    if wrong:
        raise ExternalDataError(f"{path}: " + "; ".join(wrong[:20]) + (f" and {len(wrong) - 20} more" if len(wrong) > 20 else ""))
    if not rows:
        raise ExternalDataError(f"{path} holds no rows")
    return rows


def _problem(row: Any) -> str | None:
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return "needs `text`"
    for key, allowed in (("sentiment", SENTIMENT), ("emotion", EMOTION)):
        if row.get(key) is not None and row[key] not in allowed:
            return f"{key} must be one of {', '.join(allowed)}"
    types = row.get("toxicity")
    named = isinstance(types, list) and all(kind in TOXICITY for kind in types)
    if not (types is None or isinstance(types, bool) or named):
        return f"toxicity must be true, false or a list of {', '.join(TOXICITY)}"
    return None
