"""The committed suites and swaps keep what their data cards promise; the shipped model is run through them."""

import re
from collections import Counter
from pathlib import Path

import pytest

from hikari.bundle import open_bundle
from hikari.sentiment.classifier import TextClassifier
from hikari.sentiment.scores import Scorer
from training import bias, corpus, functional
from training.bias import Swaps
from training.functional import Case

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return functional.read_cases(ROOT / "data/functional")


@pytest.fixture(scope="module")
def swaps() -> Swaps:
    return bias.read_swaps(ROOT / "data/bias")


def test_there_are_enough_cases_of_each_capability(cases: list[Case]) -> None:
    by_capability = Counter(case.capability for case in cases)
    assert len(cases) >= 360
    assert len(by_capability) >= 18
    assert {name: count for name, count in by_capability.items() if count < 10} == {}
    assert {kind: count for kind, count in Counter(case.kind for case in cases).items() if count < 60} == {}


def test_the_data_card_counts_what_is_there(cases: list[Case], swaps: Swaps) -> None:
    card = (ROOT / "data/functional/README.md").read_text()
    capabilities = {case.capability for case in cases}
    kinds = Counter(case.kind for case in cases)
    assert f"{len(cases)} cases in {len(capabilities)} capabilities" in card
    assert all(re.search(rf"\| `{kind}`[^|]*\| {count} \|", card) for kind, count in kinds.items())
    assert capabilities <= set(re.findall(r"`(\w+)`", card))
    told = (ROOT / "data/bias/README.md").read_text()
    terms, names = swaps.fillers["term"], swaps.fillers["name"]
    assert f"{len(swaps.templates)} messages" in told
    assert f"{len(terms)} identity terms" in told
    assert f"{len(names)} first names" in told
    assert f"{len(swaps.texts):,} texts" in told


def test_no_text_is_in_two_cases(cases: list[Case]) -> None:
    texts = Counter(text for case in cases for text in case.texts)
    assert [text for text, count in texts.items() if count > 1] == []
    minimums = [case.text for case in cases if case.kind == "mft"]
    twins = [(minimums[left], minimums[right]) for left, right, _ in corpus.similar_pairs(minimums, corpus.NEAR_DUPLICATE)]
    assert twins == []


def test_nothing_resembles_a_row_of_the_corpus(cases: list[Case], swaps: Swaps) -> None:
    """Neither what the model learned nor what its thresholds are fitted on may hold a case."""
    one_each = {template.id: swaps.fillers[template.slot][0] for template in swaps.templates}
    filled = [template.text.format(**one_each[template.id].words) for template in swaps.templates]
    own = [text for case in cases for text in case.texts] + filled
    known = [row.text for split in (*corpus.SPLITS, corpus.CHALLENGE) for row in corpus.read_split(split, ROOT / "data/corpus")]
    leaks = [
        (own[left], known[right - len(own)])
        for left, right, _ in corpus.similar_pairs(own + known, corpus.SAME_SPLIT)
        if left < len(own) <= right
    ]
    assert leaks == []


def test_swaps_are_broad_enough(swaps: Swaps) -> None:
    tones = Counter((template.slot, template.tone) for template in swaps.templates)
    assert min(tones.values()) >= 10
    assert len(tones) == 6
    assert all(sum(count for (slot, _), count in tones.items() if slot == name) >= 40 for name in bias.SLOTS)
    groups = {filler.group for filler in swaps.fillers["term"]}
    assert groups == {"nationality", "religion", "gender", "orientation", "disability", "ethnicity", "age"}
    assert len(swaps.fillers["term"]) >= 40
    assert len(swaps.fillers["name"]) >= 30
    assert len({filler.group for filler in swaps.fillers["name"]}) >= 15
    assert any(template.text == "i am {person}" and template.tone != "hostile" for template in swaps.templates)


def test_the_stage_stays_small(cases: list[Case], swaps: Swaps) -> None:
    assert len({*(text for case in cases for text in case.texts), *swaps.texts}) <= 4_000


@pytest.mark.slow
def test_the_shipped_model_is_better_than_a_constant_answer(shipped_bundle: Path, cases: list[Case]) -> None:
    """Not the aim, but the floor: below it the suites, the reader or the served path is broken."""
    scorer = Scorer(TextClassifier(open_bundle(shipped_bundle)))
    answers = functional.answers(scorer, [text for case in cases for text in case.texts])
    found = functional.figures(functional.judge(cases, answers))
    minimums = [case for case in cases if isinstance(case, functional.Minimum)]
    constant = max(
        sum(all(decided.get(name) in allowed for name, allowed in case.expect.items()) for case in minimums)
        for decided in (
            {"sentiment": sentiment, "emotion": emotion, "toxic": toxic, "question": False}
            for sentiment in ("negative", "neutral", "positive")
            for emotion in ("anger", "joy", "neutral")
            for toxic in (False, True)
        )
    )
    assert found["kinds"]["mft"]["pass_rate"] > constant / len(minimums) + 0.1
    assert found["kinds"]["inv"]["pass_rate"] > 0.5
    assert found["capabilities"]["hostility_plain"]["pass_rate"] >= 0.8
    assert found["capabilities"]["threats"]["pass_rate"] >= 0.8
