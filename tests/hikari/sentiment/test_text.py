"""Reading raw chat: never an error, bounded, and every habit of chat put into plain words."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hikari.fields import clean_characters
from hikari.sentiment import text as chat_text
from hikari.sentiment.symbols import Symbol, lexicon
from hikari.sentiment.text import MAX_CHARACTERS, read

ANY_CHARACTER = st.characters()
CHATTER = st.sampled_from(
    ["KEKW", "🔥", "👨‍🍳", ":)", "k y s", "soooo", "@mika", "https://a.b", "lol", "(", ")", "!!!!", " ", "für",
     "\u200d", "\x00", "\u202e", "( ͡° ͜ʖ ͡°)", "\ud800", "ﷺ"]
)  # fmt: skip
MESSAGES = st.lists(st.text(ANY_CHARACTER, max_size=30) | CHATTER, max_size=20).map("".join)
SPACED = st.lists(st.text(ANY_CHARACTER, max_size=8) | CHATTER, max_size=20).map(" ".join)


@given(MESSAGES | SPACED)
@example("🔥" * 10_000)
@example("\ud800\udfff" * 3_000)
@example("\x00" * 5_000)
@example("\u202eabc\u202c שלום مرحبا")
@example("(" * 5_000)
@example("a " * 5_000)
@example("ﷺ" * 5_000)
def test_reading_anything_gives_bounded_clean_text(text: str) -> None:
    reading = read(text)
    size = min(len(text), MAX_CHARACTERS)
    assert len(reading.words) <= 64 * size
    assert len(reading.plain) <= size
    assert len(reading.symbols) <= size
    for result in (reading.words, reading.plain):
        assert result == " ".join(result.split())
        assert result.encode("utf-8").decode("utf-8") == result
        assert not {"\x00", "\u202e", "\ufeff", "\u200b"} & set(result)


@given(MESSAGES | SPACED)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean_characters(text)
    assert clean_characters(once) == once
    assert {unicodedata.category(character) for character in once}.isdisjoint({"Cs", "Co", "Cn"})


@given(MESSAGES | SPACED)
def test_reading_cleaned_text_is_reading_the_text(text: str) -> None:
    short = text[: MAX_CHARACTERS // 2]
    assert read(clean_characters(short)) == read(short)


@given(MESSAGES | SPACED)
def test_no_letter_comes_three_times_in_a_row(text: str) -> None:
    assert re.search(r"([^\W\d_])\1\1", read(text).words) is None


@given(MESSAGES | SPACED)
def test_reading_has_no_memory(text: str) -> None:
    assert read(text) == read(text)


@given(st.lists(st.sampled_from(["stream", "game", "Banana", "piano"]), max_size=30))
def test_plain_words_stay_as_they_are(parts: list[str]) -> None:
    text = " ".join(parts)
    reading = read(text)
    assert (reading.words, reading.plain, reading.symbols) == (text, text, ())


def test_ten_thousand_emoji_are_read_once() -> None:
    reading = read("🔥" * 10_000)
    assert reading.words == "(fire amazing) (fire amazing)"
    assert len(reading.symbols) == MAX_CHARACTERS


def test_what_lies_behind_the_limit_is_not_read() -> None:
    assert read("no " * 2_000).words == " ".join(["no"] * 667)[:MAX_CHARACTERS]
    assert "KEKW" not in [symbol.name for symbol in read("no " * 2_000 + "KEKW").symbols]


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x00\x01", "\u200b\u2060", "\ud800", "\ufeff"])
def test_nothing_readable_gives_no_words(text: str) -> None:
    assert read(text).words == ""


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\x00b", "ab"),
        ("a\u202eb", "ab"),
        ("a\u200bb", "ab"),
        ("a\ud800b", "ab"),
        ("a\ue000b", "ab"),
        ("a\x7fb", "ab"),
        ("  a \n\t b\r\n", "a b"),
        ("a\u3000b\u00a0c", "a b c"),
        ("👨‍🍳", "👨‍🍳"),
        ("日本語 שלום", "日本語 שלום"),
        ("é", "é"),
    ],
)
def test_unseen_characters_go_and_white_space_becomes_one_space(text: str, clean: str) -> None:
    assert clean_characters(text) == clean


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("soooo goooood", "soo good"),
        ("good", "good"),
        ("NOOOO", "(no)"),
        ("yesss!!!!", "yess!!"),
        ("what????", "what??"),
        ("hm.....", "hm.."),
        ("2000000", "2000000"),
        ("a____b", "a____b"),
        ("ーーー", "ーー"),
    ],
)
def test_stretched_words_shrink_to_two(text: str, words: str) -> None:
    if words == "(no)":
        symbol = lexicon().emote("NOOOO")
        assert symbol is not None
        words = f"({symbol.meaning})"
    assert read(text).words == words


@pytest.mark.parametrize("text", ["k y s", "K Y S", "k.y.s", "k-y-s", "k_y_s", "k*y*s", "kys", "KYS", "ｋｙｓ"])
def test_masked_abuse_is_unmasked(text: str) -> None:
    assert read(text).words == "kill yourself"


@pytest.mark.parametrize("text", ["a b", "plan a b", "I a", "x2 y2 z2"])
def test_two_single_letters_are_no_mask(text: str) -> None:
    assert read(text).words == text


def test_unmasking_stops_at_words() -> None:
    assert read("go k y s now").words == "go kill yourself now"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@mika_ hi", "@user hi"),
        ("hi @Mika99, @b", "hi @user, @user"),
        ("@日本", "@user"),
        ("a@b.com", "a@b.com"),
        ("@ you", "@ you"),
    ],
)
def test_mentions_lose_their_name(text: str, words: str) -> None:
    assert read(text).words == words


@pytest.mark.parametrize("text", ["https://a.b/c?d=:)", "HTTP://A.B", "www.a.b", "https://clips.twitch.tv/KEKW", "https://x/🙂a"])
def test_links_become_a_word(text: str) -> None:
    assert read(f"see {text} now").words.startswith("see link")
    assert read(f"see {text} now").words.endswith(" now")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("idk tbh", "I don't know to be honest"),
        ("LOL", "laughing out loud"),
        ("lol!", "laughing out loud!"),
        ("u r", "you are"),
        ("lollipop", "lollipop"),
        ("don't", "don't"),
    ],
)
def test_slang_is_expanded_in_whole_words(text: str, words: str) -> None:
    assert read(text).words == words


def test_repeated_symbols_collapse_but_all_are_kept() -> None:
    reading = read("KEKW KEKW KEKW KEKW")
    assert reading.words == "(laughing hard) (laughing hard)"
    assert [symbol.name for symbol in reading.symbols] == ["KEKW"] * 4
    assert read("KEKW KEKW").words == "(laughing hard) (laughing hard)"


def test_different_symbols_do_not_collapse() -> None:
    assert read("KEKW 🔥 KEKW 🔥").words == "(laughing hard) (fire amazing) (laughing hard) (fire amazing)"


def test_time_of_day_is_no_emoticon() -> None:
    assert read("at 12:30").words == "at 12:30"
    assert read("at 12 :3").words == "at 12 (cute cat smile)"


def test_plain_text_keeps_symbols_and_slang() -> None:
    reading = read("lol\u202e KEKW  soooo 🔥")
    assert reading.plain == "lol KEKW soooo 🔥"


def test_channel_lexicon_is_used() -> None:
    channel = lexicon().extended([Symbol("mikaWave", "channel", 0.5, "joy", "waving hello")])
    assert read("mikaWave", channel).words == "(waving hello)"
    assert read("mikaWave").words == "mikaWave"


def test_wide_letters_become_plain_ones() -> None:
    assert read("ｈｅｌｌｏ ﬁne").words == "hello fine"


def test_version_is_stated() -> None:
    assert isinstance(chat_text.VERSION, int)
    assert chat_text.VERSION >= 1
