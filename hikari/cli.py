"""The `hikari` command."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hikari import __version__
from hikari.analytics.simulate_command import add_simulate_command
from hikari.errors import BadInput, HikariError
from hikari.memory.commands import add_commands
from hikari.stream.replay_command import add_replay_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    0; 1 when a question was answered with no; 2 for wrong input, a missing model or an unusable store; 130 when interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except HikariError as error:
        return _fail(options, error)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command continues\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hikari", description="The intelligence layer of an AI VTuber.")
    parser.add_argument("--version", action="version", version=f"hikari {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    analyze = commands.add_parser("analyze", help="analyse one message", description="Analyse one message.")
    analyze.add_argument("text")
    analyze.add_argument("--username", default="viewer")
    analyze.set_defaults(run=_analyze)
    score = commands.add_parser(
        "score",
        help="score a file of messages",
        description="Score IN.jsonl (rows with id and text) into OUT.jsonl, in order. Interrupted, the same command continues.",
    )
    score.add_argument("source", metavar="IN", type=Path)
    score.add_argument("target", metavar="OUT", type=Path)
    score.add_argument("--workers", type=int, default=None, help="forward passes side by side (default: all processors)")
    score.set_defaults(run=_score)
    for command in (analyze, score):
        command.add_argument(
            "--bundle",
            type=Path,
            default=None,
            help="model bundle (default: HIKARI_BUNDLE, or what `make pipeline` built)",
        )
        command.add_argument(
            "--ensemble",
            default=None,
            help="seed or tuned (default: what measured better on development data)",
        )
        command.add_argument("--json", action="store_true", help="print JSON only")
    add_commands(commands)
    add_replay_command(commands)
    add_simulate_command(commands)
    return parser


def _analyze(options: argparse.Namespace) -> int:
    from hikari.sentiment.analyzer import AdvancedSentimentAnalyzer

    bundle = _bundle(options)

    async def analyse() -> dict[str, Any]:
        async with AdvancedSentimentAnalyzer(bundle, ensemble=options.ensemble, learning=None) as analyzer:
            return await analyzer.analyze_message(options.text, options.username)

    answer = asyncio.run(analyse())
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n" if options.json else _readable(answer))
    return 0


def _readable(answer: dict[str, Any]) -> str:
    sentiment, toxicity, advice = (
        answer["sentiment"]["aggregate"],
        answer["toxicity"],
        answer["response_recommendation"],
    )
    emotion = answer["emotion"]["primary"]
    toxic = ", ".join(toxicity["labels"]) or "no"
    lines = (
        f"sentiment   {sentiment['label'].replace('_', ' ')} ({sentiment['score']:+.2f})",
        f"emotion     {emotion} ({answer['emotion']['scores'][emotion]:.0%})",
        f"toxic       {toxic} ({toxicity['score']:.0%})",
        f"question    {'yes' if answer['context']['question']['asks'] else 'no'}",
        f"respond     {'yes' if advice['respond'] else 'no'}, {advice['tone']}, priority {advice['priority']}: {advice['reason']}",
    )
    return "\n".join(lines) + "\n"


def _score(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from hikari.bundle import find_bundle
    from hikari.scoring import score_file
    from hikari.sentiment.opening import open_classifier
    from hikari.sentiment.scores import Scorer
    from hikari.sentiment.thresholds import toxicity_thresholds
    from hikari.settings import Settings

    settings = Settings.read()
    workers = options.workers if options.workers is not None else settings.threads or os.cpu_count() or 1
    if workers < 1:
        raise BadInput("--workers must be at least 1", field="workers")
    thresholds = toxicity_thresholds(settings.toxicity_thresholds, "HIKARI_TOXICITY_THRESHOLDS")
    scorer = Scorer(open_classifier(find_bundle("text", _bundle(options)), threads=1), options.ensemble, thresholds)
    total = _count_rows(options.source)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=options.json) as bar:
        task = bar.add_task("scoring", total=total)
        outcome = score_file(options.source, options.target, scorer, workers, lambda done: bar.update(task, completed=done))
    facts = {
        "rows": outcome.rows,
        "failed": outcome.failed,
        "resumed": outcome.resumed,
        "output": str(options.target),
    }
    if options.json:
        sys.stdout.write(json.dumps(facts) + "\n")
    else:
        sys.stdout.write(f"{outcome.rows} rows scored ({outcome.failed} of them error rows) into {options.target}\n")
    return 0


def _bundle(options: argparse.Namespace) -> Path | None:
    """The folder that was named. Raises `BadInput` for a name of the registry, which only the service reads."""
    from hikari.settings import Settings

    named = options.bundle or Settings.read().bundle
    if named is not None and str(named).startswith("models:/"):
        raise BadInput(
            f"{named} names a model of the registry, which the service reads; here a folder is wanted: the service keeps what it "
            "downloaded in HIKARI_HOME/registry/NAME/VERSION",
            field="bundle",
        )
    return options.bundle


def _count_rows(source: Path) -> int | None:
    if not source.is_file():
        return None
    with source.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _fail(options: argparse.Namespace, error: HikariError) -> int:
    if options.json:
        sys.stdout.write(json.dumps({"error": error.as_dict()}) + "\n")
    else:
        sys.stderr.write(f"hikari: {error.message}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
