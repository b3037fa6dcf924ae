"""Understanding one chat message: sentiment, emotion, toxicity, trends and what to do about it."""
