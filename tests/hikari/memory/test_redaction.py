"""Personal data: what is found, what is left alone, what the policy makes of it, and how long it takes."""

import itertools
import json
import random
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.redaction import ACTIONS, KINDS, Policy, Span, find, is_card, redact

EMAILS = [
    ("mail me at <mika.tanaka@example.com>", "mail me at <[email]>"),
    ("mika+stream_99@mail.example.co.uk pls", "[email] pls"),
    ("(rin@example.org)", "([email])"),
    ("write to jürgen@müller-example.de.", "write to [email]."),
    ("mika at example dot com", "[email]"),
    ("its mika dot chan at example dot co dot uk", "its [email]"),
    ("rin(at)example.com and rin [at] example [dot] org", "[email] and [email]"),
    ("rin @ example . com", "[email]"),
    ("contact mika at gmail.com", "contact [email]"),
    ("rin_42 at example.net thx", "[email] thx"),
    ("email: lena at proton dot me", "email: [email]"),
    ("schreib an lena (ät) example punkt de", "schreib an [email]"),
    ("lena@example dot com", "[email]"),
]
PHONES = [
    "+44 7911 123456",
    "+1 (212) 555-0187",
    "+12125550187",
    "+49 (0) 171 1234567",
    "+33 6 12 34 56 78",
    "+81-90-1234-5678",
    "+353 85 123 4567",
    "0044 7911 123456",
    "(212) 555-0187",
    "212-555-0187",
    "212.555.0187",
    "1-212-555-0187",
    "212 555 0187",
    "07911 123456",
    "07911123456",
    "020 7946 0958",
    "(020) 7946 0958",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "0171/1234567",
    "0151-23456789",
    "0412 345 678",
    "(03) 9876 5432",
    "03-1234-5678",
    "079 123 45 67",
    "070-123 45 67",
    "612 34 56 78",
    "(11) 98765-4321",
    "98765 43210",
    "8 (912) 345-67-89",
]
CUED_PHONES = [
    ("call me 555-0187", "call me [phone]"),
    ("my number is 2125550187 ok", "my number is [phone] ok"),
    ("text 612 345 678", "text [phone]"),
    ("whatsapp: 21 34 56 78", "whatsapp: [phone]"),
    ("phone five five five zero one eight seven thanks", "phone [phone] thanks"),
    ("mi teléfono es 612345678", "mi teléfono es [phone]"),
]
CARDS = [
    "4242424242424242",
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "2223 0031 2200 3222",
    "378282246310005",
    "3782 822463 10005",
    "6011111111111117",
    "3530 1113 3330 0000",
    "30569309025904",
]
IPS = ["203.0.113.7", "192.168.1.20", "2001:db8:85a3::8a2e:370:7334", "fe80::1ff:fe23:4567:890a"]
ADDRESSES = [
    ("i live at 221b baker street lol", "i live at [address] lol"),
    ("12 Oak Hill Lane", "[address]"),
    ("its 742 Evergreen Terrace, Springfield, OR 97477 ok", "its [address] ok"),
    ("1600 Pennsylvania Ave NW", "[address]"),
    ("flat 3b, 14 high street", "[address]"),
    ("Apt 4, 350 Fifth Avenue", "[address]"),
    ("350 5th Ave Apt 12B", "[address]"),
    ("4 Privet Drive", "[address]"),
    ("send it to 9 willow way please", "send it to [address] please"),
    ("10 Downing St, London SW1A 2AA!", "[address]!"),
    ("Unit 5, 27 George St, Sydney NSW 2000", "[address]"),
    ("123 main st apt 5", "[address]"),
    ("P.O. Box 4471", "[address]"),
    ("1200 Avenue of the Americas", "[address]"),
    ("4521 County Road 12", "[address]"),
    ("ich wohne Lindenstraße 12a", "ich wohne [address]"),
    ("Berliner Str. 45, 10115 Berlin", "[address]"),
    ("Musterweg 3", "[address]"),
    ("12 rue de la Paix", "[address]"),
    ("8 bis, avenue des Tilleuls", "[address]"),
    ("Calle Mayor 15", "[address]"),
    ("vivo en calle de Alcalá, nº 20", "vivo en [address]"),
    ("Via Garibaldi 7", "[address]"),
    ("Kerkstraat 101", "[address]"),
    ("Storgatan 5", "[address]"),
    ("ul. Długa 12/4", "[address]"),
    ("my postcode is SW1A 1AA", "my postcode is [address]"),
    ("zip code 90210", "zip code [address]"),
    ("Beverly Hills, CA 90210", "[address]"),
    ("i moved to M1 1AE last year", "i moved to [address] last year"),
]
HARMLESS = [
    "1:23:45.678 is a new pb",
    "finished in 00:14:59",
    "1,234,567 views on that video",
    "1 234 567 890 views",
    "2125550123 views lol",
    "score 1234567890",
    "coords 40.7128, -74.0060",
    "x: -1204 y: 64 z: 3310",
    "seed -4172144997902289642",
    "friend code SW-1234-5678-9012",
    "friend code 1234 5678 9012",
    "born 2001-09-11, not 11.09.2001",
    "01 02 2024 was great",
    "room 1204",
    "+1000000000 aura",
    "+100 points",
    "version 1.20.4.1 is out",
    "there is no place like 127.0.0.1",
    "std::vector dead::beef",
    "4242424242424243 is no card",
    "order 48291734",
    "@mika see @rin.tv",
    "thanks @mika.tv",
    "see you @ twitch.tv",
    "find me at twitch dot tv",
    "look at this dot com bubble",
    "top 5 street fighter players",
    "i drove 5 miles down the road",
    "got 3rd on rainbow road",
    "150 cc rainbow road",
    "a 3 way tie",
    "there are 2 people on the street",
    "bring 5 friends",
    "renegade 4 and brigade 7",
    "8/10 game, 100% run, 60 fps",
    "PS5 4GB and RTX 4090",
    "12345678901234567890",
    "1 2 3 4 5 6 7 8 9 10 11 12",
    "i have 3 cats and 2 dogs",
    "call of duty 20000000 kills",
    "ratio 100-50 in 2024-2025",
    "0123456789",
    "0.0000012345678",
    "my uid is 800123456",
    "ARE YOU KIDDING ME 10743",
    "",
    "é 🎉 ٣٤",
]
KINDS_OF_TEXT = [
    *((text, "email") for text, _ in EMAILS),
    *((text, "phone") for text in PHONES),
    *((text, "phone") for text, _ in CUED_PHONES),
    *((text, "card") for text in CARDS),
    *((text, "ip") for text in IPS),
    *((text, "address") for text, _ in ADDRESSES),
]


@pytest.mark.parametrize(("text", "expected"), EMAILS + CUED_PHONES + ADDRESSES)
def test_found_and_replaced_in_place(text: str, expected: str) -> None:
    assert redact(text)[0] == expected


@pytest.mark.parametrize(
    ("kind", "shown"), [("phone", x) for x in PHONES] + [("card", x) for x in CARDS] + [("ip", x) for x in IPS]
)
def test_found_alone_and_inside_a_sentence(kind: str, shown: str) -> None:
    for text in (shown, f"so {shown}, ok?", f"({shown})", f"hey\n{shown}\nbye"):
        assert redact(text) == (text.replace(shown, f"[{kind}]"), {kind: 1})


@pytest.mark.parametrize("text", HARMLESS)
def test_left_alone(text: str) -> None:
    assert redact(text) == (text, {})


@pytest.mark.parametrize("text", ["900 views", "x 555-0187 y", "the 2125550187 thing", "B33 8TH", "60612", "90210 likes"])
def test_ambiguous_shapes_need_a_word_beside_them(text: str) -> None:
    assert find(text) == []


def test_several_kinds_in_one_text() -> None:
    text, counts = redact("rin@example.com, mika@example.com, 212-555-0187, 203.0.113.7, 12 Oak Lane, 4242 4242 4242 4242")
    assert text == "[email], [email], [phone], [ip], [address], [card]"
    assert counts == {"email": 2, "phone": 1, "ip": 1, "address": 1, "card": 1}


def test_the_policy_decides_by_kind() -> None:
    text = "rin@example.com or 212-555-0187"
    assert redact(text, Policy(email="keep")) == ("rin@example.com or [phone]", {"phone": 1})
    assert redact(text, Policy(**dict.fromkeys(KINDS, "keep"))) == (text, {})  # type: ignore[arg-type]
    with pytest.raises(BadInput) as caught:
        redact(text, Policy(email="refuse", phone="refuse", card="refuse"))
    assert caught.value.message == "content holds personal data that the policy refuses: email, phone"
    assert caught.value.field == "content"
    assert "rin" not in str(caught.value.as_dict())
    assert redact("nothing here", Policy(**dict.fromkeys(KINDS, "refuse")))[1] == {}  # type: ignore[arg-type]


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(BadInput, match=", ".join(ACTIONS)):
        Policy(email="hide")  # type: ignore[arg-type]


def luhn(digits: str) -> bool:
    """The textbook way, from the right, independent of the module's."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value // 10 + value % 10
    return total % 10 == 0


@given(st.integers(0, 10**15 - 1))
def test_cards_carry_the_check_digit(number: int) -> None:
    body = "4" + f"{number:015d}"[:14]
    accepted = [digit for digit in string.digits if is_card(body + digit)]
    assert accepted == [digit for digit in string.digits if luhn(body + digit)]
    assert len(accepted) == 1


def test_one_wrong_digit_and_most_swaps_are_no_card() -> None:
    card = "4111111111111111"
    assert not any(is_card(card[:at] + new + card[at + 1 :]) for at in range(16) for new in string.digits if new != card[at])


def test_prefixes_and_lengths() -> None:
    def completed(prefix: str, length: int) -> bool:
        body = (prefix + "1234567890" * 2)[: length - 1]
        return any(is_card(body + digit) for digit in string.digits)

    good = [
        ("4", 13),
        ("4", 16),
        ("4", 19),
        ("51", 16),
        ("55", 16),
        ("2221", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("36", 14),
    ]
    good += [("3528", 16), ("6011", 16), ("65", 16), ("62", 19), ("50", 12), ("56", 18)]
    bad = [
        ("4", 14),
        ("4", 15),
        ("51", 15),
        ("2220", 16),
        ("2721", 16),
        ("34", 16),
        ("31", 14),
        ("3527", 16),
        ("1", 16),
        ("9", 16),
        ("62", 11),
    ]
    assert [row for row in good if not completed(*row)] == []
    assert [row for row in bad if completed(*row)] == []


texts = st.lists(
    st.one_of(
        st.sampled_from([text for text, _ in KINDS_OF_TEXT] + HARMLESS),
        st.text(max_size=12),
        st.text("0123456789 .-+()@:/", max_size=30),
    ),
    max_size=6,
).map(" ".join)


@given(texts)
@settings(max_examples=200)
def test_spans_are_ordered_apart_and_inside(text: str) -> None:
    spans = find(text)
    assert spans == sorted(spans)
    assert all(0 <= span.start < span.end <= len(text) and span.kind in KINDS for span in spans)
    assert all(left.end <= right.start for left, right in itertools.pairwise(spans))
    rebuilt, counts = redact(text)
    assert sum(counts.values()) == len(spans)
    kept = [
        text[left.end : right.start]
        for left, right in itertools.pairwise([Span(0, 0, ""), *spans, Span(len(text), len(text), "")])
    ]
    marks = [f"[{span.kind}]" for span in spans] + [""]
    assert rebuilt == "".join(part + mark for part, mark in zip(kept, marks, strict=True))


@given(st.sampled_from(KINDS_OF_TEXT))
@settings(max_examples=len(KINDS_OF_TEXT))
def test_what_was_redacted_is_not_found_again(row: tuple[str, str]) -> None:
    text, kind = row
    assert kind in redact(text)[1]
    assert redact(redact(text)[0])[1] == {}


PIECES = [
    "a", "1", " ", ".", "-", "@", "a.", "1 ", "1-", "a@", "1.", "a ", "at ", "dot ", "a at b dot ", "+1 ", "(1", "one ",
    "call 1 ", "4242 ", "4242", ":", "1:", "a:", "f:", "12 Oak ", "12 oak hill ", "street ", "Aa ", "Aastraße ", "rue de la ",
    "12 rue de ", "Calle Aa ", "via Aa ", "1 a@a.a ", "A1 1AA ", "live A1 ", "'", "a-", "é", "(at)", "[dot]", "0", "00 ",
    "0 1 ", "de la ", "flat 1, ",
]  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", PIECES)
def test_repeated_pieces_do_not_make_a_pattern_hang(piece: str) -> None:
    text = piece * (4_000 // len(piece))
    spans = find(text)
    assert all(span.end <= len(text) for span in spans)


@pytest.mark.timeout(60)
def test_mixed_pieces_do_not_make_a_pattern_hang() -> None:
    generator = random.Random(7)
    for _ in range(10):
        chosen = generator.sample(PIECES, 3)
        text = "".join(generator.choice(chosen) for _ in range(1_000))
        assert redact(text)[1].keys() <= set(KINDS)


def test_on_sentences_that_were_written_without_knowledge_of_the_patterns() -> None:
    path = Path(__file__).parents[2] / "data" / "memory" / "hygiene.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wanted = found = wrong = 0
    for row in rows:
        kinds = {span.kind for span in find(row["text"])}
        wanted += len(row["kinds"])
        found += len(kinds & set(row["kinds"]))
        wrong += bool(kinds) and not row["kinds"]
    harmless = sum(not row["kinds"] for row in rows)
    assert len(rows) == 120
    assert harmless >= 30
    assert found >= 0.9 * wanted
    assert wrong <= 0.05 * harmless
