"""The message pipeline: queue, micro-batches, what becomes of every message, events out; replay on a virtual clock."""
