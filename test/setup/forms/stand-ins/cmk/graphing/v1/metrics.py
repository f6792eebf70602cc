"""Metrics and what can be said of them."""

import enum
from dataclasses import dataclass

from cmk.rulesets.v1 import Title
from cmk.strict import Checked


class Color(enum.Enum):
    BLUE = "blue"
    GREEN = "green"
    ORANGE = "orange"
    PURPLE = "purple"


@dataclass(frozen=True)
class DecimalNotation(Checked):
    symbol: str


@dataclass(frozen=True)
class IECNotation(Checked):
    symbol: str


@dataclass(frozen=True)
class TimeNotation:
    pass


@dataclass(frozen=True)
class AutoPrecision(Checked):
    digits: int


@dataclass(frozen=True)
class StrictPrecision(Checked):
    digits: int


@dataclass(frozen=True)
class Unit(Checked):
    notation: DecimalNotation | IECNotation | TimeNotation
    precision: AutoPrecision | StrictPrecision = AutoPrecision(2)


@dataclass(frozen=True, kw_only=True)
class Metric(Checked):
    name: str
    title: Title
    unit: Unit
    color: Color


@dataclass(frozen=True)
class WarningOf(Checked):
    metric_name: str


@dataclass(frozen=True)
class CriticalOf(Checked):
    metric_name: str
