"""The words of an experiment's report: what to do, what the numbers mean, and what they do not."""

from collections.abc import Iterable, Sequence

from hikari.analytics.experiment_analysis import SRM_ALPHA, Comparison
from hikari.analytics.experiment_definition import Definition
from hikari.analytics.experiment_units import Adjustment, ArmSums
from hikari.analytics.sequential import MIN_UNITS


def headline(
    about: Definition,
    decision: str,
    winner: int | None,
    comparisons: Sequence[Comparison],
    arms: Sequence[ArmSums],
    *,
    ended: str | None,
) -> str:
    """The decision in one or two sentences; `ended` says why there will be no more units, None while there will."""
    if decision == "invalid":
        return _invalid(about, arms)
    if decision == "winner":
        return _winner(about, winner, comparisons)
    if decision == "no difference detectable":
        if any(one.verdict in ("open", "too_few", "constant") for one in comparisons):
            return f"No difference detectable: {ended}, and chance alone explains what was seen."
        worth = _amount(about, about.minimum_effect)
        return (
            f"No difference detectable: no other arm beats {_baseline(about)} by {worth}, the smallest difference worth finding."
        )
    return "Keep running: nothing is decided yet, and the numbers so far may be chance."


def comparison_sentence(about: Definition, one: Comparison) -> str:
    """One challenger against the baseline, with its interval."""
    arm, base = about.arms[one.arm].name, _baseline(about)
    if one.verdict == "too_few":
        return f"{arm} against {base}: too early to say; both arms need {MIN_UNITS} measured {_units(about)}."
    if one.difference is None or one.interval is None:
        return f"{arm} against {base}: all {_units(about)} had the same value so far."
    low, high = one.interval
    text = (
        f"{arm} against {base}: {about.metric} differs by {_signed(about, one.difference)}; "
        f"the true difference lies between {_signed(about, low)} and {_signed(about, high)}"
    )
    if one.lift is not None and one.lift_interval is not None:
        text += f" (lift {one.lift:+.1%}, between {one.lift_interval[0]:+.1%} and {one.lift_interval[1]:+.1%})"
    ends = {
        "better": f"{arm} is better.",
        "worse": f"{arm} is worse.",
        "equivalent": f"smaller, either way, than the {_amount(about, about.minimum_effect)} worth finding.",
        "open": "either arm may be the better one.",
    }
    return f"{text}: {ends[one.verdict]}"


def stopping_rules(about: Definition, planned: int | None) -> list[str]:
    """When the experiment ends, in words."""
    rules = [
        "Look as often as you like; stop as soon as the report names a winner.",
        f"Stop when every difference is known to be smaller than {_amount(about, about.minimum_effect)}: going on is futile.",
    ]
    if planned is not None:
        rules.append(
            f"Stop at {planned:,} measured {_units(about)}: a difference of {_amount(about, about.minimum_effect)} "
            f"would have shown by then in at least {about.power:.0%} of such experiments."
        )
    else:
        rules.append("The number of units is not planned: that needs expected_mean or expected_sd.")
    if about.max_duration_s is not None:
        rules.append(f"Stop after {about.max_duration_s / 86_400:.3g} days in any case.")
    rules.append("Stop at once, and discard the numbers, when the sample-ratio alarm says that units go missing.")
    return rules


def meaning(about: Definition, adjustment: Adjustment | None) -> list[str]:
    """What the report does say."""
    lines = [
        f"With no true difference, at most {about.alpha:.0%} of such experiments ever name a false winner, however often one looks.",
        f"Every one of the {_units(about)} counts once, with the mean of its outcomes, however many it had.",
    ]
    if len(about.challengers) > 1:
        lines.append(f"The {len(about.challengers)} comparisons share that chance of an error (Bonferroni).")
    if adjustment is not None:
        lines.append(
            f"{about.covariate}, known before the experiment for {adjustment.covered:.0%} of the {_units(about)}, explains "
            f"{adjustment.variance_reduction:.0%} of the variance, which was taken out (CUPED)."
        )
    return lines


def limits(about: Definition, decision: str) -> list[str]:
    """What the report does not say."""
    lines = ["It holds for this audience and this period; a novelty may wear off."]
    if decision == "winner":
        lines.append("The measured difference of a winner tends to be too large at the moment it wins: read the interval.")
        if len(about.arms) > 2:
            lines.append("The winner is shown to be better than the baseline, not than every other arm.")
    if decision == "no difference detectable":
        lines.append("That is no proof that the arms are equal: differences inside the intervals remain possible.")
    if about.unit == "viewer":
        lines.append("Viewers share one chat: what one arm sees may reach the other and make the difference look smaller.")
    else:
        lines.append(
            "What a block leaves behind in the next one is not separated: blocks must be long against such an after-effect."
        )
    return lines


def ratio_sentence(about: Definition, arms: Sequence[ArmSums]) -> str:
    """Planned and seen shares of the arms."""
    planned = " / ".join(f"{weight:.1%}" for weight in about.weights)
    return f"planned {planned}, assigned {_counts(arm.assigned for arm in arms)}, measured {_counts(arm.units for arm in arms)}"


def _winner(about: Definition, winner: int | None, comparisons: Sequence[Comparison]) -> str:
    if winner is None or winner == about.baseline_index:
        return f"{_baseline(about)} wins: {about.metric} is worse with every other arm."
    one = next(one for one in comparisons if one.arm == winner)
    low, high = one.interval or (0.0, 0.0)
    sign = 1.0 if about.larger_is_better else -1.0
    near, far = sorted((sign * low, sign * high))
    word = "higher" if about.larger_is_better else "lower"
    return (
        f"{about.arms[winner].name} wins: {about.metric} is {word} than with {_baseline(about)}, "
        f"by {_amount(about, near)} to {_amount(about, far)}."
    )


def _invalid(about: Definition, arms: Sequence[ArmSums]) -> str:
    return (
        f"Invalid: {_units(about)} do not arrive in the planned ratio ({ratio_sentence(about, arms)}). By chance this happens in "
        f"fewer than {SRM_ALPHA:.1%} of sound experiments: find out which go missing before reading any result."
    )


def _baseline(about: Definition) -> str:
    return about.arms[about.baseline_index].name


def _units(about: Definition) -> str:
    return "viewers" if about.unit == "viewer" else "time blocks"


def _counts(counts: Iterable[int]) -> str:
    return " / ".join(f"{count:,}" for count in counts)


def _amount(about: Definition, value: float) -> str:
    return f"{100 * value:.3g} points" if about.kind == "binary" else f"{value:.3g}"


def _signed(about: Definition, value: float) -> str:
    return f"{100 * value:+.3g} points" if about.kind == "binary" else f"{value:+.3g}"
