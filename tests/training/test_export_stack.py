"""Three classifiers in one bundle: their labels become ours, their probabilities stay theirs, and what does not fit is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from tokenizers import Tokenizer

from hikari import fingerprint
from hikari.bundle import open_bundle
from hikari.sentiment import text as chat_text
from hikari.sentiment.labels import EMOTION, SENTIMENT, TASKS, TOXICITY
from hikari.sentiment.opening import open_classifier
from tests import tiny_encoders
from training import encoder, export_stack, onnx_export
from training.encoder import EncoderError
from training.entry import composed
from training.export_stack import ExportStackConfig, StackError, groups

TEXTS = ["good", "i love this game 🔥", "can you play this game? " * 5, "What The WHAT", "", "kys idiot " * 60]
STARS = {"negative": ("1 star", "2 stars"), "neutral": ("3 stars",), "positive": ("4 stars", "5 stars")}
SENTIMENT_TASK, EMOTION_TASK, TOXICITY_TASK, _ = TASKS


@pytest.fixture
def classifiers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(encoder, "CONVERTED", tmp_path / "converted")
    return tiny_encoders.make_classifiers(tmp_path / "classifiers")


def theirs(folder: Path, tokenizer: Any, texts: list[str]) -> tuple[list[str], np.ndarray]:
    """Labels and logits of a checkpoint as transformers loads it, one text at a time; too long ones lose their middle."""
    from transformers import AutoModelForSequenceClassification

    model: Any = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
    rows = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        ids = (
            ids
            if len(ids) <= tiny_encoders.LONGEST
            else ids[: tiny_encoders.LONGEST * 3 // 4] + ids[-(tiny_encoders.LONGEST // 4) :]
        )
        with torch.inference_mode():
            rows.append(model(input_ids=torch.tensor([ids])).logits[0].double().numpy())
    return [model.config.id2label[number] for number in range(model.config.num_labels)], np.array(rows)


def test_the_stacks_probabilities_are_the_three_models(tiny_stack: Path) -> None:
    words = [chat_text.read(text).words for text in TEXTS]
    found = open_classifier(tiny_stack, threads=1).probabilities(words, batch_size=4)
    reference = {}
    for task in ("sentiment", "emotion", "toxicity"):
        tokenizer = Tokenizer.from_file(str(tiny_stack / f"{task}.tokenizer.json"))
        tokenizer.no_truncation()
        labels, logits = theirs(tiny_stack.parent / "classifiers" / task, tokenizer, words)
        reference[task] = {label: logits[:, place] for place, label in enumerate(labels)}
    stars = np.exp(np.stack([reference["sentiment"][label] for label in tiny_encoders.STARS], axis=1))
    stars /= stars.sum(axis=1, keepdims=True)
    feelings = np.exp(np.stack([reference["emotion"][label] for label in EMOTION], axis=1))
    feelings /= feelings.sum(axis=1, keepdims=True)
    toxic = 1 / (1 + np.exp(-np.stack([reference["toxicity"][label] for label in TOXICITY], axis=1)))
    expected = np.stack([stars[:, :2].sum(axis=1), stars[:, 2], stars[:, 3:].sum(axis=1)], axis=1)
    np.testing.assert_allclose(found["sentiment"], expected, atol=1e-5)
    np.testing.assert_allclose(found["emotion"], feelings, atol=1e-5)
    np.testing.assert_allclose(found["toxicity"], toxic, atol=1e-5)
    assert all(np.ptp(values, axis=0).max() > 0.05 for values in found.values())


def test_the_bundle_says_where_its_models_come_from(tiny_stack: Path) -> None:
    bundle = open_bundle(tiny_stack, "stack")
    parts = bundle.json("stack.json")["parts"]
    assert list(parts) == ["sentiment", "emotion", "toxicity"]
    for task, part in parts.items():
        folder = tiny_stack.parent / "classifiers" / task
        assert part["location"] == str(folder)
        assert bundle.manifest["parents"][task] == fingerprint.of_file(folder / "model.safetensors")
        assert part["max_tokens"] == tiny_encoders.LONGEST
        assert 0 <= part["fp32_max_difference"] <= 1e-4
    assert {task: part["pad_id"] for task, part in parts.items()} == {"sentiment": 0, "emotion": 1, "toxicity": 0}
    assert parts["sentiment"]["labels"] == {label: list(names) for label, names in STARS.items()}
    assert (bundle.manifest["kind"], bundle.manifest["precision"]) == ("stack", "fp32")
    assert bundle.json("calibration.json")["default_ensemble"] == "seed"


def test_the_shipped_stack_is_the_three_hub_encoders_in_their_labels() -> None:
    config = composed("export_stack", ExportStackConfig)
    for part, name in (
        (config.sentiment, "bert_multilingual"),
        (config.emotion, "distilroberta_emotion"),
        (config.toxicity, "toxic_bert"),
    ):
        assert part.checkpoint == tiny_encoders.config_of(name)
    # In the order of their config.json files.
    assert groups(SENTIMENT_TASK, config.sentiment.labels, tiny_encoders.STARS) == [[0, 1], [2], [3, 4]]
    assert groups(EMOTION_TASK, config.emotion.labels, EMOTION) == [[number] for number in range(7)]
    assert groups(TOXICITY_TASK, config.toxicity.labels, TOXICITY) == [[number] for number in range(6)]


def test_out_of_the_hubs_reach_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(EncoderError, match="bert_multilingual: the model hub does not give nlptown/"):
        export_stack.export(composed("export_stack", ExportStackConfig, [f"bundle={tmp_path / 'stack'}"]))
    assert not (tmp_path / "stack").exists()


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ({**STARS, "neutral": ("three",)}, "no label three; it has 1 star, 2 stars"),
        ({**STARS, "neutral": ("3 stars", "4 stars")}, "4 stars may count once only"),
        ({**STARS, "neutral": ()}, "nothing counts for neutral; 3 stars of the checkpoint must count for something"),
        (
            {"negative": ("1 star",), "positive": ("5 stars",)},
            "labels must map exactly negative, neutral, positive, got negative, positive",
        ),
        ({**STARS, "joy": ()}, "labels must map exactly negative, neutral, positive, got negative, neutral, positive, joy"),
    ],
)
def test_a_map_that_does_not_fit_is_told_in_full(mapped: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(StackError) as caught:
        groups(SENTIMENT_TASK, mapped, tiny_encoders.STARS)
    assert str(caught.value).startswith("sentiment: ")
    assert said in str(caught.value)


def test_labels_decided_alone_are_taken_one_for_one_and_some_may_be_left() -> None:
    mapped = {label: (label,) for label in TOXICITY}
    assert groups(TOXICITY_TASK, mapped, ("sexual", *TOXICITY)) == [[number + 1] for number in range(6)]
    with pytest.raises(StackError, match="so one counts for each; insult has several"):
        groups(TOXICITY_TASK, {**mapped, "insult": ("insult", "sexual")}, ("sexual", *TOXICITY))


def test_a_checkpoint_of_other_labels_is_refused(classifiers: Path, tmp_path: Path) -> None:
    tiny_encoders.make("roberta", classifiers / "emotion", ("LABEL_0", "LABEL_1"))
    with pytest.raises(StackError, match=r"emotion: the checkpoint has no label anger, .*; it has LABEL_0, LABEL_1"):
        export_stack.export(tiny_encoders.stack_config(classifiers, tmp_path / "stack"))
    assert not (tmp_path / "stack").exists()


def test_an_encoder_without_a_classifier_is_refused(classifiers: Path, tmp_path: Path) -> None:
    tiny_encoders.make("bert", classifiers / "sentiment")
    with pytest.raises(
        StackError, match=r"sentiment: .* holds no trained classifier, it lacks classifier\.bias, classifier\.weight"
    ):
        export_stack.export(tiny_encoders.stack_config(classifiers, tmp_path / "stack"))


def test_a_graph_that_answers_otherwise_is_refused(classifiers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = onnx_export.export_fp32

    def manipulated(network: Any, file: Path) -> None:
        real(network, file)
        model = onnx.load(str(file))
        bias = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("classifier.bias"))
        bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(0.01), bias.name))
        onnx.save(model, str(file))

    monkeypatch.setattr(onnx_export, "export_fp32", manipulated)
    with pytest.raises(StackError, match=r"sentiment: ONNX and PyTorch differ by .* at most 1e-04"):
        export_stack.export(tiny_encoders.stack_config(classifiers, tmp_path / "stack"))
    assert not (tmp_path / "stack").exists()


def test_main_prints_the_facts_as_json(
    classifiers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [
        f"{task}.checkpoint.{key}" for task in ("sentiment", "emotion", "toxicity") for key in ("source=folder", "sha256=null")
    ]
    places = [f"{task}.checkpoint.location={classifiers / task}" for task in ("sentiment", "emotion", "toxicity")]
    monkeypatch.setattr("sys.argv", ["prog", *sources, *places, f"bundle={tmp_path / 'stack'}"])
    monkeypatch.chdir(tmp_path)
    export_stack.main()
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert printed["fingerprint"] == open_bundle(tmp_path / "stack", "stack").fingerprint
    assert tuple(printed["parts"]["sentiment"]["labels"]) == SENTIMENT
