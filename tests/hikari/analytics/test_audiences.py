"""Segments: planted habits found and named, ids that last, degenerate audiences, sampling, forgetting, states."""

import math
from typing import Any

import msgpack
import numpy as np
import pytest

from hikari.analytics import audiences
from hikari.analytics.audiences import FEATURES, Audiences, scaled, segment_labels, viewer_features
from hikari.analytics.profiles import Profile
from hikari.errors import BadInput, BadStore

NOW = 1_700_000_000.0
DAY = 86_400.0


def viewer(messages: int, streams: int, days_ago: float, **values: Any) -> Profile:
    base: dict[str, Any] = dict.fromkeys(
        ("emotes", "questions", "mentions", "repeats", "sentiments", "toxicities", "last_message"), 0
    )
    base |= dict.fromkeys(("sentiment_sum", "toxicity_sum", "toxicity_recent", "pace", "flood_recent", "repeat_recent"), 0.0)
    base |= {"messages": messages, "characters": 20 * messages, "first_seen": NOW - 100 * DAY, "last_seen": NOW - days_ago * DAY}
    base |= {"stream": 50, "streams": streams, "stream_mask": 1, "day": 0, "days": streams, "day_mask": 1}
    return Profile(**(base | values))


def crowd(seed: int = 0, size: int = 60) -> dict[str, Profile]:
    rng = np.random.default_rng(seed)
    made: dict[str, Profile] = {}
    for at in range(size):
        made[f"regular{at}"] = viewer(int(rng.uniform(700, 1100)), int(rng.integers(18, 24)), rng.uniform(0, 1))
        made[f"passer{at}"] = viewer(int(rng.uniform(20, 40)), 1, rng.uniform(40, 60))
        made[f"passer_too{at}"] = viewer(int(rng.uniform(20, 40)), 1, rng.uniform(40, 60))
    return made


def ids_of(model: Audiences) -> list[int | None]:
    return [one.id if (one := model.segment_of(name)) else None for name in ("regular3", "passer3")]


def test_planted_habits_are_segments_with_names() -> None:
    model = Audiences()
    found = model.refresh(crowd(), NOW)
    assert len(found.segments) == 2
    assert found.noise_share < 0.1
    assert found.stability > 0.8
    assert found.agreement is None
    regulars, passers = model.segment_of("regular3"), model.segment_of("passer3")
    assert regulars is not None
    assert passers is not None
    assert regulars.id != passers.id
    assert "regulars" in regulars.label
    assert "talk much" in regulars.label
    assert (passers.viewers, regulars.viewers) == (found.segments[0].viewers, found.segments[1].viewers)
    assert sum(one.share for one in found.segments) + found.noise_share == pytest.approx(1.0)
    assert model.segment_of("nobody") is None


def test_ids_last_when_viewers_come_and_go() -> None:
    model = Audiences()
    model.refresh(crowd(), NOW)
    before = ids_of(model)
    later = {name: one for name, one in crowd(1, 90).items() if name not in ("regular7", "passer8")}
    found = model.refresh(later, NOW)
    assert before == ids_of(model)
    assert found.agreement is not None
    assert found.agreement > 0.9


def test_a_new_group_gets_a_new_id() -> None:
    model = Audiences()
    model.refresh({name: one for name, one in crowd().items() if "passer" in name}, NOW)
    old = {one.id for one in model.audience.segments} if model.audience else set[int]()
    model.refresh(crowd(), NOW)
    regulars = model.segment_of("regular3")
    assert regulars is not None
    assert regulars.id not in old


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nobody_is_no_segment(count: int) -> None:
    found = Audiences().refresh({f"v{at}": viewer(3, 1, 1.0) for at in range(count)}, NOW)
    assert found.segments == ()
    assert found.viewers == count
    assert found.noise_share == float(count > 0)


def test_identical_viewers_are_one_segment() -> None:
    found = Audiences().refresh({f"v{at}": viewer(3, 1, 1.0) for at in range(40)}, NOW)
    assert [one.viewers for one in found.segments] == [40]
    assert found.segments[0].label == "viewers like most"


def test_above_the_sample_the_others_join_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiences, "SAMPLE", 100)
    model = Audiences()
    found = model.refresh(crowd(2, 100), NOW)
    kinds = [{one.id for at in range(100) if (one := model.segment_of(f"{kind}{at}"))} for kind in ("regular", "passer")]
    assert kinds[0]
    assert kinds[1]
    assert not kinds[0] & kinds[1]
    assert found.noise_share < 0.25
    assert found.viewers == 300


def test_few_messages_do_not_make_a_habit() -> None:
    shares = viewer_features([viewer(1, 1, 1.0, questions=1), *[viewer(100, 5, 1.0) for _ in range(50)]], NOW)
    assert shares[0, FEATURES.index("questions")] < 0.2
    assert np.isfinite(scaled(shares)[0]).all()


def test_labels_are_different() -> None:
    same = np.zeros(len(FEATURES))
    labels = segment_labels({0: same, 1: same, 4: np.full(len(FEATURES), 2.0)})
    assert len(set(labels.values())) == 3


def test_forgetting_and_states() -> None:
    model = Audiences(3)
    model.refresh(crowd(), NOW)
    model.forget("regular3")
    model.forget("nobody")
    assert model.segment_of("regular3") is None
    assert "'regular3'" not in str(model.state())
    again = Audiences.from_state(msgpack.unpackb(msgpack.packb(model.state())))
    assert again.audience == model.audience
    assert again.refresh(crowd(4), NOW) == model.refresh(crowd(4), NOW)
    assert Audiences.from_state(Audiences().state()).audience is None


def test_bad_arguments_and_states() -> None:
    with pytest.raises(BadInput):
        Audiences().refresh({}, math.nan)
    for state in ({}, {"v": 2}, {**Audiences().state(), "assigned": 3}, {**Audiences().state(), "audience": {"x": 1}}):
        with pytest.raises(BadStore):
            Audiences.from_state(state)
