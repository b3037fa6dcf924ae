"""The served engine: BentoML around Hikari; knows no training code."""
