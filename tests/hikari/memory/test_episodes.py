"""Episodes: where they end, that nothing is lost or doubled, that a restart changes nothing, and how well topics are found."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari.errors import BadInput
from hikari.memory.episodes import Episode, EpisodeBuffer, EpisodeConfig

DIMENSION = 16


def topic(number: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """A unit vector near axis `number`."""
    vector = np.zeros(DIMENSION)
    vector[number] = 1.0
    vector += noise * np.random.default_rng((number, seed)).standard_normal(DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def run(buffer: EpisodeBuffer, vectors: list[np.ndarray], step_s: float = 1.0) -> list[Episode]:
    return [episode for seq, vector in enumerate(vectors) for episode in buffer.add(seq, vector, seq * step_s)]


def test_a_change_of_topic_closes_the_episode_at_the_change() -> None:
    vectors = [topic(0, 0.05, seq) for seq in range(10)] + [topic(1, 0.05, seq) for seq in range(10)]
    buffer = EpisodeBuffer()
    (episode,) = run(buffer, vectors)
    assert episode == Episode(0.0, 9.0, tuple(range(10)), "topic")
    assert buffer.seqs == tuple(range(10, 20))


def test_one_topic_is_one_episode() -> None:
    assert run(EpisodeBuffer(), [topic(0, 0.1, seq) for seq in range(60)]) == []


def test_a_short_digression_closes_nothing() -> None:
    vectors = [topic(0, 0.05, seq) for seq in range(10)] + [topic(1), topic(2)] + [topic(0, 0.05, 30 + seq) for seq in range(10)]
    assert run(EpisodeBuffer(), vectors) == []


def test_no_episode_is_shorter_than_allowed() -> None:
    config = EpisodeConfig(min_turns=6)
    vectors = [topic(number, 0.02, seq) for number in range(8) for seq in range(3 if number % 2 else 9)]
    assert all(len(episode.seqs) >= 6 for episode in run(EpisodeBuffer(config), vectors))


def test_silence_closes_before_the_next_turn() -> None:
    buffer = EpisodeBuffer(EpisodeConfig(silence_s=60.0))
    assert buffer.add(1, topic(0), 0.0) == []
    assert buffer.add(2, topic(0), 60.0) == []
    assert buffer.add(3, topic(0), 120.5) == [Episode(0.0, 60.0, (1, 2), "silence")]
    assert buffer.seqs == (3,)


def test_the_clock_of_the_caller_closes_an_idle_episode() -> None:
    buffer = EpisodeBuffer(EpisodeConfig(silence_s=60.0))
    assert buffer.idle(1e9) is None
    buffer.add(1, topic(0), 100.0)
    assert buffer.idle(160.0) is None
    assert buffer.idle(160.5) == Episode(100.0, 100.0, (1,), "silence")
    assert len(buffer) == 0


def test_an_episode_has_a_longest_time() -> None:
    buffer = EpisodeBuffer(EpisodeConfig(max_s=100.0, silence_s=1000.0))
    buffer.add(1, topic(0), 0.0)
    buffer.add(2, topic(0), 100.0)
    assert buffer.add(3, topic(0), 101.0) == [Episode(0.0, 100.0, (1, 2), "time")]


def test_an_episode_has_a_most_of_turns() -> None:
    buffer = EpisodeBuffer(EpisodeConfig(max_turns=20))
    episodes = run(buffer, [topic(0)] * 45)
    assert [(len(episode.seqs), episode.reason) for episode in episodes] == [(20, "size"), (20, "size")]
    assert len(buffer) == 5


def test_close_ends_what_is_open_and_nothing_otherwise() -> None:
    buffer = EpisodeBuffer()
    assert buffer.close() is None
    buffer.add(7, topic(0), 3.0)
    assert buffer.close() == Episode(3.0, 3.0, (7,), "end")
    assert buffer.close() is None


def test_a_late_turn_joins_and_cuts_nothing() -> None:
    buffer = EpisodeBuffer(EpisodeConfig(silence_s=60.0))
    buffer.add(1, topic(0), 1000.0)
    assert buffer.add(2, topic(0), 10.0) == []
    assert buffer.add(3, topic(0), 1030.0) == []
    assert buffer.close() == Episode(10.0, 1030.0, (1, 2, 3), "end")


def test_deleted_turns_leave_the_open_episode() -> None:
    buffer = EpisodeBuffer()
    run(buffer, [topic(0, 0.05, seq) for seq in range(30)])
    before = len(buffer.to_dict()["vectors"])
    assert buffer.discard([0, 5, 29, 777]) == 3
    assert buffer.seqs == tuple(seq for seq in range(30) if seq not in (0, 5, 29))
    assert len(buffer.to_dict()["vectors"]) == before - 2 * DIMENSION  # turn 29 was among the newest, whose vectors are kept
    assert buffer.discard([1000]) == 0


STREAMS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 400)), min_size=1, max_size=120)


@settings(max_examples=60)
@given(STREAMS, st.integers(0, 119))
def test_nothing_is_lost_or_doubled_and_a_restart_changes_nothing(stream: list[tuple[int, float]], stop: int) -> None:
    config = EpisodeConfig(window=2, context=4, patience=2, min_turns=2, max_turns=15, silence_s=300.0, max_s=3000.0)
    whole, restarted = EpisodeBuffer(config), EpisodeBuffer(config)
    episodes: list[Episode] = []
    again: list[Episode] = []
    now = 0.0
    for seq, (number, gap) in enumerate(stream):
        now += gap
        vector = topic(number, 0.2, seq)
        if seq == stop:
            restarted = EpisodeBuffer.from_dict(restarted.to_dict())
        episodes += whole.add(seq, vector, now)
        again += restarted.add(seq, vector, now)
        assert len(whole) <= config.max_turns
    assert episodes == again
    assert whole.to_dict() == restarted.to_dict()
    assert [seq for episode in episodes for seq in episode.seqs] + list(whole.seqs) == list(range(len(stream)))
    assert all(episode.start <= episode.end for episode in episodes)


def test_the_state_is_plain_and_bounded() -> None:
    buffer = EpisodeBuffer()
    run(buffer, [topic(0)] * 119)
    state = buffer.to_dict()
    kept = buffer.config.window + buffer.config.context + buffer.config.patience
    assert len(state["vectors"]) == kept * DIMENSION * 2
    json.dumps({name: value for name, value in state.items() if name != "vectors"})
    assert isinstance(state["vectors"], bytes)


def test_an_empty_buffer_survives_a_restart() -> None:
    assert EpisodeBuffer.from_dict(EpisodeBuffer().to_dict()).to_dict() == EpisodeBuffer().to_dict()


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"vectors": b"\x00\x00\x00"}, {"seqs": [1, 2]}, {"times": None}, {"config": {"colour": 1}}, {"dimension": 0}],
)
def test_a_damaged_state_is_refused(change: dict[str, object]) -> None:
    buffer = EpisodeBuffer()
    buffer.add(1, topic(0), 0.0)
    with pytest.raises(BadInput):
        EpisodeBuffer.from_dict({**buffer.to_dict(), **change})


def test_impossible_turns_are_refused() -> None:
    buffer = EpisodeBuffer()
    buffer.add(1, topic(0), 0.0)
    for vector, time in ((np.full(DIMENSION, np.nan, np.float32), 1.0), (topic(0)[:4], 1.0), (topic(0), float("inf"))):
        with pytest.raises(BadInput):
            buffer.add(2, vector, time)
    assert buffer.seqs == (1,)


def test_impossible_configurations_name_every_field() -> None:
    with pytest.raises(
        BadInput, match="window must be at least 1; silence_s must be greater than 0; threshold must be from -1 to 1"
    ):
        EpisodeConfig(window=0, silence_s=0.0, threshold=2.0)
    with pytest.raises(BadInput, match="max_turns must be at least window"):
        EpisodeConfig(max_turns=3)


def test_boundaries_of_noisy_topics_are_mostly_found() -> None:
    """Topics as far apart and as noisy as dialogues are: cosine 0.3 within a topic, 0.1 across."""
    random = np.random.default_rng(5)
    common = random.standard_normal(384)
    vectors, bounds = [], []
    for _ in range(60):
        centre = random.standard_normal(384)
        for _ in range(int(random.integers(8, 20))):
            vector = 0.33 * common + 0.45 * centre + 0.83 * random.standard_normal(384)
            vectors.append((vector / np.linalg.norm(vector)).astype(np.float32))
        bounds.append(len(vectors))
    cuts = np.cumsum([len(episode.seqs) for episode in run(EpisodeBuffer(), vectors)])
    hits = sum(any(abs(cut - bound) <= 2 for cut in cuts) for bound in bounds[:-1])
    right = sum(any(abs(cut - bound) <= 2 for bound in bounds[:-1]) for cut in cuts)
    assert hits / len(bounds[:-1]) > 0.7
    assert right / len(cuts) > 0.7
