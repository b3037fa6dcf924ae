"""Emotes, emoji and kaomoji: finding them, what they are put into, and what a lexicon file may hold."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.sentiment.symbols import (
    EMOTIONS,
    Symbol,
    SymbolLexicon,
    emotion_hint,
    lexicon,
    make_symbol,
    parse_rows,
    score,
)

HEADER = "name\tprovider\tpolarity\temotion\tmeaning"
MINE = Symbol("mikaWave", "channel", 0.5, "joy", "waving hello")


def names(text: str, symbols: SymbolLexicon | None = None) -> list[str]:
    return [symbol.name for symbol in (symbols or lexicon()).replace(text)[1]]


def words(text: str, symbols: SymbolLexicon | None = None) -> str:
    return (symbols or lexicon()).replace(text)[0]


def test_symbols_become_their_meaning_in_place() -> None:
    assert words("nice KEKW one") == "nice (laughing hard) one"
    assert words("nice🔥one") == "nice (fire amazing) one"


def test_text_without_symbols_stays() -> None:
    assert lexicon().replace("just some words, 12:30 (really)") == (
        "just some words, 12:30 (really)",
        [],
    )


def test_every_occurrence_counts() -> None:
    assert names("KEKW 🔥 KEKW 🔥🔥") == ["🔥", "🔥", "🔥", "KEKW", "KEKW"]


@pytest.mark.parametrize("text", ["12:30", "https://a.b/c", "a:D", "xDD", "8:3", "x:3y", "(:)"])
def test_emoticons_inside_other_text_stay(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(("text", "name"), [("gg :3", ":3"), (":D gg", ":D"), ("a <3 b", "<3"), (">:(", ">:(")])
def test_emoticons_between_spaces_are_found(text: str, name: str) -> None:
    assert names(text) == [name]


@pytest.mark.parametrize("text", ["( ͡° ͜ʖ ͡°)", "a( ͡° ͜ʖ ͡°)b"])
def test_kaomoji_with_spaces_are_one_symbol(text: str) -> None:
    assert names(text) == ["( ͡° ͜ʖ ͡°)"]


def test_longest_kaomoji_wins() -> None:
    assert names(">:(") == [">:("]
    assert names("D:<") == ["D:<"]


@pytest.mark.parametrize("text", ["👍", "👍🏽", "👍🏿", "👍\ufe0f"])
def test_skin_tones_and_variation_selectors_do_not_matter(text: str) -> None:
    assert names(text) == ["👍"]


def test_joined_emoji_are_one_symbol() -> None:
    assert names("👨‍🍳") == ["👨‍🍳"]


def test_unknown_emoji_get_their_name() -> None:
    assert lexicon().replace("go 🇯🇵!") == ("go (Japan) !", [])


@pytest.mark.parametrize("text", ["pogchamp", "PogChamp", "kekw", "KEKW", "omegalul", "sadge", "peepohappy"])
def test_emotes_are_found_in_lower_case_when_no_word_is_meant(text: str) -> None:
    assert [name.lower() for name in names(text)] == [text.lower()]


@pytest.mark.parametrize("text", ["clap", "stare", "based", "cinema", "pOgChAmP", "ez", "what"])
def test_words_and_odd_cases_are_no_emotes(text: str) -> None:
    assert names(text) == []


def test_emotes_are_whole_words() -> None:
    assert names("KEKWait") == ["KEKWait"]
    assert names("myKEKW KEKW! @KEKW") == []


def test_channel_extension_wins_only_in_its_lexicon() -> None:
    channel = lexicon().extended([replace(MINE, name="KEKW"), MINE])
    assert words("KEKW mikaWave", channel) == "(waving hello) (waving hello)"
    assert channel.emote("KEKW") == replace(MINE, name="KEKW")
    assert words("KEKW mikaWave") == "(laughing hard) mikaWave"
    assert len(channel) == len(lexicon()) + 1


def test_extension_of_an_extension_keeps_both() -> None:
    other = replace(MINE, name="mikaHype", meaning="very excited")
    channel = lexicon().extended([MINE]).extended([other])
    assert names("mikaWave mikaHype KEKW", channel) == ["mikaWave", "mikaHype", "KEKW"]


def test_lexicon_of_few_symbols_knows_no_others() -> None:
    few = SymbolLexicon([MINE])
    assert len(few) == 1
    assert names("KEKW mikaWave 🔥 :)", few) == ["mikaWave"]


def test_score_is_the_mean_polarity() -> None:
    assert score([]) is None
    assert score([MINE]) == 0.5
    assert score([MINE, replace(MINE, polarity=-1.0), MINE]) == pytest.approx(0.0)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_score_lies_between_the_extremes(polarities: list[float]) -> None:
    mean = score(replace(MINE, polarity=polarity) for polarity in polarities)
    assert mean is not None
    assert min(polarities) - 1e-12 <= mean <= max(polarities) + 1e-12


@pytest.mark.parametrize(
    ("emotions", "hint"),
    [
        ([], None),
        (["neutral"], "neutral"),
        (["neutral", "neutral", "fear"], "fear"),
        (["joy", "anger", "anger"], "anger"),
        (["sadness", "joy"], "sadness"),
    ],
)
def test_emotion_hint_is_the_commonest_strong_one(emotions: list[str], hint: str | None) -> None:
    assert emotion_hint(replace(MINE, emotion=emotion) for emotion in emotions) == hint


def test_rows_are_parsed_and_further_columns_ignored() -> None:
    text = f"{HEADER}\tsources\tsupport\tmore\nhiKari\t7tv\t-0.25\tfear\tscared girl\tP\t3\tx\n\n"
    assert parse_rows(text, "x.tsv") == [Symbol("hiKari", "7tv", -0.25, "fear", "scared girl")]


def test_windows_line_ends_are_read() -> None:
    assert parse_rows(f"{HEADER}\r\nA\t7tv\t1\tjoy\tgood\r\n", "x")[0].meaning == "good"


@pytest.mark.parametrize("text", ["", "\n", "name\tpolarity\nA\t1", "A\t7tv\t1\tjoy\tgood"])
def test_wrong_header_says_which_columns_are_needed(text: str) -> None:
    with pytest.raises(BadInput, match=r"x\.tsv: the first line .*name, provider, polarity, emotion, meaning"):
        parse_rows(text, "x.tsv")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A\t7tv\t1", "3 columns, expected at least 5"),
        ("A\t7tv\tgood\tjoy\tx", "polarity must be a number from -1 to 1"),
        ("A\t7tv\t1.01\tjoy\tx", "polarity must be from -1 to 1, got 1.01"),
        ("A\t7tv\tnan\tjoy\tx", "polarity must be from -1 to 1"),
        ("A\t7tv\t-inf\tjoy\tx", "polarity must be from -1 to 1"),
        ("A\t7tv\t1\thappy\tx", f"emotion must be one of {', '.join(EMOTIONS)}"),
        ("two words\t7tv\t1\tjoy\tx", "one word of at most 64 characters"),
        (f"{'A' * 65}\t7tv\t1\tjoy\tx", "one word of at most 64 characters"),
        ("\t7tv\t1\tjoy\tx", "one word of at most 64 characters"),
    ],
)
def test_bad_row_names_its_line_and_what_is_allowed(row: str, problem: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_rows(f"{HEADER}\nGood\t7tv\t1\tjoy\tfine\n{row}\n", "x.tsv")
    assert "x.tsv, line 3: " in caught.value.message
    assert problem in caught.value.message


@pytest.mark.parametrize(
    ("row", "field"),
    [({}, "polarity"), ({"polarity": None}, "polarity"), ({"polarity": 0, "emotion": "meh"}, "emotion")],
)
def test_bad_symbol_names_its_field(row: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_symbol("A", row, "here")
    assert caught.value.field == field


@pytest.mark.parametrize("polarity", [-1, 1, "-1", "1.0"])
def test_polarity_limits_are_inclusive(polarity: object) -> None:
    assert abs(make_symbol("A", {"polarity": polarity}, "here").polarity) == 1


def test_symbol_defaults() -> None:
    assert make_symbol("A", {"polarity": 0}, "here") == Symbol("A", "channel", 0.0, "neutral", "neutral")
    assert make_symbol("A", {"polarity": 0, "emotion": "joy"}, "here").meaning == "joy"


def test_bundled_lexicon_is_read_once() -> None:
    assert lexicon() is lexicon()
