"""The pictures of a sweep: how the best figure grew, and which settings made the difference."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib as mpl
from optuna.trial import FrozenTrial, TrialState

_INK, _PALE, _BAD = "#30507a", "#9aa8bb", "#b5533c"


def history(trials: Sequence[FrozenTrial], metric: str, direction: str, file: Path) -> None:
    """Every trial's figure in order, pruned and failed ones marked, and the best so far as a line; nothing where none ended."""
    ended = [
        (frozen.number, frozen.value) for frozen in trials if frozen.state == TrialState.COMPLETE and frozen.value is not None
    ]
    if not ended:
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    figure, axes = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    numbers, values = [number for number, _ in ended], [value for _, value in ended]
    best = list(accumulate(values, max if direction == "maximize" else min))
    axes.step(numbers, best, where="post", color=_INK, linewidth=1.5, label="best so far")
    axes.scatter(numbers, values, color=_INK, s=22, label="ended")
    pruned = [(f.number, f.value) for f in trials if f.state == TrialState.PRUNED and f.value is not None]
    if pruned:
        axes.scatter(*zip(*pruned, strict=True), color=_PALE, s=22, label="pruned, last epoch seen")
    failed = [frozen.number for frozen in trials if frozen.state == TrialState.FAIL]
    if failed:
        axes.scatter(failed, [min(values)] * len(failed), color=_BAD, marker="x", s=22, label="failed")
    axes.set(xlabel="trial", ylabel=metric)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="lower right" if direction == "maximize" else "upper right")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def importances(weights: Mapping[str, float], file: Path) -> None:
    """Bars, largest on top; nothing while nothing is known."""
    if not weights:
        return
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.0, 0.6 + 0.35 * len(weights)), layout="constrained")
    rows = sorted(weights.items(), key=lambda item: item[1])
    axes.barh([name for name, _ in rows], [value for _, value in rows], color=_INK)
    axes.set(xlabel="share of the differences between trials")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
