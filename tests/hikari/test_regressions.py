"""One test for each bug that was found by looking for it; each failed before its fix."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from hikari import scoring
from hikari.bundle import open_bundle
from hikari.cli import main
from hikari.errors import BadBundle, BadInput, HikariError, NotReady, TooLarge
from hikari.fields import clean_characters
from hikari.scoring import score_file
from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer as A
from hikari.sentiment.calibration import Calibration
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.ensemble import Ensemble
from hikari.sentiment.messages import chat_message
from hikari.sentiment.scores import Scorer
from hikari.sentiment.symbols import SymbolLexicon, lexicon, make_symbol
from hikari.sentiment.text import read
from hikari.settings import Settings

B = Path()
H = "name\tprovider\tpolarity\temotion\tmeaning\n"


@pytest.fixture(scope="module", autouse=True)
def _bundle(tiny_bundle):
    global B
    B = tiny_bundle


@pytest.fixture(scope="module")
def scorer(_bundle):
    return Scorer(TextClassifier(open_bundle(B), threads=1, precision="fp32"))


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("HIKARI_HOME", str(tmp_path / "home"))


@pytest.fixture
def src(tmp_path):
    p = tmp_path / "in.jsonl"
    p.write_text("".join(json.dumps({"id": i, "text": "" if i == 1 else "hi"}) + "\n" for i in range(6)))
    return p


def bad(tmp_path, edit):
    d = tmp_path / "b"
    shutil.copytree(B, d)
    m = json.loads((d / "manifest.json").read_text())
    edit(m)
    (d / "manifest.json").write_text(json.dumps(m))
    return d


def test_01_in_named_like_partial_is_not_deleted(tmp_path, scorer):
    p = tmp_path / "x.partial"
    p.write_text('{"id":1,"text":"a"}\n')
    with pytest.raises(BadInput):
        score_file(p, tmp_path / "x", scorer, 1)
    assert p.exists()


def test_02_in_named_like_state_is_not_deleted(tmp_path, scorer):
    p = tmp_path / "x.partial.json"
    p.write_text('{"id":1,"text":"a"}\n')
    with pytest.raises(BadInput):
        score_file(p, tmp_path / "x", scorer, 1)
    assert p.exists()


def test_03_padding_by_invisible_characters_hides_nothing():
    assert "kill" in read("\u200b" * 2000 + "kys").words


def test_04_padding_by_spaces_hides_nothing():
    assert "kill" in read(" " * 2000 + "kys").words


def test_05_joiner_inside_a_word_is_dropped():
    assert read("k\u200dys").words == "kill yourself"


@pytest.mark.parametrize("t", ["\u200d", "\x80", "\ufe0f"])
def test_06_invisible_text_is_refused(t):
    with pytest.raises(BadInput):
        chat_message({"text": t, "username": "a"}, 0)


@pytest.mark.parametrize("t", ["für", "4u", "Müll dür"])
def test_07_slang_is_not_expanded_inside_words(t):
    assert read(t).words == t


@pytest.mark.parametrize(("t", "only"), [("🔥🔥🔥", True), ("sad 😭😭", False), ("( ͡° ͜ʖ ͡°)", True), ("KEKW🔥", None)])
def test_08_only_symbols(t, only, scorer):
    if only is not None:
        assert scorer.score([(t, lexicon())])[0].only_symbols is only


def test_09_channel_emote_inside_another_meaning_is_not_read():
    l = lexicon().extended([make_symbol("happy", {"polarity": -1}, "x")])
    assert [s.name for s in l.replace(":D")[1]] == [":D"]


@pytest.mark.parametrize("n", [":3", "🔥"])
def test_10_channel_emote_wins_over_kaomoji_and_emoji(n):
    l = lexicon().extended([make_symbol(n, {"polarity": -1, "meaning": "mine"}, "x")])
    assert l.replace(n)[0] == "(mine)"


def test_11_add_emotes_before_open_keeps_the_channel_file(tmp_path):
    d = tmp_path / "home" / "emotes"
    d.mkdir(parents=True)
    (d / "c.tsv").write_text(H + "zzFile\tchannel\t1\tjoy\tx\n")

    async def go():
        a = A(B)
        a.add_emotes("c", {"zzAdd": {"polarity": -1}})
        r = await a.analyze_message("zzFile zzAdd", "u", channel="c")
        return [s["name"] for s in r["sentiment"]["emoji"]["symbols"]]

    assert asyncio.run(go()) == ["zzFile", "zzAdd"]


def test_12_channel_file_not_utf8(tmp_path):
    d = tmp_path / "home" / "emotes"
    d.mkdir(parents=True)
    (d / "c.tsv").write_bytes(b"\xff\xfe")
    with pytest.raises(HikariError):
        asyncio.run(A(B).open())


def test_13_outcome_counts_failures_of_earlier_runs(tmp_path, src, scorer, monkeypatch):
    monkeypatch.setattr(scoring, "BLOCK", 2)

    def stop(_):
        raise KeyError

    with pytest.raises(KeyError):
        score_file(src, tmp_path / "o", scorer, 1, stop)
    assert score_file(src, tmp_path / "o", scorer, 1).failed == 1


def test_14_out_is_a_folder(tmp_path, src, scorer):
    (tmp_path / "o").mkdir()
    with pytest.raises(BadInput):
        score_file(src, tmp_path / "o", scorer, 1)


def test_15_line_numbers_count_blank_lines(tmp_path, scorer):
    p = tmp_path / "i"
    p.write_text("\n\n{bad\n")
    score_file(p, tmp_path / "o", scorer, 1)
    assert "line 3 " in (tmp_path / "o").read_text()


def test_16_workers_zero_is_refused(tmp_path, src):
    assert main(["score", str(src), str(tmp_path / "o"), "--bundle", str(B), "--workers", "0"]) == 2


def test_17_workers_error_code(tmp_path, src, capsys):
    main(["score", str(src), str(tmp_path / "o"), "--bundle", str(B), "--workers", "-1", "--json"])
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "bad_input"


def test_18_cli_malformed_threads(monkeypatch):
    monkeypatch.setenv("HIKARI_THREADS", "abc")
    assert main(["analyze", "hi", "--bundle", str(B)]) == 2


def test_19_threads_superscript():
    with pytest.raises(BadInput, match="HIKARI_THREADS"):
        Settings.read({"HIKARI_THREADS": "²"})


def test_20_unknown_precision():
    with pytest.raises(HikariError):
        TextClassifier(open_bundle(B), precision="bf16")


def test_21_unknown_device():
    with pytest.raises(HikariError):
        TextClassifier(open_bundle(B), device="tpu")


def test_22_entry_that_is_no_object(tmp_path):
    with pytest.raises(BadBundle):
        open_bundle(bad(tmp_path, lambda m: m["files"].update({"model.onnx": "x"})))


def test_23_deep_manifest(tmp_path):
    d = bad(tmp_path, lambda m: None)
    (d / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(BadBundle):
        open_bundle(d)


def test_24_no_max_tokens(tmp_path):
    with pytest.raises(BadBundle):
        TextClassifier(open_bundle(bad(tmp_path, lambda m: m.pop("max_tokens"))))


@pytest.mark.parametrize("w", [float("nan"), float("inf")])
def test_25_ensemble_weights_finite(w):
    with pytest.raises(ValueError):
        Ensemble(w, 0.3, 0.2)


@pytest.mark.parametrize(
    ("k", "v"),
    [
        ("thresholds", {"toxicity": {"toxic": float("nan")}}),
        ("thresholds", {"toxicity": {"toxic": 7}}),
        ("temperatures", {"emotion": 10**400}),
    ],
)
def test_26_calibration_ranges(k, v):
    with pytest.raises(BadBundle):
        Calibration.from_json(json.loads((B / "calibration.json").read_text()) | {k: v})


def test_27_huge_polarity():
    with pytest.raises(BadInput):
        make_symbol("x", {"polarity": 10**400}, "o")


@pytest.mark.parametrize("n", [" foo ", 5])
def test_28_emote_names(n):
    with pytest.raises(BadInput):
        make_symbol(n, {"polarity": 1}, "o")


def test_29_emotes_must_be_an_object():
    with pytest.raises(BadInput):
        A(B).add_emotes("c", None)


def test_30_bad_row_with_surrogate_id_can_be_encoded():
    r = asyncio.run(A(B).analyze_batch([{"id": "\ud800", "username": "a", "text": "x"}]))
    json.dumps(r, ensure_ascii=False).encode()


def test_31_bad_row_with_huge_id_harms_no_other():
    r = asyncio.run(A(B).analyze_batch([{"id": 10**5000, "username": "a"}, {"id": 1, "text": "x", "username": "b"}]))
    assert "error" not in r[1]


def test_32_error_row_id_true():
    r = asyncio.run(A(B).analyze_batch([{"id": True, "username": "a", "text": "x"}]))
    assert r[0]["id"] is None


def test_33_failed_open_in_two_loops(tmp_path):
    a = A(tmp_path / "none")

    async def both():
        return [type(e) for e in await asyncio.gather(a.open(), a.open(), return_exceptions=True)]

    asyncio.run(both())
    assert asyncio.run(both()) == [NotReady, NotReady]


def test_34_batch_over_limit_is_too_large():
    with pytest.raises(TooLarge):
        asyncio.run(A(B).analyze_batch([{}] * 1001))


def test_35_empty_lexicon_is_respected():
    assert read("KEKW", SymbolLexicon([])).words == "KEKW"


def test_36_form_feed_is_white_space():
    assert clean_characters("a\x0cb") == "a b"


def test_37_format_true(tmp_path):
    with pytest.raises(BadBundle):
        open_bundle(bad(tmp_path, lambda m: m.update(format=True)))


def test_38_failed_open_leaks_no_executor(tmp_path):
    import threading

    a = A(tmp_path / "none")
    n = threading.active_count()
    for _ in range(5):
        with pytest.raises(NotReady):
            asyncio.run(a.open())
    assert threading.active_count() <= n + 1
