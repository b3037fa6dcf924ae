"""Forecasts of any recorded metric: candidates, a backtest that chooses among them, intervals, and the forecaster that answers."""

from hikari.analytics.forecasting.forecaster import Forecast, Forecaster, default_candidates, forecast
from hikari.analytics.forecasting.series import Series, regularise

__all__ = ["Forecast", "Forecaster", "Series", "default_candidates", "forecast", "regularise"]
