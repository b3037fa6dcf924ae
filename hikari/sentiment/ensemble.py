"""Three opinions, one score: the encoder's, VADER's and the symbols'.

Every member gives a distribution over negative, neutral, positive. A member that has only a score s in [-1, 1] gives
(max(-s, 0), 1 - |s|, max(s, 0)), whose positive minus negative is s again; so the weighted mean of the distributions has
exactly the weighted mean of the scores as its score, and its largest entry is the label.
"""

import math
from dataclasses import dataclass

Distribution = tuple[float, float, float]

VERY = 0.6
"""From this score on a label is `very_`: the members agree, and none is lukewarm."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Weights of the members; `neutral_bias` multiplies the neutral share when the label is picked (the score stays)."""

    transformer: float
    vader: float
    emoji: float
    neutral_bias: float = 1.0

    def __post_init__(self) -> None:
        weights = (self.transformer, self.vader, self.emoji)
        if not all(0 <= weight < math.inf for weight in weights) or sum(weights) <= 0:
            raise ValueError("ensemble weights must be finite and not negative, and one must be positive")
        if not 0 < self.neutral_bias < 100:
            raise ValueError("neutral_bias must be a positive factor")

    def combine(self, transformer: Distribution | None, vader: float | None, emoji: float | None) -> Distribution:
        """Weighted mean of the members that are present; neutral with none.

        >>> Ensemble(0.5, 0.3, 0.2).combine((0.0, 0.0, 1.0), None, None)
        (0.0, 0.0, 1.0)
        """
        members = (
            (transformer, self.transformer),
            (None if vader is None else spread(vader), self.vader),
            (None if emoji is None else spread(emoji), self.emoji),
        )
        present = [(distribution, weight) for distribution, weight in members if distribution is not None and weight > 0]
        total = sum(weight for _, weight in present)
        if not total:
            return (0.0, 1.0, 0.0)
        negative, neutral, positive = (sum(d[k] * weight for d, weight in present) / total for k in range(3))
        return negative, neutral, positive

    def label(self, distribution: Distribution) -> str:
        """very_negative, negative, neutral, positive or very_positive."""
        negative, neutral, positive = distribution
        neutral *= self.neutral_bias
        if neutral >= max(negative, positive):
            return "neutral"
        very = "very_" if abs(positive - negative) >= VERY else ""
        return very + ("negative" if negative > positive else "positive")


def spread(score: float) -> Distribution:
    """The distribution of a member that has only a score.

    >>> spread(-0.25)
    (0.25, 0.75, 0.0)
    """
    return max(-score, 0.0), 1.0 - abs(score), max(score, 0.0)


SEED = Ensemble(transformer=0.5, vader=0.3, emoji=0.2)
"""The weights that Hikari started with; always selectable."""
