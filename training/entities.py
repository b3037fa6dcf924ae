"""Pre-training task: the spaCy pipeline that finds entities in chat, from public tweets and comments to a released folder.

Train parts train, dev parts choose the epoch and are what is reported, each as written and once more the way chat is typed (lower
case, no punctuation). Nothing else is read.
"""

import random
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from rich.progress import Progress, TimeElapsedColumn
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import Adam, fix_random_seed

from hikari.memory.entity_bundle import LABELS, load_pipeline, write_pipeline
from training import encoder, entity_card, ner_data, ner_pipeline
from training.ner_data import Sentence, Span
from training.ner_metrics import Lookup, scores
from training.public_data import PublicSetConfig, public_file
from training.schema import EncoderConfig, Fraction, Positive, Rate, closed

Finder = Callable[[Sequence[str]], list[list[Span]]]
FORMS: dict[str, Callable[[Sentence], Sentence]] = {"cased": lambda sentence: sentence, "chat": ner_data.as_chat}


@closed
@dataclass(frozen=True)
class EntitiesConfig:
    """`conf/task/entities.yaml`: the data, the network and how it learns."""

    name: Literal["entities"]
    sets: dict[str, PublicSetConfig]
    repeat: dict[str, Positive]
    """How often each set's training sentences are seen in an epoch: rare labels need it."""
    encoder: EncoderConfig
    """Whose word pieces the vectors are made of."""
    vector_dimension: Positive
    width: Positive
    depth: Positive
    rows: Annotated[tuple[Positive, ...], Field(min_length=4, max_length=4)]
    """Rows of the hash tables for norm, prefix, suffix and shape."""
    hidden: Positive
    epochs: Positive
    patience: Positive
    """Stop after so many epochs without a better one."""
    batch_size: Positive
    lr: Rate
    warmup_steps: Positive
    weight_decay: Fraction
    dropout: Annotated[float, Field(ge=0, lt=1)]
    chat_share: Fraction
    """In lower case and without punctuation."""
    lower_share: Fraction
    """In lower case only."""
    swap_share: Fraction
    """With other names of the same labels."""
    filler_share: Fraction
    """With `fillers` around."""
    fillers: Annotated[tuple[str, ...], Field(min_length=1)]
    """What chat shouts and what is never an entity."""

    def __post_init__(self) -> None:
        unknown = {label for public in self.sets.values() for label in public.labels.values()} - set(LABELS)
        if not self.sets or unknown:
            raise ValueError(f"sets must map to {', '.join(LABELS)}, got {', '.join(sorted(unknown)) or 'no set'}")
        if set(self.repeat) != set(self.sets):
            raise ValueError(f"repeat must name each set once, got {', '.join(sorted(self.repeat)) or 'none'}")
        if self.chat_share + self.lower_share > 1:
            raise ValueError(f"chat_share and lower_share may be 1 together, got {self.chat_share + self.lower_share}")


@dataclass(frozen=True)
class Data:
    """Sentences by set; `dev` is never trained on."""

    train: dict[str, list[Sentence]]
    dev: dict[str, list[Sentence]]

    @property
    def all_train(self) -> list[Sentence]:
        return [sentence for sentences in self.train.values() for sentence in sentences]


def train(config: EntitiesConfig, seed: int, output: str) -> dict[str, Any]:
    """Train, keep the best epoch, write and reopen; returns the written pipeline's figures. Raises `PublicDataError`."""
    data = read(config)
    folder = encoder.locate(config.encoder)
    pieces, table = ner_pipeline.piece_vectors(folder, config.vector_dimension)

    def build() -> Language:
        return ner_pipeline.build(
            labels=LABELS,
            width=config.width,
            depth=config.depth,
            rows=config.rows,
            hidden=config.hidden,
            pieces=pieces,
            table=table,
        )

    # spaCy remembers every word it has read: what is written is a second pipeline that has read nothing.
    released = build()
    released.initialize()
    with tempfile.TemporaryDirectory() as scratch:  # whether it is too large to be released is known before training
        write_pipeline(Path(scratch) / "untrained", released)
    fix_random_seed(seed)
    pipeline = build()
    best, history = fit(pipeline, data, config, seed)
    for each in (pipeline, released):
        each.get_pipe("ner").from_bytes(best, exclude=["vocab"])  # type: ignore[attr-defined]
    lookup = Lookup(data.all_train)
    baseline = evaluate(lambda texts: [lookup.spans(text) for text in texts], data, config)
    sources = {
        name: {"url": public.url, "licence": public.licence, "citation": public.citation, "sha256": _hashes(public)}
        for name, public in config.sets.items()
    }
    target = Path(output)
    facts = {"seed": seed, "encoder": config.encoder.name, "encoder_sha256": config.encoder.sha256, "data": sources}
    figures = evaluate(finder(pipeline), data, config)
    write_pipeline(target, released, **facts, dev=figures, baseline=baseline, history=history)
    reopened, manifest = load_pipeline(target)
    if evaluate(finder(reopened), data, config) != figures:
        raise RuntimeError(f"the pipeline written to {target} does not answer like the trained one")
    card = entity_card.render(manifest, {name: len(sentences) for name, sentences in data.train.items()})
    target.with_name(f"{target.name}.md").write_text(card, encoding="utf-8")
    return {"output": output, "fingerprint": manifest["fingerprint"], "dev": figures, "baseline": baseline}


def read(config: EntitiesConfig) -> Data:
    """Both parts of every set, verified by hash. Raises `PublicDataError`, `NerDataError`."""
    parts = {
        part: {name: ner_data.read_conll(public_file(public, part), public.labels) for name, public in config.sets.items()}
        for part in ("train", "dev")
    }
    return Data(parts["train"], parts["dev"])


def fit(pipeline: Language, data: Data, config: EntitiesConfig, seed: int) -> tuple[bytes, list[dict[str, float]]]:
    """The component's weights after the best epoch (mean dev F1 over sets and forms), and the figures of each epoch."""
    names = ner_data.names_by_label(data.all_train)
    sentences = [sentence for name, own in data.train.items() for sentence in own * config.repeat[name]]
    dice = random.Random(seed)
    with warnings.catch_warnings():
        # A few marked spans end inside of what the tokeniser takes for one token; spaCy leaves those tokens open.
        warnings.filterwarnings("ignore", message=r".*\[W030\].*")
        pipeline.initialize(lambda: examples(pipeline, sentences[:200]))
        optimizer = Adam(
            config.lr, L2=config.weight_decay, L2_is_weight_decay=True, beta2=0.999, grad_clip=1.0, use_averages=True
        )  # fmt: skip
        total = config.epochs * -(-len(sentences) // config.batch_size)
        step, best_score, best, waited = 0, -1.0, b"", 0
        history: list[dict[str, float]] = []
        with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:
            bar = progress.add_task("entities", total=total)
            for epoch in range(config.epochs):
                dice.shuffle(sentences)
                changed = [augment(sentence, config, names, dice) for sentence in sentences]
                losses: dict[str, float] = {}
                for batch in minibatch(changed, config.batch_size):
                    step += 1
                    optimizer.learn_rate = rate(step, total, config)  # type: ignore[assignment]
                    pipeline.update(examples(pipeline, batch), sgd=optimizer, drop=config.dropout, losses=losses)
                    progress.advance(bar)
                with pipeline.use_params(optimizer.averages):
                    score = mean_f1(evaluate(finder(pipeline), data, config))
                    waited = 0 if score > best_score else waited + 1
                    if waited == 0:
                        best_score, best = score, pipeline.get_pipe("ner").to_bytes(exclude=["vocab"])  # type: ignore[attr-defined]
                history.append({"epoch": epoch + 1, "loss": round(float(losses["ner"]), 1), "dev_f1": round(score, 4)})
                progress.console.print(f"epoch {epoch + 1}: dev F1 {score:.4f}, best {best_score:.4f}", highlight=False)
                if waited >= config.patience:
                    break
    return best, history


def rate(step: int, total: int, config: EntitiesConfig) -> float:
    """The learning rate: a linear climb over `warmup_steps`, then a straight fall to a twentieth at the last step."""
    return config.lr * min(1.0, step / config.warmup_steps) * max(0.05, 1 - step / total)


def augment(sentence: Sentence, config: EntitiesConfig, names: dict[str, list[str]], dice: random.Random) -> Sentence:
    """The sentence as one epoch sees it."""
    if dice.random() < config.swap_share:
        sentence = ner_data.with_other_names(sentence, names, dice)
    form = dice.random()
    if form < config.chat_share:
        sentence = ner_data.as_chat(sentence)
    elif form < config.chat_share + config.lower_share:
        sentence = ner_data.lower_case(sentence)
    if dice.random() < config.filler_share:
        sentence = ner_data.with_fillers(sentence, config.fillers, dice)
    return sentence


def examples(pipeline: Language, sentences: Sequence[Sentence]) -> list[Example]:
    """Sentences as spaCy trains on them."""
    return [
        Example.from_dict(pipeline.make_doc(sentence.text), {"entities": [list(span) for span in sentence.spans]})
        for sentence in sentences
    ]


def finder(pipeline: Language) -> Finder:
    """The pipeline as a function from texts to spans."""

    def find(texts: Sequence[str]) -> list[list[Span]]:
        return [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in pipeline.pipe(texts, batch_size=128)]

    return find


def evaluate(find: Finder, data: Data, config: EntitiesConfig) -> dict[str, dict[str, float]]:
    """Figures by `set/form` on the dev parts; a set judges only the labels that it marks."""
    out: dict[str, dict[str, float]] = {}
    for name, sentences in data.dev.items():
        for form, change in FORMS.items():
            changed = [change(sentence) for sentence in sentences]
            found = find([sentence.text for sentence in changed])
            labels = set(config.sets[name].labels.values())
            out[f"{name}/{form}"] = scores([sentence.spans for sentence in changed], found, labels)
    return out


def mean_f1(figures: dict[str, dict[str, float]]) -> float:
    """The figure that chooses the epoch."""
    return sum(values["f1"] for values in figures.values()) / len(figures)


def _hashes(public: PublicSetConfig) -> dict[str, str]:
    return {part: file.sha256 for part, file in public.files.items()}
