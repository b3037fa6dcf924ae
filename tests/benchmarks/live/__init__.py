"""The parts of the stream benchmark (`tests/benchmarks/stream.py`)."""
