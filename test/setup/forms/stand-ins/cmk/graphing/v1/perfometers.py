"""Perfometers of metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmk.strict import Checked


@dataclass(frozen=True)
class Closed(Checked):
    value: int | float


@dataclass(frozen=True)
class Open(Checked):
    value: int | float


@dataclass(frozen=True)
class FocusRange(Checked):
    lower: Closed | Open
    upper: Closed | Open


@dataclass(frozen=True, kw_only=True)
class Perfometer(Checked):
    name: str
    focus_range: FocusRange
    segments: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name or not self.segments:
            raise ValueError("a perfometer has a name and segments")
