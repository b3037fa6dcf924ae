"""Topics: planted subjects found with and without an embedder, ids that last, copies, noise, forgetting, states."""

from collections.abc import Sequence

import msgpack
import numpy as np
import pytest
from numpy.typing import NDArray

from hikari.analytics.topics import TopicModel
from hikari.errors import BadInput, BadStore

SUBJECTS = {
    "cooking": ["ramen", "noodles", "broth", "recipe", "pepper", "kitchen"],
    "racing": ["engine", "tyres", "overtake", "gearbox", "corner", "racetrack"],
    "cats": ["kitten", "whiskers", "purring", "fluffy", "paws", "meow"],
}


def talk(seed: int = 0, each: int = 40, start: float = 0.0) -> list[tuple[float, str, str, str]]:
    rng = np.random.default_rng(seed)
    rows: list[tuple[float, str, str, str]] = []
    for subject, vocabulary in SUBJECTS.items():
        for at in range(each):
            chosen = rng.choice(vocabulary, 4, replace=False)
            rows.append((start + at, f"v{rng.integers(25)}", " ".join(["the", *map(str, chosen)]), subject))
    odd = [f"odd{rng.integers(9999)}x strange{rng.integers(9999)}y" for _ in range(each // 2)]
    rows += [(start + at, f"v{rng.integers(25)}", text, "none") for at, text in enumerate(odd)]
    return rows


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """A stand-in: a direction for each subject, and one of its own for every other text."""
    made = np.zeros((len(texts), 200), np.float32)
    for row, text in enumerate(texts):
        for axis, vocabulary in enumerate(SUBJECTS.values()):
            made[row, axis] = 3.0 * sum(word in vocabulary for word in text.split())
        made[row, 3 + hash_of(text) % 197] += 1.0
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def hash_of(text: str) -> int:
    return sum(ord(character) * (at + 7) ** 3 for at, character in enumerate(text))


def model_of(rows: list[tuple[float, str, str, str]]) -> TopicModel:
    model = TopicModel()
    for at, name, text, _ in rows:
        model.add(at, name, text)
    return model


@pytest.mark.parametrize("with_embedder", [True, False])
def test_planted_subjects_are_topics(with_embedder: bool) -> None:
    rows = talk()
    model = model_of(rows)
    found = model.refresh(embed if with_embedder else None)
    assert found.method == ("embedding" if with_embedder else "lexical")
    # Without an embedder, words alone may part a subject; they never join two.
    assert len(found.topics) == 3 if with_embedder else 3 <= len(found.topics) <= 6
    assert 0.05 < found.noise_share < 0.4
    assert found.stability > 0.7
    for one in found.topics:
        (subject,) = [name for name, vocabulary in SUBJECTS.items() if set(one.label.replace(",", "").split()) <= set(vocabulary)]
        assert all(set(shown.message.split()) & set(SUBJECTS[subject]) for shown in one.representatives)
        assert 1 <= len(one.representatives) <= 3
        assert model.topic_of(one.terms[0][0]) == one.id
        assert model.label(one.id) == one.label
    right = [model.topic_of(text) for _, _, text, subject in rows if subject == "cats"]
    assert len(set(right) - {None}) == 1 or not with_embedder
    assert model.topic_of("nothing of the kind") is None


def test_ids_last_even_when_the_sample_is_another() -> None:
    model = model_of(talk())
    first = {model.topic_of(" ".join(words)): subject for subject, words in SUBJECTS.items() if model.refresh(embed)}
    for at, name, text, _ in talk(9, 40, 1e6):
        model.add(at, name, text)
    second = model.refresh(embed)
    assert second.agreement is not None
    assert {model.topic_of(" ".join(words)): subject for subject, words in SUBJECTS.items()} == first
    for row in [one for one in model.sample.messages() if one.timestamp < 1e6]:
        model.sample.forget(row.username)
    for at, name, text, _ in talk(11, 40, 2e6):
        model.add(at, name, text)
    assert model.refresh(embed).agreement is None
    assert {model.topic_of(" ".join(words)): subject for subject, words in SUBJECTS.items()} == first


def test_copies_are_one_message() -> None:
    paste = "BUY followers and viewers and primes at the shop now"
    model = model_of([*talk(), *[(50.0, f"bot{at}", paste + "!" * at, "spam") for at in range(200)]])
    found = model.refresh(embed)
    assert len(found.topics) == 3
    assert found.duplicate_share > 0.5


@pytest.mark.parametrize("texts", [[], ["the only one here"], ["same words again"] * 50])
def test_next_to_nothing_has_no_topics(texts: list[str]) -> None:
    model = TopicModel()
    for at, text in enumerate(texts):
        model.add(float(at), f"v{at}", text)
    found = model.refresh()
    assert found.topics == ()
    assert found.messages == len(texts)
    assert model.topic_of("same words") is None
    assert model.label(0) is None


def test_a_name_is_no_label() -> None:
    rows = [(at, "ramen", text, subject) if "ramen" in text else (at, name, text, subject) for at, name, text, subject in talk()]
    assert all("ramen" not in one.label for one in model_of(rows).refresh(embed).topics)


def test_forgetting_reaches_sample_and_representatives() -> None:
    model = model_of(talk())
    found = model.refresh(embed)
    name = found.topics[0].representatives[0].authors[0]
    model.forget(name)
    assert (
        name not in [author for one in model.found.topics for shown in one.representatives for author in shown.authors]
        if model.found
        else False
    )
    assert all(one.username != name for one in model.sample.messages())


def test_forgetting_during_a_refresh_counts() -> None:
    model = model_of(talk())
    names = {one.username for one in model.sample.messages()}

    def slow(texts: Sequence[str]) -> NDArray[np.float32]:
        for name in names:
            model.forget(name)
        return embed(texts)

    assert all(one.representatives == () for one in model.refresh(slow).topics)


def test_states_come_back_the_same() -> None:
    model = model_of(talk())
    model.refresh(embed)
    again = TopicModel.from_state(msgpack.unpackb(msgpack.packb(model.state())))
    assert again.found == model.found
    assert [again.topic_of(text) for _, _, text, _ in talk()] == [model.topic_of(text) for _, _, text, _ in talk()]
    assert again.refresh(embed) == model.refresh(embed)
    assert TopicModel.from_state(TopicModel().state()).found is None


def test_bad_arguments_and_states() -> None:
    model = model_of(talk())
    before = model.state()
    for bad in (
        lambda texts: np.zeros((1, 3)),
        lambda texts: np.zeros((len(texts), 3)),
        lambda texts: np.full((len(texts), 3), np.nan),
    ):
        with pytest.raises(BadInput):
            model.refresh(bad)
    assert model.state() == before
    for state in ({}, {"v": 2}, {**before, "members": 3}, {**before, "found": {"topics": []}}):
        with pytest.raises(BadStore):
            TopicModel.from_state(state)
