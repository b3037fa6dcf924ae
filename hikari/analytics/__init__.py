"""Stream analytics: features of a live chat, engagement, forecasts, anomalies, audiences, experiments."""
