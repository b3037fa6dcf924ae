"""Memory: what the VTuber remembers of its viewers, without a language model on the way."""
