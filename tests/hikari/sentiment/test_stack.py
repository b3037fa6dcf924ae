"""Three models behind the analyser: every field of an answer is there, a question is told by its mark, a bad stack is refused."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hikari import AdvancedSentimentAnalyzer
from hikari.bundle import KINDS, classifier_kind, open_bundle, write_bundle
from hikari.errors import BadBundle, BadInput, NotReady
from hikari.scoring import score_file
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import SEED
from hikari.sentiment.labels import EMOTION, SENTIMENT, TOXICITY
from hikari.sentiment.opening import open_classifier
from hikari.sentiment.scores import Scorer, asks_by_mark
from hikari.sentiment.stack import StackClassifier
from hikari.sentiment.symbols import lexicon
from hikari.stream.cache import ContentCache
from hikari.stream.replies.candidates import ASKS_BY_MARK, candidate

Change = Callable[[dict[str, Any]], object]


def analyse(text: str, analyzer: AdvancedSentimentAnalyzer) -> dict[str, Any]:
    return asyncio.run(analyzer.analyze_message(text, "mika"))


@pytest.fixture
def remade(tiny_stack: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the stack anew with other contents; hashes and fingerprint fit again."""

    def remake(**replaced: Path | bytes) -> Path:
        files: dict[str, Path | bytes] = {name: tiny_stack / name for name in open_bundle(tiny_stack, "stack").manifest["files"]}
        files |= {name.replace("__", "."): content for name, content in replaced.items()}
        write_bundle(tmp_path / "remade", files, name="stack", version="9.0.0", parents={}, kind="stack")
        return tmp_path / "remade"

    return remake


def edited(folder: Path, name: str, change: Change) -> bytes:
    content = json.loads((folder / name).read_text())
    change(content)
    return json.dumps(content).encode()


def test_the_kind_of_a_bundle_decides_what_opens(tiny_stack: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    assert (classifier_kind(tiny_stack), classifier_kind(tiny_bundle), classifier_kind(tmp_path)) == ("stack", "text", "text")
    assert isinstance(open_classifier(tiny_stack, threads=1), StackClassifier)
    assert isinstance(open_classifier(tiny_bundle, threads=1), TextClassifier)
    with pytest.raises(NotReady, match="no model bundle at"):
        open_classifier(tmp_path / "none")


@pytest.mark.parametrize("text", ["i love this game KEKW 🔥", "can you play this game?", "the table", "🔥", "kys " * 300])
def test_an_answer_has_every_field(tiny_stack: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_BUNDLE", str(tiny_stack))
    answer = analyse(text, AdvancedSentimentAnalyzer(threads=1))
    assert set(answer) == {"sentiment", "emotion", "toxicity", "context", "response_recommendation", "model", "latency_ms"}
    assert set(answer["sentiment"]) == {"aggregate", "transformer", "vader", "emoji"}
    assert set(answer["sentiment"]["transformer"]["probabilities"]) == set(SENTIMENT)
    assert set(answer["emotion"]["scores"]) == set(EMOTION)
    assert set(answer["toxicity"]["scores"]) == set(TOXICITY)
    assert set(answer["context"]) == {"user_trend", "global_trend", "question"}
    assert set(answer["response_recommendation"]) == {"tone", "priority", "respond", "reason"}
    bundle = open_bundle(tiny_stack, "stack")
    told = {"language": answer["model"]["language"], "language_supported": True}
    assert answer["model"] == {"name": "stack", "version": "0.1.0", "fingerprint": bundle.fingerprint[:16], **told}
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_a_question_is_told_by_its_mark_and_has_no_probability(tiny_stack: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tiny_stack, threads=1)
    asked, told = (analyse(text, analyzer)["context"]["question"] for text in ("can you play this?", "can you play this"))
    assert asked == {"asks": True, "probability": None}
    assert told == {"asks": False, "probability": None}


@pytest.mark.parametrize(
    ("words", "asks"),
    [("why?", True), ("hm? ok", True), ("何？", True), ("هل؟", True), ("?", False), ("?? !", False), ("why", False), ("", False)],
)
def test_the_mark_needs_a_word_beside_it(words: str, asks: bool) -> None:
    assert asks_by_mark(words) is asks


def test_a_link_with_a_query_asks_nothing(tiny_stack: Path) -> None:
    (scores,) = Scorer(open_classifier(tiny_stack, threads=1)).score([("look https://example.org/?a=b", lexicon())])
    assert (scores.asks, scores.question) == (False, None)


def test_the_reply_desk_takes_the_mark_for_what_it_is(tiny_stack: Path) -> None:
    analyzer = AdvancedSentimentAnalyzer(tiny_stack, threads=1)
    text = "can you play this game with us tonight?"
    event = {"id": "1", "channel": "c", "username": "mika", "text": text, "timestamp": 1.0, **analyse(text, analyzer)}
    found = candidate(event, 1.0, frozenset())
    sure = candidate({**event, "context": {"question": {"asks": True, "probability": ASKS_BY_MARK}}}, 1.0, frozenset())
    assert found.asks
    assert found.question == sure.question > 0


def test_scores_are_kept_and_found_again(tiny_stack: Path) -> None:
    cache = ContentCache()
    analyzer = AdvancedSentimentAnalyzer(tiny_stack, threads=1, cache=cache)
    first, again = analyse("is this great?", analyzer), analyse("is this great?", analyzer)
    assert cache.stats()["hits"] == 1
    assert {**first, "latency_ms": 0, "context": 0} == {**again, "latency_ms": 0, "context": 0}
    assert first["context"]["question"] == again["context"]["question"] == {"asks": True, "probability": None}


def test_a_file_is_scored_as_single_messages_are(tiny_stack: Path, tmp_path: Path) -> None:
    texts = ["i love this game", "good " * 90, "why?", "🔥"]
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
    (tmp_path / "in.jsonl").write_text("\n".join(rows))
    scorer = Scorer(open_classifier(tiny_stack, threads=1))
    assert score_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl", scorer, workers=2).rows == len(texts)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    for row, text in zip(found, texts, strict=True):
        (alone,) = scorer.score([(text, lexicon())])
        assert row["toxicity"]["scores"] == pytest.approx(alone.as_dict()["toxicity"]["scores"], abs=2e-4)
        assert row["emotion"]["primary"] == alone.emotion


def test_only_the_seeds_ensemble_is_there(tiny_stack: Path) -> None:
    classifier = open_classifier(tiny_stack, threads=1)
    assert Scorer(classifier).ensemble == SEED
    with pytest.raises(BadInput, match="ensemble must be one of seed"):
        Scorer(classifier, "tuned")


def test_there_is_no_int8(tiny_stack: Path) -> None:
    with pytest.raises(NotReady, match="no int8"):
        open_classifier(tiny_stack, precision="int8")


@pytest.mark.parametrize("name", KINDS["stack"])
def test_a_missing_or_changed_file_is_named(tiny_stack: Path, tmp_path: Path, name: str) -> None:
    for damaged in ("missing", "does not match its hash"):
        folder = tmp_path / damaged.replace(" ", "")
        folder.mkdir()
        for file in tiny_stack.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        if damaged == "missing":
            (folder / name).unlink()
        else:
            content = (folder / name).read_bytes()
            (folder / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(BadBundle, match=f"{name} (is )?{damaged}"):
            open_classifier(folder)


def test_a_stack_is_no_text_bundle_and_no_embedder(tiny_stack: Path) -> None:
    for kind in ("text", "embedder"):
        with pytest.raises(BadBundle, match=f"is of kind 'stack', wanted '{kind}'"):
            open_bundle(tiny_stack, kind)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content.pop("parts"), "must hold `parts` with an object for each of sentiment, emotion, toxicity"),
        (lambda content: content.update(parts=[]), "must hold `parts`"),
        (lambda content: content["parts"].pop("emotion"), "emotion has none"),
        (lambda content: content["parts"].update(toxicity=7), "toxicity has none"),
        (lambda content: content["parts"]["toxicity"].update(max_tokens="many"), r"toxicity's max_tokens must be .* got 'many'"),
        (lambda content: content["parts"]["emotion"].pop("max_tokens"), r"emotion's max_tokens must be .* got None"),
        (lambda content: content["parts"]["emotion"].update(pad_id=-1), r"emotion's pad_id must be .* got -1"),
    ],
)
def test_facts_that_do_not_fit_are_told(tiny_stack: Path, remade: Callable[..., Path], change: Change, said: str) -> None:
    with pytest.raises(BadBundle, match=said):
        open_classifier(remade(stack__json=edited(tiny_stack, "stack.json", change)))


def test_exchanged_graphs_are_refused(tiny_stack: Path, remade: Callable[..., Path]) -> None:
    with pytest.raises(BadBundle, match="the model has no output for sentiment"):
        open_classifier(remade(sentiment__onnx=tiny_stack / "emotion.onnx"))


def test_a_graph_of_another_width_is_refused(tiny_stack: Path, remade: Callable[..., Path]) -> None:
    import onnx

    model = onnx.load(str(tiny_stack / "emotion.onnx"))
    for node in model.graph.node:
        node.output[:] = ["sentiment" if name == "emotion" else name for name in node.output]
    model.graph.output[0].name = "sentiment"
    with pytest.raises(BadBundle, match="the model gives 7 values for sentiment, which has 3 labels"):
        open_classifier(remade(sentiment__onnx=model.SerializeToString()))


def test_a_malformed_calibration_is_refused(remade: Callable[..., Path]) -> None:
    with pytest.raises(BadBundle, match=r"calibration\.json is malformed"):
        open_classifier(remade(calibration__json=b"{}"))
