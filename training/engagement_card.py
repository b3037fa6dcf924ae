"""The card of the engagement model, written from its manifest."""

from collections.abc import Mapping
from typing import Any


def render(manifest: Mapping[str, Any], streams: Mapping[str, int]) -> str:
    """Markdown: what it is, what it learned from under which terms, what it reaches, what it cannot; `streams` per role."""
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    data, figures = manifest["data"], manifest["figures"]
    lines = [
        "# Engagement model",
        "",
        f"Fingerprint `{manifest['fingerprint'][:16]}`, {size / 1e6:.1f} MB, format {manifest['format']}. Two LSTM layers and 8-head "
        "attention over the last 30 minutes of a chat's features give quantiles of the messages, distinct chatters and mean sentiment of "
        "the next 1, 5 and 15 minutes. Weights as safetensors, the same network as ONNX; no file in it is a pickle and none holds a "
        "message or a name.",
        "",
        "## Data",
        "",
        f"{data['name']}, {data['url']}. Licence: {data['licence']}. Streams: {streams['train']} to learn from, {streams['dev']} to choose "
        f"the epoch, {streams['test']} newer ones that are only reported. Sentiment was scored by the "
        "lexicons (VADER, emotes, emoji), not by the text model; it is read against the channel's own past.",
        "",
        "## Messages in the next five minutes: mean absolute error of log(1 + count)",
        "",
        "At every minute at least 30 minutes into a stream with five recorded minutes after it.",
        "",
        "| forecast | " + " | ".join(_parts(figures)) + " |",
        "|---|" + "---|" * len(_parts(figures)),
    ]
    names = {"last_5": "last 5 minutes", "last_15": "mean of the last 15 minutes", "network": "this model"}
    for key, name in names.items():
        cells = [
            f"{part['messages_5'][key]['mae']:.4f} ({-part['messages_5'][key]['below_last_15']:+.1%})"
            for part in _parts(figures).values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "## Every forecast, newest streams",
        "",
        "| | MAE | MAE of the baseline | 80% interval covers | 90% interval covers |",
    ]
    lines.append("|---|---|---|---|---|")
    for key, part in figures["test"]["network"].items():
        baseline = figures["test"]["baseline_mae"][key]
        lines.append(
            f"| {key.replace('_', ' ')} | {part['mae']:.4f} | {baseline:.4f} | {part['coverage_80']:.1%} | {part['coverage_90']:.1%} |"
        )
    if "ablations" in figures:
        lines += [
            "",
            "## What each part is worth (one network instead of several, half of the minutes in each epoch; newest streams)",
            "",
            "| | MAE | against last 15 |",
        ]
        lines.append("|---|---|---|")
        for key, part in figures["ablations"].items():
            lines.append(f"| {key.replace('_', ' ')} | {part['mae']:.4f} | {-part['below_last_15']:+.1%} |")
    lines += [
        "",
        "## Limits",
        "",
        "Learned from small and middle-sized channels (5 to 15 messages a minute), mostly English and German. It sees neither the picture "
        "nor the plan of the stream: raids, the end of a game or a farewell come unannounced, and no interval is honest about them. The "
        "attention weights say what the network read and are nearly even; which minutes moved a forecast is told by leaving each of them "
        "out (`mattered`, `moved_by`), and that is not what caused it either.",
        "",
    ]
    return "\n".join(lines)


def _parts(figures: Mapping[str, Any]) -> dict[str, Any]:
    named = {"unseen streams": figures["test"]}
    if "unseen_channel" in figures:
        named["a channel left out of training"] = figures["unseen_channel"]
    return named
