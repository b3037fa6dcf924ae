"""All scores of one message: the parts agree with each other and with the ensemble."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from hikari.errors import BadInput
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from hikari.sentiment.scores import MessageScores, Scorer, polarity
from hikari.sentiment.symbols import Symbol, lexicon
from hikari.sentiment.text import read

Combine = Callable[..., MessageScores]


@pytest.fixture
def combine(classifier: TextClassifier) -> Combine:
    """`combine(text, ...)` with the encoder's opinion given, so that expectations are closed forms."""

    def run(
        text: str,
        sentiment: tuple[float, float, float] = (0.0, 1.0, 0.0),
        emotion: dict[str, float] | None = None,
        toxicity: dict[str, float] | None = None,
        question: float = 0.0,
        ensemble: str = "seed",
    ) -> MessageScores:
        rows = {
            "sentiment": np.array(sentiment),
            "emotion": np.array([(emotion or {"neutral": 1.0}).get(label, 0.0) for label in EMOTION]),
            "toxicity": np.array([(toxicity or {}).get(label, 0.0) for label in TOXICITY]),
            "question": np.array([question]),
        }
        return Scorer(classifier, ensemble).combine(read(text), rows)

    return run


def test_polarity_is_positive_minus_negative() -> None:
    assert polarity(dict(zip(SENTIMENT, (0.2, 0.3, 0.5), strict=True))) == pytest.approx(0.3)


def test_encoder_alone_where_the_others_are_silent(combine: Combine) -> None:
    scores = combine("the table", (0.2, 0.1, 0.7))
    assert scores.vader is None
    assert scores.symbols == ()
    assert scores.aggregate == pytest.approx(0.5)
    assert scores.label == "positive"


def test_three_members_are_weighted(combine: Combine) -> None:
    scores = combine("i love KEKW", (0.2, 0.1, 0.7))
    assert scores.vader is not None
    symbol = lexicon().emote("KEKW")
    assert symbol is not None
    expected = 0.5 * 0.5 + 0.3 * scores.vader["score"] + 0.2 * symbol.polarity
    assert scores.aggregate == pytest.approx(expected)


def test_symbols_and_encoder_without_vader(combine: Combine) -> None:
    scores = combine("KEKW Sadge", (1.0, 0.0, 0.0))
    assert scores.vader is None
    mean = sum(symbol.polarity for symbol in scores.symbols) / 2
    assert scores.aggregate == pytest.approx((0.5 * -1 + 0.2 * mean) / 0.7)


def test_primary_emotion_is_the_most_probable(combine: Combine) -> None:
    scores = combine("x", emotion={"fear": 0.5, "joy": 0.3, "neutral": 0.2})
    assert (scores.emotion, scores.emotion_labels) == ("fear", ["fear"])
    assert set(scores.emotions) == set(EMOTION)


def test_toxic_is_said_whenever_a_kind_of_toxicity_is(combine: Combine) -> None:
    assert combine("x", toxicity={"insult": 0.99}).toxic_labels == ["toxic", "insult"]
    assert combine("x", toxicity={"toxic": 0.99, "insult": 0.99}).toxic_labels == ["toxic", "insult"]
    assert combine("x", toxicity={"insult": 0.01}).toxic_labels == []


def test_toxicity_score_is_the_highest_one(combine: Combine) -> None:
    shown = combine("x", toxicity={"insult": 0.91, "threat": 0.2}).as_dict()["toxicity"]
    assert shown["score"] == 0.91
    assert shown["is_toxic"] is True
    assert combine("x").as_dict()["toxicity"]["is_toxic"] is False


def test_question_follows_its_threshold(combine: Combine) -> None:
    assert combine("x", question=0.99).asks is True
    assert combine("x", question=0.01).asks is False


@pytest.mark.parametrize(("text", "only"), [("KEKW", True), ("KEKW 🔥 :)", True), ("KEKW nice", False), ("nice", False)])
def test_messages_of_symbols_alone(combine: Combine, text: str, only: bool) -> None:
    assert combine(text).only_symbols is only


def test_shape_of_the_answer(combine: Combine) -> None:
    answer = combine("i love KEKW KEKW 🔥", (0.123456, 0.3, 0.576544)).as_dict()
    assert set(answer) == {"sentiment", "emotion", "toxicity"}
    assert set(answer["sentiment"]) == {"aggregate", "transformer", "vader", "emoji"}
    assert answer["sentiment"]["transformer"] == {
        "score": 0.4531,
        "probabilities": {"negative": 0.1235, "neutral": 0.3, "positive": 0.5765},
    }
    assert [symbol["name"] for symbol in answer["sentiment"]["emoji"]["symbols"]] == ["🔥", "KEKW"]
    assert set(answer["sentiment"]["emoji"]["symbols"][0]) == {"name", "polarity", "emotion"}
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_ensembles_of_the_bundle_are_selectable(combine: Combine) -> None:
    opinion = (1.0, 0.0, 0.0)
    assert combine("KEKW", opinion, ensemble="tuned").aggregate != combine("KEKW", opinion, ensemble="seed").aggregate


def test_unknown_ensemble_says_which_are_allowed(classifier: TextClassifier) -> None:
    with pytest.raises(BadInput, match="seed, tuned") as caught:
        Scorer(classifier, "best")
    assert caught.value.field == "ensemble"


def test_default_ensemble_is_the_bundles(classifier: TextClassifier) -> None:
    calibration = classifier.calibration
    assert Scorer(classifier).ensemble == calibration.ensembles[calibration.default_ensemble]


def test_each_message_is_read_with_its_own_lexicon(scorer: Scorer) -> None:
    channel = lexicon().extended([Symbol("mikaWave", "channel", -1.0, "anger", "go away")])
    with_it, without = scorer.score([("mikaWave", channel), ("mikaWave", lexicon())])
    assert [symbol.name for symbol in with_it.symbols] == ["mikaWave"]
    assert without.symbols == ()


def test_many_messages_equal_single_ones(scorer: Scorer) -> None:
    messages = [(text, lexicon()) for text in ("i love this", "you idiot", "what", "KEKW", "a " * 40, "\u200b.")]
    together = scorer.score(messages, batch_size=2)
    for scores, message in zip(together, messages, strict=True):
        alone = scorer.score([message])[0]
        assert scores.aggregate == pytest.approx(alone.aggregate, abs=1e-4)
        assert (scores.label, scores.symbols) == (alone.label, alone.symbols)


def test_model_is_named(scorer: Scorer) -> None:
    fingerprint = scorer.classifier.bundle.fingerprint
    assert scorer.model == {"name": "text", "version": "0.1.0", "fingerprint": fingerprint[:16]}
