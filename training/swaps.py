"""Training rows in which nothing but an identity or a first name changes, so that neither alone decides a verdict.

`data/corpus/swaps.jsonl` holds templates with `{person}`, `{people}` or `{name}` and their labels, `swap_fillers.json` what is put in. The
templates that judge the model are others (`data/bias`). Balancing terms over harmless and hostile frames is the remedy of Dixon et al.
(2018), "Measuring and mitigating unintended bias in text classification".
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

TEMPLATES, FILLERS = "swaps.jsonl", "swap_fillers.json"


def rows(folder: Path, each: int) -> list[dict[str, Any]]:
    """`each` rows a template, with fillers that its text alone chooses; none when the folder holds no templates."""
    if not each or not (folder / TEMPLATES).is_file():
        return []
    fillers = json.loads((folder / FILLERS).read_text(encoding="utf-8"))
    named = [{"name": name} for name in fillers["names"]]
    out = []
    for line in (folder / TEMPLATES).read_text(encoding="utf-8").splitlines():
        template = json.loads(line)
        choices = named if "{name}" in template["text"] else fillers["terms"]
        seed = int(hashlib.sha256(template["text"].encode()).hexdigest()[:8], 16)
        for number in np.random.default_rng(seed).permutation(len(choices))[:each]:
            text = template["text"].format(**choices[number])
            name = hashlib.sha256(text.encode()).hexdigest()[:12]
            out.append({**template, "text": text, "id": f"swap-{name}"})
    return out
