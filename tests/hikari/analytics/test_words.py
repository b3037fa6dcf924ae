import pytest

from hikari.analytics.words import FLAG_BITS, is_emote, read, word_code


@pytest.mark.parametrize(
    "word",
    ["Kappa", "LUL", "arisuWave", "arisuHi_TK", "NotLikeThis", "PogU", "FeelsStrongMan", ":)", "<3", "\U0001f602", "gg\u2764"],
)
def test_emotes(word: str) -> None:
    assert is_emote(word)


@pytest.mark.parametrize(
    "word",
    ["hello", "HELLO", "iPhone", "YouTube", "macOS", "what?", "2021", "\u3053\u3093", "caf\u00e9", "@Kappa", "don't", "A", ""],
)
def test_words_that_are_no_emotes(word: str) -> None:
    assert not is_emote(word)


def test_case_punctuation_and_spacing_do_not_make_a_text_new() -> None:
    texts = ["Is this the real life or just fantasy", "is  this the REAL life, or just fantasy?!  "]
    assert read(texts[0])[6] == read(texts[1])[6]
    assert read(texts[0])[6] & 1  # long enough for copypasta
    assert not read("hello there")[6] & 1
    assert read("no yes")[6] != read("no no")[6]


def test_what_a_message_shows() -> None:
    length, codes, emotes, capitals, mention, question, _ = read("WHERE is @ann Kappa Kappa")
    assert (length, len(codes), emotes, capitals, mention, question) == (25, 5, 2, False, True, True)
    assert read("LETS GO")[3]
    assert not read("KEKW")[3]  # an emote is not shouting
    assert not read("GG")[3]
    assert not read("whatever you say")[5]
    assert read("really?")[5]
    assert read("")[:3] == (0, [], 0)
    assert read("!!! ???")[1] != []


def test_only_what_twitch_would_send_is_read_but_all_of_it_is_measured() -> None:
    length, codes, emotes, *_ = read("Kappa " * 1_000)
    assert length == 6_000
    assert len(codes) == 84
    assert emotes == 83  # the last one is cut
    many = read(":) " * 1_000)
    assert many[2] == len(many[1]) == 167


def test_codes_fit_their_bits() -> None:
    assert 0 <= word_code("x") < 1 << 32 + FLAG_BITS
    assert word_code("Kappa") & 1
