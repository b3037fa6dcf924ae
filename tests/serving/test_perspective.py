"""The Perspective API's shape over a real text model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from serving.perspective import ATTRIBUTES, MAX_SPANS, NOBODY
from tests.serving.memory_client import ask, opened, problem

PATH = "/v1alpha1/comments:analyze"
ENGLISH = "you are such an idiot and this stream is bad"
ARABIC = "هذه اللعبة سيئة جدا اليوم"
GERMAN = "das war leider ein wirklich schlechtes Spiel"
ANY: dict[str, Any] = {"TOXICITY": {}}


@pytest.fixture(scope="module")
def client(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with opened(tmp_path_factory.mktemp("perspective"), tiny_bundle) as one:
        yield one


def scores(client: TestClient, text: str) -> dict[str, float]:
    """The text model's own scores."""
    return ask(client, "/analyze_message", text=text, username="u")["toxicity"]["scores"]


def test_every_attribute_is_answered_with_the_models_own_score(client: TestClient) -> None:
    body: dict[str, Any] = {
        "comment": {"text": ENGLISH, "type": "PLAIN_TEXT"}, "requestedAttributes": {name: {} for name in ATTRIBUTES},
        "languages": ["en"], "doNotStore": True, "clientToken": "t-1", "sessionId": "s-1", "communityId": "c",
        "context": {"entries": [{"text": "before"}]},
    }  # fmt: skip
    answer = ask(client, PATH, **body)
    own = scores(client, ENGLISH)
    assert set(answer) == {"attributeScores", "languages", "detectedLanguages", "clientToken"}
    assert set(answer["attributeScores"]) == set(ATTRIBUTES)
    for name, label in ATTRIBUTES.items():
        assert answer["attributeScores"][name] == {"summaryScore": {"value": own[label], "type": "PROBABILITY"}}
    assert (answer["languages"], answer["detectedLanguages"], answer["clientToken"]) == (["en"], ["en"], "t-1")


def test_comments_leave_no_viewers_trend(client: TestClient) -> None:
    ask(client, PATH, comment={"text": "hello"}, requestedAttributes=ANY)
    assert ask(client, "/analyze_message", text="hi", username=NOBODY)["context"]["user_trend"]["messages"] == 1


def test_scores_below_their_threshold_are_left_out(client: TestClient) -> None:
    own = scores(client, ENGLISH)
    asked = {
        "TOXICITY": {"scoreThreshold": own["toxic"], "scoreType": "PROBABILITY"}, "THREAT": {"scoreThreshold": own["threat"] + 0.001},
        "INSULT": {"scoreThreshold": 0},
    }  # fmt: skip
    answer = ask(client, PATH, comment={"text": ENGLISH}, requestedAttributes=asked)
    assert set(answer["attributeScores"]) == {"TOXICITY", "INSULT"}
    nothing = ask(client, PATH, comment={"text": ENGLISH}, requestedAttributes={"TOXICITY": {"scoreThreshold": 1}})
    assert nothing == {"languages": ["en"], "detectedLanguages": ["en"]}


def test_spans_are_sentences_with_scores_of_their_own(client: TestClient) -> None:
    sentences = ["What kind of name is v1.2?", "Sorry, I like it!", "you idiot"]
    text = f"  {sentences[0]} {sentences[1]}\n{sentences[2]}  "
    answer = ask(client, PATH, comment={"text": text}, requestedAttributes={"INSULT": {}}, spanAnnotations=True)
    spans = answer["attributeScores"]["INSULT"]["spanScores"]
    assert [text[span["begin"] : span["end"]] for span in spans] == sentences
    for sentence, span in zip(sentences, spans, strict=True):
        assert span["score"]["value"] == pytest.approx(scores(client, sentence)["insult"], abs=1e-3)
        assert span["score"]["type"] == "PROBABILITY"


def test_of_very_many_sentences_the_last_span_holds_the_rest(client: TestClient) -> None:
    text = "No! " * (MAX_SPANS + 50)
    answer = ask(client, PATH, comment={"text": text}, requestedAttributes=ANY, spanAnnotations=True)
    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    assert len(spans) == MAX_SPANS
    assert spans[-1]["end"] == len(text.rstrip())


def test_languages_are_detected_and_short_texts_are_read_as_english(client: TestClient) -> None:
    assert ask(client, PATH, comment={"text": ENGLISH}, requestedAttributes=ANY)["detectedLanguages"] == ["en"]
    short = ask(client, PATH, comment={"text": "gg"}, requestedAttributes=ANY, languages=[])
    assert short["languages"] == ["en"]
    assert "detectedLanguages" not in short


def test_who_names_a_language_that_holds_is_believed(client: TestClient) -> None:
    answer = ask(client, PATH, comment={"text": GERMAN}, requestedAttributes=ANY, languages=["en-US"])
    assert (answer["languages"], answer["detectedLanguages"]) == (["en-US"], ["de"])


@pytest.mark.parametrize(
    ("text", "languages"), [(ARABIC, None), ("hello there my friend", ["hi"]), ("hello there my friend", ["en", "ja-JP"])]
)
def test_a_language_that_does_not_hold_is_refused_as_there(client: TestClient, text: str, languages: list[str] | None) -> None:
    error: dict[str, Any] = problem(
        client, PATH, 400, comment={"text": text}, requestedAttributes={"INSULT": {}}, languages=languages
    )
    wrong = (languages or ["ar"])[-1]
    assert error["message"].startswith(f"Attribute INSULT does not support request languages: {wrong}")
    assert (error["code"], error["status"], error["field"]) == ("bad_input", "INVALID_ARGUMENT", "languages")
    (detail,) = error["details"]
    assert detail["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert detail["languageNotSupportedByAttributeError"] == {
        "detectedLanguages": ["ar" if text == ARABIC else "en"],
        "attribute": "INSULT",
    }


def test_what_is_no_code_is_not_repeated(client: TestClient) -> None:
    error = problem(client, PATH, 400, comment={"text": "hi"}, requestedAttributes=ANY, languages=["<script>alert(1)</script>"])
    assert "script" not in error["message"]


@pytest.mark.parametrize(
    ("change", "field", "kind", "message"),
    [
        ({"requestedAttributes": {"FLIRTATION": {}}}, "requestedAttributes", "INVALID_REQUEST", "Unknown requested attribute: FLIRTATION"),
        ({"requestedAttributes": {}}, "requestedAttributes", "NO_REQUESTED_ATTRIBUTES", "Missing requested_attributes"),
        ({"requestedAttributes": None}, "requestedAttributes", None, "requestedAttributes"),
        (
            {"requestedAttributes": {"THREAT": {"scoreType": "RAW"}}}, "requestedAttributes.THREAT.scoreType", "INVALID_REQUEST",
            "Requested score type RAW is not supported by attribute THREAT",
        ),
        ({"requestedAttributes": {"THREAT": {"scoreThreshold": "high"}}}, "requestedAttributes.THREAT.scoreThreshold", None, "number"),
        ({"comment": {"text": "hi", "type": "HTML"}}, "comment.type", "INVALID_REQUEST", "Currently, only 'PLAIN_TEXT'"),
        ({"comment": {}}, "comment.text", None, "missing"),
        ({"comment": {"text": " "}}, "comment.text", "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"comment": {"text": "\u200b"}}, "comment.text", "COMMENT_EMPTY", "Comment must be non-empty."),
        ({"comment": {"text": "x" * 20_001}}, "comment.text", "COMMENT_TOO_LONG", "Comment text too long."),
    ],
)  # fmt: skip
def test_bad_requests_name_the_field(
    client: TestClient, change: dict[str, Any], field: str, kind: str | None, message: str
) -> None:
    error: dict[str, Any] = problem(client, PATH, 400, **{"comment": {"text": "hi"}, "requestedAttributes": ANY, **change})
    assert error["field"] == field
    assert message in error["message"]
    if kind is not None:
        assert (error["status"], error["details"]) == ("INVALID_ARGUMENT", [{"errorType": kind}])


def test_a_request_without_attributes_says_which_there_are(client: TestClient) -> None:
    error = problem(client, PATH, 400, comment={"text": "hi"})
    assert all(name in error["message"] for name in ATTRIBUTES)
