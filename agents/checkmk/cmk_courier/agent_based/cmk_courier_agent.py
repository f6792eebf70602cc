"""What a special agent of cmk-courier says of its own run: the section cmk_courier_agent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cmk.agent_based.v2 import (
    AgentSection,
    CheckPlugin,
    CheckResult,
    DiscoveryResult,
    Metric,
    Result,
    Service,
    State,
    StringTable,
)


@dataclass(frozen=True)
class Fault:
    part: str
    code: str
    message: str


@dataclass(frozen=True)
class Run:
    """One agent. A host may have several."""

    makes_service: bool
    sections: float | None
    requests: float | None
    duration: float | None
    faults: Sequence[Fault]


Section = Mapping[str, Run]

_MOST_LINES = 10000
_MOST_AGENTS = 32
_MOST_SHOWN = 20


def parse_cmk_courier_agent(string_table: StringTable) -> Section:
    documents = [_read_json("".join(row)) for row in string_table[:_MOST_LINES]]
    runs = [document for document in documents if "sections" in document and _name(document)]
    faults = [document for document in documents if "code" in document]
    return {
        _name(run): Run(
            makes_service=run.get("service") == "section",
            sections=_number(run.get("sections")),
            requests=_number(run.get("requests")),
            duration=_number(run.get("duration")),
            faults=[_parse_fault(fault) for fault in faults if _name(fault) == _name(run)],
        )
        for run in runs[:_MOST_AGENTS]
    }


def _read_json(text: str) -> Mapping[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _name(document: Mapping[str, object]) -> str:
    return _text(document.get("agent"))


def _parse_fault(document: Mapping[str, object]) -> Fault:
    kind = "section" if "section" in document else "step"
    return Fault(
        part=f"{kind} {_text(document.get(kind))}",
        code=_text(document.get("code")),
        message=_text(document.get("message")) or "no reason is given",
    )


def _text(value: object) -> str:
    """One line that fits into a summary, and that any encoding and terminal can take."""
    if not isinstance(value, str):
        return ""
    shown = "".join(char if char.isprintable() else " " for char in value[:2000])
    return " ".join(shown.split())[:500]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


agent_section_cmk_courier_agent = AgentSection(
    name="cmk_courier_agent",
    parse_function=parse_cmk_courier_agent,
)


def discover_cmk_courier_agent(section: Section) -> DiscoveryResult:
    for name, run in section.items():
        if run.makes_service:
            yield Service(item=name)


def check_cmk_courier_agent(item: str, section: Section) -> CheckResult:
    run = section.get(item)
    if run is None:
        return
    if not run.faults:
        yield Result(state=State.OK, summary=_describe(run))
    for fault in run.faults[:_MOST_SHOWN]:
        yield Result(state=State.WARN, summary=f"{fault.part}: {fault.message} ({fault.code})")
    if len(run.faults) > _MOST_SHOWN:
        yield Result(state=State.WARN, summary=f"and {len(run.faults) - _MOST_SHOWN} more")
    if run.duration is not None:
        yield Metric("cmk_courier_duration", run.duration)
    if run.requests is not None:
        yield Metric("cmk_courier_agent_requests", run.requests)
    yield Metric("cmk_courier_agent_faults", float(len(run.faults)))


def _describe(run: Run) -> str:
    counts = [(run.sections, "section"), (run.requests, "request")]
    told = [
        f"{number:.0f} {what}{'' if number == 1 else 's'}"
        for number, what in counts
        if number is not None
    ]
    return ", ".join(told) or "Everything came"


check_plugin_cmk_courier_agent = CheckPlugin(
    name="cmk_courier_agent",
    service_name="Agent %s",
    discovery_function=discover_cmk_courier_agent,
    check_function=check_cmk_courier_agent,
)
