"""The bundled lexicon files: valid, unique, documented, and holding what chat uses most."""

import re
from importlib import resources

import pytest

from hikari.sentiment.symbols import EMOTIONS, lexicon, parse_rows

FOLDER = resources.files("hikari.sentiment") / "lexicons"
SYMBOL_FILES = ("emotes.tsv", "emoji.tsv", "kaomoji.tsv")
COMMON_EMOTES = (
    "4Head", "5Head", "AYAYA", "BASED", "BabyRage", "BatChest", "Bedge", "BibleThump", "BloodTrail",
    "COPIUM", "Clap", "Clueless", "CoolStoryBob", "DansGame", "EZ", "FailFish", "FeelsBadMan",
    "FeelsGoodMan", "FeelsStrongMan", "FeelsWeirdMan", "FrankerZ", "GIGACHAD", "Gladge", "HYPERS",
    "HeyGuys", "ICANT", "Jebaited", "KEKW", "KKona", "Kappa", "KappaPride", "Keepo", "Kreygasm", "LUL",
    "LULW", "Madge", "MrDestructoid", "NODDERS", "NOPERS", "NotLikeThis", "OMEGALUL", "PJSalt", "POG",
    "POGGERS", "PauseChamp", "PepeHands", "PepeLaugh", "Pepega", "Pog", "PogChamp", "PogU", "Prayge",
    "ResidentSleeper", "SMOrc", "Sadge", "SeemsGood", "Stare", "Susge", "SwiftRage", "TheIlluminati",
    "TriHard", "VoHiYo", "WeirdChamp", "Wokege", "WutFace", "YEP", "catJAM", "cmonBruh", "haHAA",
    "modCheck", "monkaHmm", "monkaS", "monkaW", "peepoHappy", "peepoSad", "pepeD", "ratJAM",
    "widepeepoHappy",
)  # fmt: skip


def content(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def rows(name: str) -> list[dict[str, str]]:
    lines = content(name).splitlines()
    header = lines[0].split("\t")
    return [dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]]


def documented_codes(name: str) -> set[str]:
    """Codes that a document explains, in a table row or a list item."""
    return set(re.findall(r"^(?:\| |- )`([A-Z])`", content(name), re.MULTILINE))


@pytest.mark.parametrize("name", SYMBOL_FILES)
def test_every_row_is_valid(name: str) -> None:
    symbols = parse_rows(content(name), name)
    assert len(symbols) == len(rows(name))
    for symbol in symbols:
        assert -1 <= symbol.polarity <= 1
        assert symbol.emotion in EMOTIONS
        assert re.fullmatch(r"[a-z']+( [a-z']+){0,3}", symbol.meaning), symbol


@pytest.mark.parametrize("name", [*SYMBOL_FILES, "slang.tsv"])
def test_names_are_unique_and_clean(name: str) -> None:
    names = [row["name"] for row in rows(name)]
    assert len(set(names)) == len(names)
    assert all(entry == entry.strip() and entry for entry in names)


@pytest.mark.parametrize(
    ("name", "providers"),
    [
        ("emotes.tsv", {"twitch", "bttv", "ffz", "7tv"}),
        ("emoji.tsv", {"unicode"}),
        ("kaomoji.tsv", {"kaomoji"}),
    ],
)
def test_providers_are_the_documented_ones(name: str, providers: set[str]) -> None:
    assert {row["provider"] for row in rows(name)} == providers


@pytest.mark.parametrize("name", SYMBOL_FILES)
def test_polarities_come_in_steps_of_a_twentieth(name: str) -> None:
    for row in rows(name):
        steps = float(row["polarity"]) * 20
        assert abs(steps - round(steps)) < 1e-9, row


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("emotes.tsv", "emotes.md"),
        ("emoji.tsv", "symbols_and_slang.md"),
        ("kaomoji.tsv", "symbols_and_slang.md"),
        ("slang.tsv", "symbols_and_slang.md"),
    ],
)
def test_every_row_has_sources_that_the_document_explains(name: str, document: str) -> None:
    documented = documented_codes(document)
    assert documented
    for row in rows(name):
        assert set(row["sources"].split("+")) <= documented, row


def test_all_five_source_codes_are_explained() -> None:
    assert documented_codes("emotes.md") | documented_codes("symbols_and_slang.md") == set("PULRG")


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("emotes.tsv", "emotes.md"),
        ("emoji.tsv", "symbols_and_slang.md"),
        ("kaomoji.tsv", "symbols_and_slang.md"),
        ("slang.tsv", "symbols_and_slang.md"),
    ],
)
def test_documents_state_the_real_number_of_rows(name: str, document: str) -> None:
    pattern = rf"`{re.escape(name)}` (?:holds |\| )(\d+)"
    stated = re.search(pattern, content(document))
    assert stated is not None
    assert int(stated[1]) == len(rows(name))


@pytest.mark.parametrize(("code", "count"), [("P", 448), ("U", 279), ("L", 20)])
def test_document_states_how_many_emotes_rest_on_a_source(code: str, count: int) -> None:
    assert sum(code in row["sources"].split("+") for row in rows("emotes.tsv")) == count
    assert re.search(rf"^\| `{code}` .* \| {count} \|$", content("emotes.md"), re.MULTILINE)


def test_there_are_at_least_400_emotes() -> None:
    assert len(rows("emotes.tsv")) >= 400


@pytest.mark.parametrize("name", COMMON_EMOTES)
def test_common_global_emotes_are_known(name: str) -> None:
    symbol = lexicon().emote(name)
    assert symbol is not None
    assert symbol.name == name


def test_common_list_is_long_enough() -> None:
    assert len(set(COMMON_EMOTES)) >= 60


@pytest.mark.parametrize("name", ["emoji.tsv", "kaomoji.tsv"])
def test_every_symbol_is_found_in_a_message_and_is_itself(name: str) -> None:
    emotes = {row["name"].lower() for row in rows("emotes.tsv")}
    for symbol in (symbol for symbol in parse_rows(content(name), name) if symbol.name.lower() not in emotes):
        text, found = lexicon().replace(f"so {symbol.name} then")
        assert found == [symbol]
        assert text == f"so ({symbol.meaning}) then"


def test_every_emote_is_found_in_a_message() -> None:
    for symbol in parse_rows(content("emotes.tsv"), "emotes.tsv"):
        found = lexicon().replace(f"so {symbol.name} then")[1]
        assert [other.name for other in found] == [symbol.name]


def test_feelings_of_well_known_emotes_have_the_right_sign() -> None:
    signs = {
        "PogChamp": 1,
        "KEKW": 1,
        "peepoHappy": 1,
        "Sadge": -1,
        "FeelsBadMan": -1,
        "monkaS": -1,
        "DansGame": -1,
    }
    for name, sign in signs.items():
        symbol = lexicon().emote(name)
        assert symbol is not None
        assert symbol.polarity * sign > 0.2, name


def test_slang_is_lower_case_and_says_something_else() -> None:
    for row in rows("slang.tsv"):
        assert row["name"] == row["name"].lower()
        assert row["meaning"].lower() != row["name"]
        assert re.fullmatch(r"[a-z][a-z0-9']*", row["name"]), row
