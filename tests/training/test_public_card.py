"""The section on public sets shows what was recorded, and says of which bundle."""

from typing import Any

from training import public_card


def recorded(**changes: Any) -> dict[str, Any]:
    three = {"accuracy": 0.6, "macro_f1": 0.512, "macro_recall": 0.7}
    return {
        "bundle": "a" * 64,
        "precision": "int8",
        "default_ensemble": "tuned",
        "figures": {
            "tweeteval_sentiment.macro_recall": 0.7214,
            "tweeteval_sentiment.ece": 0.031,
            "toxic_spans.macro_auroc": 0.91,
            "umsab_german.macro_f1": 0.55,
            "umsab_german.ece": 0.04,
        },
        "members": {"tweeteval_sentiment": {"encoder": three, "vader": {**three, "macro_f1": 0.498}}},
        **changes,
    }


def test_every_recorded_figure_has_its_row_and_absent_ones_have_none() -> None:
    text = public_card.section(recorded(), "a" * 64)
    assert "| TweetEval sentiment (val), macro recall | 0.721 | 0.031 |" in text
    assert "macro AUROC | 0.910 |  |" in text
    assert "| UMSAB german (val), macro-F1 | 0.550 | 0.040 |" in text
    assert "GoEmotions" not in text
    assert "| tweeteval_sentiment | 0.512 | 0.498 |" in text
    assert "The served ensemble is `tuned`." in text


def test_figures_of_another_bundle_are_not_passed_off_as_this_ones() -> None:
    assert "Measured on this bundle" in public_card.section(recorded(), "a" * 64)
    assert f"`{'a' * 16}`" in public_card.section(recorded(), "b" * 64)
    assert "this bundle" not in public_card.section(recorded(), "b" * 64)
