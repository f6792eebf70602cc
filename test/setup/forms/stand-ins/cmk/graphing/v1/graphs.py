"""Graphs of metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

from cmk.graphing.v1.metrics import CriticalOf, WarningOf
from cmk.rulesets.v1 import Title
from cmk.strict import Checked


@dataclass(frozen=True, kw_only=True)
class Graph(Checked):
    name: str
    title: Title
    compound_lines: Sequence[str | WarningOf | CriticalOf] = ()
    simple_lines: Sequence[str | WarningOf | CriticalOf] = ()
    optional: Sequence[str] = ()
    conflicting: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name or not (self.compound_lines or self.simple_lines):
            raise ValueError("a graph has a name and lines")
