"""Pre-training on public sets end to end on tiny ones: what is written, that it repeats and continues, and fine-tuning from it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from hikari.sentiment.calibration import Calibration
from hikari.sentiment.labels import TASKS, tasks_from_json
from tests import tiny, tiny_public
from training import evaluate_public, pretrain_text, recalibrate, text_release, train
from training.entry import composed
from training.pretrain_text_module import PublicTextModule
from training.public_data import PublicDataError
from training.recalibrate import RecalibrateConfig
from training.schema import ConfigError


class Made:
    """One finished run and what it was made from."""

    def __init__(self, folder: Path, encoder: Path) -> None:
        self.folder, self.encoder = folder, encoder
        self.sets = tiny_public.write_mirror(folder / "mirror")
        tiny_public.write_corpus(folder / "corpus")
        self.output = folder / "out" / "text_pretrained"
        self.figures: dict[str, Any] = {}

    def run(self, output: Path, *overrides: str) -> dict[str, Any]:
        return pretrain_text.pretrain(tiny_public.config(self.folder, self.encoder, self.sets, output, *overrides))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Made:
    result = Made(tmp_path_factory.mktemp("public"), tiny_encoder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIKARI_DATA_MIRROR", str(result.folder / "mirror"))
        patch.setattr(pretrain_text, "CHECKPOINTS", result.folder / "checkpoints")
        result.figures = result.run(result.output)
    return result


@pytest.fixture(autouse=True)
def _own_folders(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_DATA_MIRROR", str(made.folder / "mirror"))
    for module in (pretrain_text, train):
        monkeypatch.setattr(module, "CHECKPOINTS", tmp_path / "checkpoints")


def fine_tuned(made: Made, processed: Path, output: Path, *overrides: str) -> dict[str, torch.Tensor]:
    start = [f"model.start={made.output}"]
    train.train(tiny.train_config(made.encoder, processed, output, *start, "trainer.max_epochs=1", *overrides))
    return load_file(output / "weights.safetensors")


def shared(weights: dict[str, torch.Tensor], made: Made) -> list[tuple[torch.Tensor, torch.Tensor]]:
    before = text_release.read_weights(made.output)
    pairs = [(value, before[name]) for name, value in weights.items() if name in before]
    assert len(pairs) >= len(weights) - 2  # all but the pooler
    return pairs


def test_a_run_writes_weights_facts_and_a_card(made: Made) -> None:
    facts = json.loads((made.output / "tasks.json").read_text())
    assert tasks_from_json(facts) == TASKS, "the heads that only teach are off by default"
    assert facts["rows"]["train"]["tweeteval_irony"] == 24
    assert facts["rows"]["dev"]["hikari_corpus_test"] == 30
    assert [row["epoch"] for row in facts["history"]] == [0.0, 1.0]
    assert made.figures["best_epoch"] in facts["history"]
    assert made.figures["dev"] == facts["figures"]
    assert set(made.figures["int8_change"]) == set(pretrain_text.public_figures.SCORED)
    assert not [name for name in facts["figures"] if name.startswith("hikari_corpus_")]
    card = made.output.with_suffix(".md").read_text()
    for part in ("| tweeteval_irony | 24 | 24 | MIT |", "UMSAB german, macro-F1", "UMSAB spanish, macro-F1", "change by int8"):
        assert part in card
    assert "stream" not in card
    assert not list((made.folder / "checkpoints").glob("*"))


def test_the_same_seed_gives_the_same_weights_and_another_others(made: Made, tmp_path: Path) -> None:
    made.run(tmp_path / "again")
    made.run(tmp_path / "other", "seed=8")
    content = (made.output / text_release.WEIGHTS).read_bytes()
    assert (tmp_path / "again" / text_release.WEIGHTS).read_bytes() == content
    assert (tmp_path / "other" / text_release.WEIGHTS).read_bytes() != content


def test_a_second_run_may_keep_a_share_of_the_first(made: Made, tmp_path: Path) -> None:
    onward = (f"task.start={made.output}", "task.trainer.max_epochs=1")
    first, kept = made.run(tmp_path / "all", *onward, "task.keep=1.0"), made.run(tmp_path / "half", *onward, "task.keep=0.5")
    made.run(tmp_path / "none", *onward)
    before = text_release.read_weights(made.output)
    after, half, whole = (text_release.read_weights(tmp_path / name) for name in ("none", "half", "all"))
    apart = 0.0
    for name, value in before.items():
        if not value.is_floating_point():
            continue
        apart = max(apart, float((after[name] - value).abs().max()))
        coarse = float(value.abs().max()) / 50  # the scales of int8
        torch.testing.assert_close(half[name], (value + after[name]) / 2, atol=coarse, rtol=0.02)
        torch.testing.assert_close(whole[name], value, atol=coarse, rtol=0.02)
    assert apart > 0.01
    assert first["dev"] != kept["dev"]
    for name in ("keep", "teach", "teach_others"):
        with pytest.raises(ConfigError, match=rf"{name}=0.5 needs start=FOLDER"):
            made.run(tmp_path / "alone", f"task.{name}=0.5")


def test_a_second_run_may_be_taught_by_the_first(made: Made, tmp_path: Path) -> None:
    onward = (f"task.start={made.output}", "task.trainer.max_epochs=1")
    made.run(tmp_path / "plain", *onward)
    made.run(tmp_path / "taught", *onward, "task.teach=1.0", "task.teach_others=1.0")
    before, plain, taught = (text_release.read_weights(path) for path in (made.output, tmp_path / "plain", tmp_path / "taught"))

    def moved(weights: dict[str, torch.Tensor]) -> float:
        return sum(float((weights[name] - value).square().sum()) for name, value in before.items() if value.is_floating_point())

    assert 0 < moved(taught) < moved(plain), "who learns its own predictions stays nearer to itself"
    facts = json.loads((tmp_path / "taught" / "tasks.json").read_text())
    assert facts["onward"]["teach"] == 1.0
    assert facts["onward"]["start_sha256"][:16] in (tmp_path / "taught.md").read_text()
    assert json.loads((made.output / "tasks.json").read_text())["onward"] is None


def test_an_interrupted_run_continues_from_its_last_epoch(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, calls = PublicTextModule.training_step, [0]
    per_epoch = json.loads((made.output / "tasks.json").read_text())["history"][0]["step"]

    def failing(self: Any, batch: Any, number: int) -> Any:
        calls[0] += 1
        if calls[0] == per_epoch + 3:
            raise RuntimeError("the power went out")
        return step(self, batch, number)

    monkeypatch.setattr(PublicTextModule, "training_step", failing)
    with pytest.raises(RuntimeError, match="power"):
        made.run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    made.run(tmp_path / "out")
    assert calls[0] == per_epoch + 3 + per_epoch
    # Dropout's random state is not part of a checkpoint, so the weights are not bit for bit those of an unbroken run.
    history = json.loads((tmp_path / "out" / "tasks.json").read_text())["history"]
    unbroken = json.loads((made.output / "tasks.json").read_text())["history"]
    assert [row["epoch"] for row in history] == [0.0, 1.0]
    assert history[0] == unbroken[0], "the epoch before the break is kept, not repeated"


def test_two_passes_a_row_and_a_sample_of_rows_run_too(made: Made, tmp_path: Path) -> None:
    figures = made.run(
        tmp_path / "out", "task.r_drop=0.5", "task.max_rows=64", "task.rows_per_epoch=32", "task.trainer.max_epochs=1"
    )
    assert 0 < figures["score"] <= 1


def test_the_tables_are_kept_and_made_again_for_another_corpus(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.public_tables import tables

    frames, counts = tables(made.sets, made.folder / "corpus", made.folder / "cache")
    assert counts["train"]["umsab_german"] == 12
    monkeypatch.delenv("HIKARI_DATA_MIRROR")
    again, _ = tables(made.sets, made.folder / "corpus", made.folder / "cache")
    assert again["train"].equals(frames["train"])
    shutil.copytree(made.folder / "corpus", tmp_path / "corpus")
    file = tmp_path / "corpus" / "train.jsonl"
    file.write_text("\n".join(file.read_text().splitlines()[1:]) + "\n")
    with pytest.raises(PublicDataError, match="HIKARI_DATA_MIRROR"):
        tables(made.sets, tmp_path / "corpus", made.folder / "cache")


def test_a_weight_for_a_set_that_is_not_there_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(PublicDataError, match=r"task.set_weights names \['twich'\], the sets are \['davidson', "):
        made.run(tmp_path / "out", "+task.set_weights.twich=2.0")


def test_the_tables_follow_what_the_swaps_are_filled_with(made: Made, tmp_path: Path) -> None:
    from training.public_tables import tables

    shutil.copytree(made.folder / "corpus", tmp_path / "corpus")
    template = {"text": "{name} plays tonight", "sentiment": "neutral", "emotion": "neutral", "toxicity": [], "question": False}
    (tmp_path / "corpus" / "swaps.jsonl").write_text(json.dumps(template) + "\n")
    for name in ("Ada", "Grace"):
        (tmp_path / "corpus" / "swap_fillers.json").write_text(json.dumps({"names": [name], "terms": []}))
        frames, _ = tables(made.sets, tmp_path / "corpus", tmp_path / "cache")
        assert f"{name} plays tonight" in set(frames["train"]["text"])


def test_heads_must_hold_the_served_ones() -> None:
    with pytest.raises(ConfigError, match="heads must hold sentiment, emotion, toxicity, question"):
        composed("pretrain", pretrain_text.PretrainTextConfig, ["task=text_public", "~task.heads.question"])
    extra = "+task.heads.colour={weight: 1.0, label_smoothing: 0.0, balance: 0.0}"
    with pytest.raises(ConfigError, match="colour"):
        composed("pretrain", pretrain_text.PretrainTextConfig, ["task=text_public", extra])


def test_fine_tuning_starts_at_the_released_weights(
    made: Made, tiny_processed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, torch.Tensor]] = []
    fit = train.fit

    def noted(module: Any, *rest: Any) -> Any:
        seen.append({name: value.clone() for name, value in module.network.state_dict().items()})
        return fit(module, *rest)

    monkeypatch.setattr(train, "fit", noted)
    tuned = fine_tuned(made, tiny_processed, tmp_path / "out", "model.keep=0.0")
    assert all(torch.equal(value, before) for value, before in shared(seen[0], made))
    assert any(not torch.equal(value, before) for value, before in shared(tuned, made))
    facts = json.loads((tmp_path / "out" / "tasks.json").read_text())
    assert len(facts["start"]) == 64
    assert tasks_from_json(facts) == TASKS


def test_what_is_kept_lies_between_both_ends(made: Made, tiny_processed: Path, tmp_path: Path) -> None:
    none, half, all_ = (fine_tuned(made, tiny_processed, tmp_path / str(keep), f"model.keep={keep}") for keep in (0.0, 0.5, 1.0))
    assert all(torch.equal(value, before) for value, before in shared(all_, made))
    before = text_release.read_weights(made.output)
    for name, value in half.items():
        if name in before:
            torch.testing.assert_close(value, (none[name] + before[name]) / 2)


def test_keeping_needs_something_to_keep(tiny_encoder: Path, tiny_processed: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keep=0.5 needs start=FOLDER"):
        tiny.train_config(tiny_encoder, tiny_processed, tmp_path, "model.keep=0.5")


def test_a_bundle_is_judged_on_the_public_sets(made: Made, tiny_bundle: Path, tmp_path: Path) -> None:
    config = evaluate_public.EvaluatePublicConfig(
        bundle=str(tiny_bundle), sets=made.sets, corpus=str(made.folder / "corpus"), cache=str(made.folder / "cache"),
        output=str(tmp_path / "public.json"),
    )  # fmt: skip
    figures = evaluate_public.evaluate(config)
    assert json.loads((tmp_path / "public.json").read_text()) == figures
    assert set(pretrain_text.public_figures.SCORED) <= set(figures["figures"])
    assert all(0 <= value <= 1 for value in figures["figures"].values())
    assert not [name for name in figures["figures"] if name.startswith(("tweeteval_irony", "hikari_corpus_"))]
    assert set(figures["members"]) == {"hikari_corpus", "semeval2017_task4a", "tweeteval_sentiment", "twitch_sentiment_labels"}
    for members in figures["members"].values():
        assert {"encoder", "vader", "emotes", "ensemble_seed"} <= set(members)
        assert all(set(row) == {"accuracy", "macro_f1", "macro_recall"} for row in members.values())
    encoder = figures["members"]["tweeteval_sentiment"]["encoder"]
    assert encoder["accuracy"] == figures["figures"]["tweeteval_sentiment.accuracy"]
    assert encoder["macro_recall"] == figures["figures"]["tweeteval_sentiment.macro_recall"]


def test_without_a_mirror_the_evaluation_says_what_to_do(
    made: Made, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HIKARI_DATA_MIRROR")
    config = evaluate_public.EvaluatePublicConfig(
        bundle=str(tiny_bundle),
        sets=made.sets,
        corpus=str(made.folder / "corpus"),
        cache=str(tmp_path),
        output=str(tmp_path / "o"),
    )
    with pytest.raises(SystemExit, match="HIKARI_DATA_MIRROR"):
        evaluate_public._run(config)
    assert not (tmp_path / "o").exists()


def test_a_release_gets_the_calibration_of_what_became_of_it(made: Made, tiny_processed: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    shutil.copytree(made.output, release)
    before = text_release.facts(release)
    fine_tuned(made, tiny_processed, tmp_path / "tuned")
    config = RecalibrateConfig(
        str(release), str(tmp_path / "tuned"), made.sets, str(made.folder / "corpus"), str(made.folder / "cache")
    )
    found = recalibrate.recalibrate(config)
    after = text_release.facts(release)
    assert after == {**before, "calibration": found}
    assert found != before["calibration"], "other weights have other temperatures"
    types = Calibration.from_json(found).thresholds["toxicity"]
    assert min(types.values()) == types["toxic"], "no type is decided where the message is not toxic"
    assert (release / text_release.WEIGHTS).read_bytes() == (made.output / text_release.WEIGHTS).read_bytes()
