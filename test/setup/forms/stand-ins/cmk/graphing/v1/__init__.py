"""Metrics, graphs and perfometers."""

from cmk.graphing.v1 import graphs, metrics, perfometers
from cmk.rulesets.v1 import Title

__all__ = ["Title", "graphs", "metrics", "perfometers"]
