"""Forecasters that each break one promise of `forecaster_checks`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari.analytics.forecasting.candidates import Average, LastValue
from hikari.analytics.forecasting.series import Floats, Series, filled


class Base:
    """A sound forecaster to spoil."""

    name = "broken"
    max_folds = 10

    def shortfall(self, series: Series, origin: int) -> str | None:
        return Average().shortfall(series, origin)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return Average().paths(series, origins, horizon)


class Narrow(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon)[:, :-1]


class Prescient(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon) + 0.01 * np.nanmean(series.values)


class Entangled(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon) * (1.0 + 0.01 * len(origins))


class Sinking(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon) - 1000.0


class Stubborn(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return np.full((len(origins), horizon), 500.0)


class Wild(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon) * np.linspace(1.0, 9.0, horizon)


@dataclass
class Dice(Base):
    generator = np.random.default_rng(0)

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return super().paths(series, origins, horizon) + self.generator.normal()


class Meddling(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        series.values[:] = filled(series.values)
        return super().paths(series, origins, horizon)


class Overflowing(Base):
    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            return super().paths(series, origins, horizon) ** 4 / super().paths(series, origins, horizon) ** 3


class Overconfident(Base):
    def shortfall(self, series: Series, origin: int) -> str | None:
        return None

    def paths(self, series: Series, origins: Sequence[int], horizon: int) -> Floats:
        return LastValue().paths(series, origins, horizon)
