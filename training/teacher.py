"""Targets that an earlier network of the same size softens, which a network that goes on from it forgets less by.

Its share in the targets of labelled rows keeps what it knows (born-again networks: Furlanello et al., 2018); its predictions for rows that
a head's sets leave unlabelled keep one head from drifting while another learns (learning without forgetting: Li and Hoiem, 2016).
"""

from collections.abc import Sequence

import numpy as np

from hikari.sentiment.calibration import sigmoid, softmax
from hikari.sentiment.labels import Task
from training.data import Rows
from training.onnx_export import Network, torch_logits

_AT_ONCE = 4096
"""Rows between two steps of the progress bar."""


def soften(
    rows: Rows, teacher: Network, tasks: Sequence[Task], share: float, others: float, seed: int, *, progress: bool
) -> Rows:
    """Rows whose known targets are `(1 - share) * target + share * prediction`, a part `others` of the unknown ones the prediction.

    A softmax head's targets are known together or not at all; which unlabelled rows get a prediction is drawn row by row.
    """
    predicted = _predictions(rows, teacher, tasks, progress)
    draw = np.random.default_rng(seed)
    targets = dict(rows.targets)
    for task in tasks:
        given, taught = rows.targets[task.name], predicted[task.name]
        known = ~np.isnan(given)
        if task.activation == "softmax":
            known = np.broadcast_to(known.all(axis=1, keepdims=True), given.shape)
        chosen = draw.random((len(given), 1)) < others
        mixed = (1 - share) * np.nan_to_num(given) + share * taught
        targets[task.name] = np.where(known, mixed, np.where(chosen, taught, np.nan)).astype(np.float32)
    return Rows(rows.ids, targets, rows.pad_id)


def _predictions(rows: Rows, teacher: Network, tasks: Sequence[Task], progress: bool) -> dict[str, np.ndarray]:
    from rich.progress import track

    order = sorted(range(len(rows)), key=lambda index: len(rows.ids[index]))
    out = {task.name: np.zeros(rows.targets[task.name].shape) for task in tasks}
    starts = range(0, len(order), _AT_ONCE)
    for start in track(starts, "reading the training rows", disable=not progress):
        part = order[start : start + _AT_ONCE]
        logits = torch_logits(teacher, [rows.ids[index] for index in part])
        for task in tasks:
            values = logits[task.name].astype(np.float64)
            out[task.name][part] = softmax(values) if task.activation == "softmax" else sigmoid(values)
    return out
