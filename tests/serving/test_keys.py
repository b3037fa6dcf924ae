"""Keys: how they are written, and whose a given one is."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.settings import Settings
from serving.keys import LOCAL, SCOPES, Access, Forbidden, parse

MARKER = "zqxkeyqxz"
HASHED = "sha256:" + hashlib.sha256(b"secret").hexdigest()


def test_plain_keys_may_do_everything() -> None:
    keys = parse(Settings.read({"HIKARI_API_KEYS": "abc,def"}).api_keys)
    assert keys.find(b"abc") == Access("key-1", frozenset(SCOPES), None)
    assert keys.find(b"def") == Access("key-2")
    assert keys.find(b"abcdef") is None
    assert keys.find(b"") is None


def test_hashed_keys_with_names_scopes_and_channels() -> None:
    keys = parse((f"{HASHED};name=overlay; scopes=read ;channels=mika+a%2Bb+caf%C3%A9", "x"))
    access = keys.find(b"secret")
    assert access == Access("overlay", frozenset({"read"}), frozenset({"mika", "a+b", "café"}))
    assert [access.may(scope) for scope in SCOPES] == [True, False, False]
    assert [access.covers(channel) for channel in ("mika", "default")] == [True, False]
    assert keys.find(HASHED.encode()) is None, "the hash is no key"


def test_what_is_not_granted_is_forbidden() -> None:
    access = Access("a", frozenset({"read"}), frozenset({"x"}))
    access.require("read")
    access.require_channel("x")
    with pytest.raises(Forbidden, match="write"):
        access.require("write")
    with pytest.raises(Forbidden) as caught:
        access.require_channel(MARKER)
    assert MARKER not in caught.value.message
    LOCAL.require_channel("anything")


@pytest.mark.parametrize(
    ("entries", "place", "said"),
    [
        (("a", f"{MARKER};scope=read"), 2, "option"),
        ((f"{MARKER};scopes=read+own",), 1, "read, write, admin"),
        ((f"{MARKER};scopes=",), 1, "scope"),
        ((f"{MARKER};scopes=read;scopes=write",), 1, "twice"),
        ((f"{MARKER};channels=",), 1, "channels="),
        ((f"{MARKER};channels=a+",), 1, "channels="),
        ((f"{MARKER};channels=%ff",), 1, "channels="),
        ((f"{MARKER};name=",), 1, "name="),
        ((f"{MARKER};name=a%0Ab",), 1, "name="),
        ((f"{MARKER};",), 1, "option"),
        ((";name=x",), 1, "no key"),
        ((f"{MARKER} {MARKER}",), 1, "ASCII"),
        ((f"{MARKER}é",), 1, "ASCII"),
        ((f"sha256:{MARKER}",), 1, "64 hexadecimal"),
        ((f"sha256:{'0' * 63}",), 1, "64 hexadecimal"),
        ((MARKER, "b", f"{MARKER};name=x"), 3, "repeats"),
        (("secret", HASHED), 2, "repeats"),
        (("a;name=x", f"{MARKER};name=x"), 2, "name of an earlier"),
        (("a", f"{MARKER};name=key-1"), 2, "name of an earlier"),
    ],
)
def test_a_malformed_entry_is_named_by_its_place_and_never_printed(entries: tuple[str, ...], place: int, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(entries)
    assert f"HIKARI_API_KEYS: entry {place} " in caught.value.message
    assert said in caught.value.message
    assert caught.value.field == "HIKARI_API_KEYS"
    assert MARKER not in caught.value.message
    assert caught.value.__cause__ is None


@given(
    st.lists(
        st.text(max_size=40) | st.from_regex(r"[a-z;=+:%]{0,30}") | st.from_regex(r"k[0-9];(name|scopes|channels)=[a-z+]{0,9}")
    )
)
def test_any_text_is_keys_or_one_clear_error(entries: list[str]) -> None:
    given_keys = Settings.read({"HIKARI_API_KEYS": ",".join(entries)}).api_keys
    keys, problem = None, None
    try:
        keys = parse(given_keys)
    except BadInput as error:
        problem = error.message
    if keys is None:
        assert problem is not None
        assert problem.startswith("HIKARI_API_KEYS: entry ")
        assert len(problem) < 120
    else:
        assert len({access.name for _, access in keys.entries}) == len(keys.entries)
        assert all(access.scopes for _, access in keys.entries)


def test_keys_do_not_show() -> None:
    keys = parse((MARKER, f"{MARKER}2;name=b"))
    shown = f"{keys!r} {keys} {Settings.read({'HIKARI_API_KEYS': MARKER})!r}"
    assert MARKER not in shown
    assert hashlib.sha256(MARKER.encode()).hexdigest()[:8] not in shown
