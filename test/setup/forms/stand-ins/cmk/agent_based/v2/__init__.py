"""What makes services of sections. Functions take their arguments by name."""

import enum
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, TypeVar, Union

from cmk.agent_based.v2 import render
from cmk.strict import Checked

SectionT = TypeVar("SectionT")
NumberT = TypeVar("NumberT", int, float)

StringTable = list[list[str]]
NoLevelsT = tuple[Literal["no_levels"], None]
FixedLevelsT = tuple[Literal["fixed"], tuple[NumberT, NumberT]]
LevelsT = Union[NoLevelsT, FixedLevelsT[NumberT]]

__all__ = ["render"]


class State(enum.Enum):
    OK = 0
    WARN = 1
    CRIT = 2
    UNKNOWN = 3


class HostLabel(NamedTuple):
    name: str
    value: str


class Service:
    def __init__(
        self, *, item: str | None = None, parameters: Mapping[str, object] | None = None
    ) -> None:
        if item == "":
            raise TypeError("an item is not empty")
        self.item, self.parameters = item, parameters or {}


class Metric:
    def __init__(
        self,
        name: str,
        value: float,
        *,
        levels: tuple[float | None, float | None] | None = None,
        boundaries: tuple[float | None, float | None] | None = None,
    ) -> None:
        if not name or re.search(r"[ :/\\='\"]", name):
            raise TypeError(f"no name for a metric: {name!r}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"no value for a metric: {value!r}")
        self.name, self.value, self.levels, self.boundaries = name, value, levels, boundaries


class Result:
    def __init__(
        self,
        *,
        state: State,
        summary: str | None = None,
        notice: str | None = None,
        details: str | None = None,
    ) -> None:
        if not isinstance(state, State):
            raise TypeError(f"no state: {state!r}")
        if (summary is None) == (notice is None):
            raise TypeError("either a summary or a notice is wanted")
        if "" in (summary, notice, details) or "\n" in (summary or ""):
            raise ValueError("texts are not empty, and a summary is one line")
        self.state = state
        shown = notice if state is not State.OK else ""
        self.summary = summary if summary is not None else shown
        self.details = details or summary or notice


CheckResult = Iterable[Result | Metric]
DiscoveryResult = Iterable[Service]
HostLabelGenerator = Iterable[HostLabel]


def check_levels(
    value: float,
    *,
    levels_upper: LevelsT[NumberT] | None = None,
    levels_lower: LevelsT[NumberT] | None = None,
    metric_name: str | None = None,
    render_func: Callable[[float], str] | None = None,
    label: str | None = None,
    boundaries: tuple[float | None, float | None] | None = None,
    notice_only: bool = False,
) -> Iterable[Result | Metric]:
    show = render_func or "{:.2f}".format
    text = f"{label}: {show(value)}" if label else show(value)
    state = State.OK
    for levels, sign, word in ((levels_upper, 1, "at"), (levels_lower, -1, "below")):
        if levels is None or levels[0] == "no_levels":
            continue
        if levels[0] != "fixed":
            raise TypeError(f"no levels: {levels!r}")
        warn, crit = levels[1]
        # A value that is just at an upper level has reached it, and not fallen below a lower one.
        reached = [
            value * sign > level * sign or (sign > 0 and value == level) for level in (warn, crit)
        ]
        state = State.CRIT if reached[1] else State.WARN if reached[0] else state
        if any(reached):
            text += f" (warn/crit {word} {show(warn)}/{show(crit)})"
    yield Result(state=state, notice=text) if notice_only else Result(state=state, summary=text)
    if metric_name:
        fixed = levels_upper[1] if levels_upper and levels_upper[0] == "fixed" else None
        yield Metric(metric_name, value, levels=fixed, boundaries=boundaries)


def _require_arguments(function: Callable[..., object], *wanted: str) -> None:
    if list(inspect.signature(function).parameters) != list(wanted):
        raise TypeError(f"{function} takes {', '.join(wanted)}")


def _require_plugin_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ValueError(f"no name of a plug-in: {name!r}")


@dataclass(frozen=True, kw_only=True)
class AgentSection(Checked, Generic[SectionT]):
    name: str
    parse_function: Callable[[StringTable], SectionT | None]
    host_label_function: Callable[[SectionT], HostLabelGenerator] | None = None
    parsed_section_name: str | None = None
    supersedes: list[str] | None = None

    def __post_init__(self) -> None:
        _require_plugin_name(self.name)
        _require_arguments(self.parse_function, "string_table")
        if self.host_label_function is not None:
            _require_arguments(self.host_label_function, "section")


@dataclass(frozen=True, kw_only=True)
class CheckPlugin(Checked):
    name: str
    sections: list[str] | None = None
    service_name: str
    discovery_function: Callable[..., DiscoveryResult]
    discovery_default_parameters: Mapping[str, object] | None = None
    discovery_ruleset_name: str | None = None
    check_function: Callable[..., CheckResult]
    check_default_parameters: Mapping[str, object] | None = None
    check_ruleset_name: str | None = None
    cluster_check_function: Callable[..., CheckResult] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_plugin_name(self.name)
        item = ["item"] if "%s" in self.service_name else []
        params = [] if self.check_default_parameters is None else ["params"]
        _require_arguments(self.discovery_function, "section")
        _require_arguments(self.check_function, *item, *params, "section")
        if self.check_ruleset_name is not None and self.check_default_parameters is None:
            raise ValueError("a rule set needs default parameters")


_Value = Union[int, float, str, bool, None]


def _require_path(path: list[str]) -> None:
    if not isinstance(path, list) or not all(re.fullmatch(r"[\w-]+", part) for part in path):
        raise ValueError(f"no path in the inventory: {path!r}")


@dataclass(frozen=True, kw_only=True)
class Attributes(Checked):
    path: list[str]
    inventory_attributes: Mapping[str, _Value] | None = None
    status_attributes: Mapping[str, _Value] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_path(self.path)
        if set(self.inventory_attributes or {}).intersection(self.status_attributes or {}):
            raise ValueError("a key is there twice")


@dataclass(frozen=True, kw_only=True)
class TableRow(Checked):
    path: list[str]
    key_columns: Mapping[str, _Value]
    inventory_columns: Mapping[str, _Value] | None = None
    status_columns: Mapping[str, _Value] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_path(self.path)
        keys = [*self.key_columns, *(self.inventory_columns or {}), *(self.status_columns or {})]
        if not self.key_columns or len(set(keys)) < len(keys):
            raise ValueError(f"a row needs keys, each once: {keys!r}")


InventoryResult = Iterable[Attributes | TableRow]


@dataclass(frozen=True, kw_only=True)
class InventoryPlugin(Checked):
    name: str
    sections: Sequence[str] | None = None
    inventory_function: Callable[..., InventoryResult]
    inventory_default_parameters: Mapping[str, object] | None = None
    inventory_ruleset_name: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_plugin_name(self.name)
        _require_arguments(self.inventory_function, "section")
