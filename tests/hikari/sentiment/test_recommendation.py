"""Recommendations: a table of cases, every rule reachable, and the order of the rules."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.sentiment import recommendation
from hikari.sentiment.labels import EMOTION, TOXICITY
from hikari.sentiment.recommendation import Signals, recommend, unread
from hikari.sentiment.symbols import Symbol, lexicon

LABELS = ("very_negative", "negative", "neutral", "positive", "very_positive")
CALM = Signals(
    score=0.0,
    label="neutral",
    emotion="neutral",
    emotion_probability=0.9,
    toxic_labels=(),
    asks=False,
    paid=False,
    moderator=False,
    user_falling=False,
    only_symbols=False,
)
SAD = {"emotion": "sadness", "label": "negative", "score": -0.4}
FEAR = {"emotion": "fear", "label": "negative", "score": -0.4}
JOY = {"emotion": "joy", "label": "positive", "score": 0.4}


def symbol(name: str) -> Symbol:
    found = lexicon().emote(name)
    assert found is not None
    return found


CASES: tuple[tuple[dict[str, Any], tuple[str, str, bool]], ...] = (
    ({}, ("neutral", "low", False)),
    ({"toxic_labels": ("toxic", "threat")}, ("firm", "critical", False)),
    ({"toxic_labels": ("severe_toxic",)}, ("firm", "critical", False)),
    ({"toxic_labels": ("toxic", "identity_hate")}, ("firm", "high", False)),
    ({"toxic_labels": ("toxic",)}, ("calm", "medium", False)),
    ({"toxic_labels": ("insult", "obscene")}, ("calm", "medium", False)),
    ({"asks": True, **SAD}, ("empathetic", "high", True)),
    ({"asks": True, **FEAR}, ("empathetic", "high", True)),
    ({"asks": True, "paid": True}, ("helpful", "high", True)),
    ({"asks": True, "moderator": True}, ("helpful", "high", True)),
    ({"asks": True, **JOY}, ("cheerful", "medium", True)),
    ({"asks": True}, ("helpful", "medium", True)),
    ({"asks": True, "emotion": "anger", "label": "negative"}, ("helpful", "medium", True)),
    ({"paid": True}, ("grateful", "high", True)),
    ({"paid": True, **SAD}, ("grateful", "high", True)),
    ({**SAD, "label": "very_negative", "user_falling": True}, ("empathetic", "high", True)),
    (SAD, ("empathetic", "medium", True)),
    ({**SAD, "only_symbols": True}, ("reassuring", "low", False)),
    (FEAR, ("reassuring", "medium", True)),
    ({**FEAR, "only_symbols": True}, ("reassuring", "low", False)),
    ({"emotion": "anger", "user_falling": True, "emotion_probability": 0.5}, ("calm", "medium", True)),
    (
        {"emotion": "anger", "label": "negative", "user_falling": True, "emotion_probability": 0.49},
        ("calm", "low", False),
    ),
    ({"emotion": "anger", "label": "negative"}, ("calm", "low", False)),
    ({"emotion": "disgust", "label": "very_negative"}, ("calm", "low", False)),
    ({**JOY, "label": "very_positive", "score": 0.9}, ("enthusiastic", "medium", True)),
    ({"emotion": "surprise"}, ("playful", "low", True)),
    ({"emotion": "surprise", "only_symbols": True}, ("neutral", "low", False)),
    (JOY, ("warm", "low", False)),
    ({"label": "very_positive"}, ("warm", "low", False)),
    ({"label": "negative"}, ("reassuring", "low", False)),
    ({"moderator": True}, ("neutral", "low", False)),
)


@pytest.mark.parametrize(("signals", "expected"), CASES)
def test_table_of_cases(signals: dict[str, Any], expected: tuple[str, str, bool]) -> None:
    advice = recommend(replace(CALM, **signals))
    assert (advice.tone, advice.priority, advice.respond) == expected


def test_every_rule_is_reachable_and_gives_its_own_reason() -> None:
    reasons = {recommend(replace(CALM, **signals)).reason for signals, _ in CASES}
    assert len(reasons) == len(recommendation._RULES) + 1


def test_threat_is_never_answered_whatever_else_holds() -> None:
    for label in ("threat", "severe_toxic", "identity_hate", "toxic"):
        signals = replace(CALM, toxic_labels=(label,), asks=True, paid=True, moderator=True, emotion="joy", score=1.0)
        assert not recommend(signals).respond


SIGNALS = st.builds(
    Signals,
    score=st.floats(-1, 1),
    label=st.sampled_from(LABELS),
    emotion=st.sampled_from(EMOTION),
    emotion_probability=st.floats(0, 1),
    toxic_labels=st.lists(st.sampled_from(TOXICITY), unique=True).map(tuple),
    asks=st.booleans(),
    paid=st.booleans(),
    moderator=st.booleans(),
    user_falling=st.booleans(),
    only_symbols=st.booleans(),
)


@given(SIGNALS)
def test_advice_is_whole_and_safe(signals: Signals) -> None:
    advice = recommend(signals)
    assert advice.priority in ("low", "medium", "high", "critical")
    assert advice.tone
    assert advice.reason
    if signals.toxic_labels:
        assert not advice.respond
        assert advice.tone in ("firm", "calm")
    elif signals.asks or signals.paid:
        assert advice.respond
    assert (advice.priority == "critical") == bool({"threat", "severe_toxic"} & set(signals.toxic_labels))


@pytest.mark.parametrize(
    ("symbols", "signals", "expected"),
    [
        ((), SAD, ("neutral", "low", False)),
        ((), {**JOY, "label": "very_positive"}, ("neutral", "low", False)),
        ((), {**SAD, "toxic_labels": ("toxic", "threat")}, ("firm", "critical", False)),
        ((), {**SAD, "asks": True}, ("helpful", "medium", True)),
        ((), {**SAD, "paid": True}, ("grateful", "high", True)),
        ((symbol("BibleThump"),), JOY, ("empathetic", "medium", True)),
        ((symbol("<3"),), SAD, ("enthusiastic", "medium", True)),
        ((symbol("PogChamp"),), SAD, ("playful", "low", True)),
    ],
)
def test_what_is_not_read_well_is_judged_by_its_emotes(
    symbols: tuple[Symbol, ...], signals: dict[str, Any], expected: tuple[str, str, bool]
) -> None:
    advice = recommend(unread(replace(CALM, **signals), symbols))
    assert (advice.tone, advice.priority, advice.respond) == expected


def test_silence_about_an_unread_mood_gives_its_own_reason() -> None:
    assert recommend(unread(CALM, ())).reason != recommend(CALM).reason


def test_advice_as_dict() -> None:
    assert recommend(CALM).as_dict() == {
        "tone": "neutral",
        "priority": "low",
        "respond": False,
        "reason": "small talk: no answer needed",
    }
