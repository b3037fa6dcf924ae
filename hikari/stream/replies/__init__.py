"""Which messages to answer now, why, and what an engine's language model has to know to answer them."""
