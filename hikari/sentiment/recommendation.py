"""What the VTuber should do about a message: tone, priority, answer or not, and why.

An ordered list of plain rules, first match wins; an engine may overrule any of them, which is why each gives its reason. Where the model
does not read the language well, the mood and the emotion are taken from the emotes alone, or are neutral (`unread`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hikari.sentiment.ensemble import Ensemble, spread
from hikari.sentiment.symbols import Symbol, emotion_hint, score

_EMOTES_ALONE = Ensemble(transformer=0.0, vader=0.0, emoji=1.0, neutral_bias=0.8)
"""A polarity of 0.5, that of most sad emotes, is a mood; without the bias it would tie with neutral."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known about one message when the rules look at it."""

    score: float
    label: str
    emotion: str
    emotion_probability: float
    toxic_labels: tuple[str, ...]
    asks: bool
    paid: bool
    moderator: bool
    user_falling: bool
    only_symbols: bool
    language_supported: bool = True


@dataclass(frozen=True, slots=True)
class Recommendation:
    """`tone` is how to speak, `priority` low|medium|high|critical how soon, `respond` whether at all, `reason` why."""

    tone: str
    priority: str
    respond: bool
    reason: str

    def as_dict(self) -> dict[str, str | bool]:
        return {"tone": self.tone, "priority": self.priority, "respond": self.respond, "reason": self.reason}


Rule = tuple[Callable[[Signals], bool], Recommendation]

_SURE = 0.5

_RULES: tuple[Rule, ...] = (
    (
        lambda s: bool({"threat", "severe_toxic"} & set(s.toxic_labels)),
        Recommendation(
            "firm",
            "critical",
            False,
            "a threat or severe abuse: leave it to the moderators, do not read it out",
        ),
    ),
    (
        lambda s: "identity_hate" in s.toxic_labels,
        Recommendation("firm", "high", False, "hate against a group: leave it to the moderators, do not read it out"),
    ),
    (
        lambda s: bool(s.toxic_labels),
        Recommendation("calm", "medium", False, "hostile: answering feeds it"),
    ),
    (
        lambda s: s.asks and s.emotion in ("sadness", "fear") and s.label in ("negative", "very_negative"),
        Recommendation("empathetic", "high", True, "a question from someone who is not well"),
    ),
    (
        lambda s: s.asks and (s.paid or s.moderator),
        Recommendation("helpful", "high", True, "a question from a supporter or a moderator"),
    ),
    (
        lambda s: s.asks and s.score > 0 and s.emotion == "joy",
        Recommendation("cheerful", "medium", True, "a friendly question"),
    ),
    (lambda s: s.asks, Recommendation("helpful", "medium", True, "a question to the streamer")),
    (lambda s: s.paid, Recommendation("grateful", "high", True, "a paid message")),
    (
        lambda s: s.label == "very_negative" and s.emotion == "sadness" and s.user_falling,
        Recommendation("empathetic", "high", True, "the viewer's mood is falling and this sounds sad"),
    ),
    (
        lambda s: s.emotion == "sadness" and s.label in ("negative", "very_negative") and not s.only_symbols,
        Recommendation("empathetic", "medium", True, "sad: a kind word helps"),
    ),
    (
        lambda s: s.emotion == "fear" and s.label in ("negative", "very_negative") and not s.only_symbols,
        Recommendation("reassuring", "medium", True, "worried or scared: reassure"),
    ),
    (
        lambda s: s.emotion == "anger" and s.user_falling and s.emotion_probability >= _SURE,
        Recommendation("calm", "medium", True, "frustration is growing: acknowledge it"),
    ),
    (
        lambda s: s.emotion in ("anger", "disgust") and s.label in ("negative", "very_negative"),
        Recommendation("calm", "low", False, "annoyed, but not at a person: let it pass unless it spreads"),
    ),
    (
        lambda s: s.label == "very_positive" and s.emotion == "joy",
        Recommendation("enthusiastic", "medium", True, "strong praise or hype: share it"),
    ),
    (
        lambda s: s.emotion == "surprise" and not s.only_symbols,
        Recommendation("playful", "low", True, "astonished: play along"),
    ),
    (
        lambda s: s.label in ("positive", "very_positive"),
        Recommendation("warm", "low", False, "good mood: no answer needed"),
    ),
    (
        lambda s: s.label in ("negative", "very_negative"),
        Recommendation("reassuring", "low", False, "a negative reaction: keep an eye on the mood"),
    ),
)

_NOTHING = Recommendation("neutral", "low", False, "small talk: no answer needed")
_UNREAD = Recommendation("neutral", "low", False, "a language that the model does not read well: no guess at the mood")


def recommend(signals: Signals) -> Recommendation:
    """The first rule that matches; neutral small talk when none does."""
    nothing = _NOTHING if signals.language_supported else _UNREAD
    return next((recommendation for matches, recommendation in _RULES if matches(signals)), nothing)


def unread(signals: Signals, symbols: Sequence[Symbol]) -> Signals:
    """The signals of a message in a language that the model does not read well: emotes say the same everywhere, so mood and emotion are
    theirs; what VADER and the encoder felt is dropped. Toxicity, questions, payments and the trend stay."""
    mood = score(symbols)
    emotion = emotion_hint(symbols)
    return replace(
        signals,
        score=mood or 0.0,
        label=_EMOTES_ALONE.label(spread(mood or 0.0)),
        emotion=emotion or "neutral",
        emotion_probability=0.0 if emotion is None else 1.0,
        language_supported=False,
    )
