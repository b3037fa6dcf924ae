"""`task=summarizer`: a tiny T5 learns, is interrupted and continues, is written, opened by the engine, and writes summaries."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_dir
from safetensors.torch import load_file

from hikari.memory.abstractive import FILES, Generation, T5Summariser
from tests import tiny_t5
from training import entry, rouge, summarizer, summary_data, train, train_summarizer
from training.encoder import EncoderError
from training.external import ExternalDataError
from training.schema import TrainConfig
from training.summary_schema import SummaryTrainConfig

Configure = Callable[..., SummaryTrainConfig]


@pytest.fixture(autouse=True)
def _own_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "CHECKPOINTS", tmp_path / "checkpoints")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_t5.make_t5(tmp_path_factory.mktemp("t5"))


def arguments(base: Path, file: Path, output: Path, *overrides: str) -> list[str]:
    return [
        "task=summarizer", "model.base.source=folder", f"model.base.location={base}", f"data.train={file}", f"data.dev={file}",
        f"output={output}", "tracking=off", "trainer.progress=false", "trainer.max_epochs=2", "data.batch_size=2", "optim.lr=0.01",
        "model.max_input_tokens=48", "model.max_output_tokens=12", "model.beams=2", *overrides,
    ]  # fmt: skip


@pytest.fixture
def configure(base: Path, tmp_path: Path) -> Configure:
    def make(*overrides: str, output: str = "out") -> SummaryTrainConfig:
        file = tiny_t5.write_dialogues(tmp_path / "pairs.jsonl")
        return entry.composed("train", SummaryTrainConfig, arguments(base, file, tmp_path / output, *overrides))

    return make


@pytest.fixture(scope="module")
def trained(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float]]:
    """A folder whose model has learned the four pairs by heart, and its best figures."""
    folder = tmp_path_factory.mktemp("trained")
    file = tiny_t5.write_dialogues(folder / "pairs.jsonl", repeat=4)
    overrides = ["trainer.max_epochs=25", "trainer.patience=25", "data.batch_size=4", "model.beams=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "CHECKPOINTS", folder / "checkpoints")
        patch.setenv("HIKARI_HOME", str(folder))
        config = entry.composed("train", SummaryTrainConfig, arguments(base, file, folder / "out", *overrides))
        return folder / "out", train_summarizer.train(config)


def test_four_pairs_are_learned_by_heart(trained: tuple[Path, dict[str, float]]) -> None:
    folder, best = trained
    history = json.loads((folder / "history.json").read_text())
    assert history[0]["dev/loss"] > 2.0
    assert min(row["dev/loss"] for row in history) < 0.1
    assert best["dev/score"] == pytest.approx(100.0)
    model = T5Summariser(folder)
    for dialogue, summary in tiny_t5.PAIRS:
        turns = summary_data.turns_of(dialogue)
        told = model.summarise(turns)
        assert rouge.scores([summary], [told.text]).mean() == pytest.approx(100.0)
        assert told.positions == tuple(range(len(turns)))
        assert told == model.summarise(turns)


def test_the_folder_is_complete_and_says_where_it_comes_from(trained: tuple[Path, dict[str, float]], base: Path) -> None:
    folder, best = trained
    assert {*FILES, "history.json", "manifest.json"} <= {file.name for file in folder.iterdir()}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["generation"] == {"prefix": "summarize: ", "max_input_tokens": 48, "max_output_tokens": 12, "beams": 1}
    assert set(manifest["parents"]) == {"base", "train.jsonl", "dev.jsonl"}
    assert manifest["figures"]["dev/score"] == best["dev/score"]
    assert (folder / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    assert not list((folder.parent / "checkpoints").glob("*"))


def test_the_dev_score_is_the_mean_rouge_of_greedy_decoding(trained: tuple[Path, dict[str, float]]) -> None:
    for row in json.loads((trained[0] / "history.json").read_text()):
        assert row["dev/score"] == pytest.approx((row["dev/rouge1"] + row["dev/rouge2"] + row["dev/rougeL"]) / 3, abs=1e-4)


def test_equal_seeds_give_equal_weights_and_other_seeds_others(configure: Configure, tmp_path: Path) -> None:
    for name, seed in (("one", 7), ("two", 7), ("three", 8)):
        train_summarizer.train(configure(f"seed={seed}", output=name))
    one, two, three = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two", "three"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], three[name]) for name in one)


def test_an_interrupted_run_continues_and_ends_like_a_whole_one(
    configure: Configure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    step, calls, limit = summarizer.SummaryModule.training_step, [0], [5]

    def counted(self: Any, batch: Any, number: int) -> Any:
        calls[0] += 1
        if calls[0] > limit[0]:
            raise RuntimeError("the power went out")
        return step(self, batch, number)

    monkeypatch.setattr(summarizer.SummaryModule, "training_step", counted)
    config = configure("trainer.max_epochs=4")
    with pytest.raises(RuntimeError, match="the power went out"):
        train_summarizer.train(config)
    assert not (tmp_path / "out").exists()
    assert [file.name for file in (tmp_path / "checkpoints").rglob("last.ckpt")] == ["last.ckpt"]
    calls[0], limit[0] = 0, 1000
    train_summarizer.train(config)
    assert calls[0] == 4  # two epochs of two steps were done; the half of the third is done again
    train_summarizer.train(configure("trainer.max_epochs=4", output="whole"))
    histories = [json.loads((tmp_path / name / "history.json").read_text()) for name in ("out", "whole")]
    assert [row["step"] for row in histories[0]] == [2.0, 4.0, 6.0, 8.0]
    assert histories[0] == histories[1]
    resumed, whole = (load_file(tmp_path / name / "model.safetensors") for name in ("out", "whole"))
    assert all(torch.allclose(resumed[name], whole[name], atol=1e-6) for name in whole)


def test_main_dispatches_on_the_task(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tiny_t5.write_dialogues(tmp_path / "pairs.jsonl")
    monkeypatch.setattr(
        "sys.argv", ["prog", *arguments(base, file, tmp_path / "out", "debug=tiny", f"output={tmp_path / 'out'}")]
    )
    monkeypatch.chdir(tmp_path)
    train.main()
    printed = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert {"dev/rouge1", "dev/rouge2", "dev/rougeL", "dev/score", "dev/loss"} <= set(printed)
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_a_wrong_summarizer_configuration_names_its_own_fields(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["prog", "task=summarizer", "model.max_input_tokens=1", "optim.lr=7"])
    with pytest.raises(SystemExit) as caught:
        train.main()
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("2 mistakes in the configuration:")
    assert "model.max_input_tokens" in message
    assert "optim.lr" in message


def test_the_task_brings_its_own_groups_and_leaves_the_text_model_alone() -> None:
    config = entry.composed("train", SummaryTrainConfig, ["task=summarizer"])
    assert (config.model.base.source, config.model.base.location) == ("hub", "google-t5/t5-small")
    assert len(config.model.base.revision or "") == 40
    assert (config.output, config.tracking.experiment, config.data.public.name) == (
        "mlruns/summarizer",
        "summarizer",
        "dialogsum",
    )
    text = entry.composed("train", TrainConfig)
    assert (text.output, text.task.name, text.tracking.experiment) == ("data/models/checkpoint", "text", "text")


@pytest.mark.parametrize(("trainer", "accelerator", "devices"), [("cpu", "cpu", 1), ("gpu", "gpu", 1), ("ddp", "gpu", 2)])
def test_the_trainer_groups_are_shared(trainer: str, accelerator: str, devices: int) -> None:
    config = entry.composed("train", SummaryTrainConfig, ["task=summarizer", f"trainer={trainer}"])
    assert (config.trainer.accelerator, config.trainer.devices) == (accelerator, devices)


@pytest.mark.parametrize("task", ["text", "summarizer"])
def test_debug_modes_win_over_the_task(task: str) -> None:
    with initialize_config_dir(str(entry.CONF), version_base="1.3"):
        raw = compose("train", overrides=[f"task={task}", "debug=tiny"])
    assert (raw.output, raw.resume, raw.tracking.kind, raw.data.max_rows) == ("mlruns/debug/tiny", "never", "off", 64)


def test_without_training_data_the_message_says_what_to_name(configure: Configure) -> None:
    with pytest.raises(ExternalDataError, match=r"dialogsum comes without a pinned part train: name a file with data\.train="):
        train_summarizer.train(configure("data.train=null"))


def test_another_architecture_is_refused(configure: Configure, tiny_encoder: Path) -> None:
    with pytest.raises(EncoderError, match="a model of type bert; a summariser needs a T5"):
        train_summarizer.train(configure(f"model.base.location={tiny_encoder}"))


def test_the_loss_leaves_padding_out(base: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import T5ForConditionalGeneration

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    model = T5ForConditionalGeneration.from_pretrained(base).eval()
    generation = Generation(max_input_tokens=48, max_output_tokens=12)
    rows = [summary_data.Dialogue(str(n), summary_data.turns_of(d), s) for n, (d, s) in enumerate(tiny_t5.PAIRS)]
    pairs = summary_data.tokenise(rows, tokenizer, generation, 1)
    config = entry.composed("train", SummaryTrainConfig, ["task=summarizer"]).optim
    module = summarizer.SummaryModule(model, tokenizer, generation, config, pairs.summaries)
    tokens = [len(ids) for ids in pairs.targets]
    with torch.inference_mode():
        together = float(module(summary_data.collate(pairs, [0, 1, 2, 3], 0)))
        alone = [float(module(summary_data.collate(pairs, [row], 0))) for row in range(4)]
    weighted = sum(loss * count for loss, count in zip(alone, tokens, strict=True)) / sum(tokens)
    assert together == pytest.approx(weighted, rel=1e-4)


def test_collated_rows_are_padded_and_ignored() -> None:
    pairs = summary_data.Pairs([[5, 6, 1], [7, 1]], [[8, 1], [9, 9, 1]], ["a", "b"])
    batch = summary_data.collate(pairs, [0, 1], pad=0)
    assert batch["input_ids"].tolist() == [[5, 6, 1], [7, 1, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["labels"].tolist() == [[8, 1, -100], [9, 9, 1]]
    assert batch["rows"].tolist() == [0, 1]


def test_wrong_lines_are_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '{"dialogue": "Kai: hi", "summary": "x"}\nno json\n{"dialogue": "Kai: hi"}\n{"dialogue": "\\n", "summary": "x"}\n'
    )
    with pytest.raises(ExternalDataError, match="line 2: not JSON; line 3: needs `dialogue` and `summary`; line 4: dialogue and"):
        summary_data.read_dialogues(file)
    file.write_text("\n")
    with pytest.raises(ExternalDataError, match="holds no dialogues"):
        summary_data.read_dialogues(file)


def test_ids_are_taken_from_either_name_or_the_line(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [{"id": "a"}, {"fname": "b"}, {}]
    file.write_text("".join(json.dumps({"dialogue": "Kai: hi", "summary": "x", **line}) + "\n" for line in lines))
    assert [row.id for row in summary_data.read_dialogues(file)] == ["a", "b", "3"]


def test_a_limit_takes_a_seeded_sample(base: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    file = tiny_t5.write_dialogues(tmp_path / "pairs.jsonl", repeat=5)
    settings = [f"data.train={file}", f"data.dev={file}", "data.max_rows=6", "data.max_dev_rows=3"]
    config = entry.composed("train", SummaryTrainConfig, ["task=summarizer", *settings]).data
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    one, two, other = (summary_data.SummaryData(config, tokenizer, Generation(), 1, 0, seed) for seed in (1, 1, 2))
    assert [len(one.pairs[split]) for split in ("train", "dev")] == [6, 3]
    assert one.pairs == two.pairs
    assert one.pairs["train"].inputs != other.pairs["train"].inputs
