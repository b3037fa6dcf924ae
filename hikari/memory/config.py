"""How a memory system behaves: one frozen value, every field with its unit and its reason."""

from dataclasses import dataclass

from hikari.errors import BadInput


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Defaults suit a live stream on two cores; `NeuralMemorySystem(config=MemoryConfig(...))` changes them."""

    short_term_size: int = 200
    """Newest memories of a channel that `recent` answers from."""
    consolidation_threshold: float = 0.5
    """Of `0.6*importance + 0.4*tanh(access/5)`: an ordinary memory (0.5) gets there with its third use, an important one (0.85) at once."""
    decay: bool = True
    """Whether forgetting weighs in the ranking; off gives the identical order without it."""
    decay_rate: float = 0.995
    """Daily factor of an unused memory's importance: half after 138 days."""
    extract: bool = True
    """Find entities, relations and facts in what is stored."""
    merge_duplicates: bool = True
    hygiene: bool = True
    """Keep bots, commands, copypasta and the VTuber's own words out (`hygiene.py`)."""
    redact: bool = True
    """Replace personal data by its kind, such as `[email]`, before anything is written."""
    episodes: bool = True
    """Cut what is said into episodes and sum them up."""
    maintenance: bool = True
    """Run the background maintainer; off in replays, where `maintain` is called by hand."""
    maintenance_interval_s: float = 15.0
    maintenance_budget_s: float = 0.25
    """Time that one round may take before it yields to the next."""
    burst_writes_per_s: float = 100.0
    """Above this rate a round is put off."""
    save_every: int = 20_000
    """Changes after which an index is saved; what came since is replayed from the store at the next start."""
    capacity: int | None = None
    """Memories that a channel keeps; beyond it the least retained, never a pinned one, are purged. None: all."""
    open_channels: int = 64
    """Channels whose indices stay in memory; the longest unused are saved and closed."""

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be greater than 0"
            for name in (
                "short_term_size", "maintenance_interval_s", "maintenance_budget_s", "burst_writes_per_s", "save_every", "open_channels",
            )
            if not getattr(self, name) > 0
        ]  # fmt: skip
        if not 0 <= self.consolidation_threshold <= 1:
            problems.append("consolidation_threshold must be from 0 to 1")
        if not 0 < self.decay_rate <= 1:
            problems.append("decay_rate must be over 0 and at most 1")
        if self.capacity is not None and self.capacity < 1:
            problems.append("capacity must be at least 1, or None")
        if problems:
            raise BadInput("; ".join(problems), field="config")
