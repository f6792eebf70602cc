"""How agent output came: the section that cmk-courier puts ahead of it with --report=section."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cmk.agent_based.v2 import (
    AgentSection,
    Attributes,
    check_levels,
    CheckPlugin,
    CheckResult,
    DiscoveryResult,
    HostLabel,
    HostLabelGenerator,
    InventoryPlugin,
    InventoryResult,
    LevelsT,
    Metric,
    render,
    Result,
    Service,
    State,
    StringTable,
    TableRow,
)


@dataclass(frozen=True)
class Grace:
    code: str
    text: str
    limit: float | None


@dataclass(frozen=True)
class Seal:
    key: str
    sequence: float | None
    days_left: float | None


@dataclass(frozen=True)
class Source:
    transport: str
    uri: str


@dataclass(frozen=True)
class Beside:
    """A source beside the chain: what it added, or why it added nothing."""

    transport: str
    uri: str
    age: float | None
    sections: float | None
    left: Sequence[str]
    losses: str
    fault: str


@dataclass(frozen=True)
class Report:
    """One fetch. What is not known, or came in another form, is None or empty."""

    courier: str
    makes_service: bool
    transport: str
    source: str
    produced_at: float | None
    age: float | None
    attempts: float | None
    duration: float | None
    size: float | None
    is_fallback: bool
    failed: Sequence[str]
    losses: str
    note: str
    grace: Grace | None
    seal: Seal | None
    path: Sequence[Source]
    beside: Sequence[Beside]


Section = Sequence[Report]

# A host may have several rules, and its output another report inside; nobody has more than a few.
_MOST_REPORTS = 8


def parse_cmk_courier(string_table: StringTable) -> Section:
    documents = (_read_json("".join(row)) for row in string_table[:_MOST_REPORTS])
    return [_parse_report(document) for document in documents if document]


def _read_json(text: str) -> Mapping[str, object]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return _mapping(document)


def _parse_report(document: Mapping[str, object]) -> Report:
    grace = _mapping(document.get("grace"))
    seal = _mapping(document.get("seal"))
    failed = [text for text in map(_text, _sequence(document.get("failed"))) if text]
    return Report(
        courier=_text(document.get("courier")),
        makes_service=document.get("service") != "local",
        transport=_text(document.get("transport")),
        source=_text(document.get("source")),
        produced_at=_number(document.get("produced_at")),
        age=_number(document.get("age")),
        attempts=_number(document.get("attempts")),
        duration=_number(document.get("duration")),
        size=_number(document.get("bytes")),
        is_fallback=bool(failed) and document.get("pick") != "freshest",
        failed=failed,
        losses=_text(document.get("losses")),
        note=_text(document.get("note")),
        grace=_parse_grace(grace) if grace else None,
        seal=_parse_seal(seal) if seal else None,
        path=[_parse_source(_mapping(source)) for source in _sequence(document.get("path"))],
        beside=[_parse_beside(_mapping(source)) for source in _sequence(document.get("with"))],
    )


def _parse_beside(source: Mapping[str, object]) -> Beside:
    fault = _mapping(source.get("fault"))
    text = _text(fault.get("text")) or "no reason is given"
    return Beside(
        transport=_text(source.get("transport")),
        uri=_text(source.get("source")),
        age=_number(source.get("age")),
        sections=_number(source.get("sections")),
        left=[name for name in map(_text, _sequence(source.get("left"))) if name],
        losses=_text(source.get("losses")),
        fault=f"{text} ({_text(fault.get('code')) or 'unknown fault'})" if fault else "",
    )


def _parse_grace(grace: Mapping[str, object]) -> Grace:
    return Grace(
        code=_text(grace.get("code")) or "unknown fault",
        text=_text(grace.get("text")) or "no reason is given",
        limit=_number(grace.get("limit")),
    )


def _parse_seal(seal: Mapping[str, object]) -> Seal:
    return Seal(
        key=_text(seal.get("key")) or "unknown",
        sequence=_number(seal.get("sequence")),
        days_left=_number(seal.get("days_left")),
    )


def _parse_source(source: Mapping[str, object]) -> Source:
    return Source(transport=_text(source.get("transport")), uri=_text(source.get("source")))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[object]:
    return value[:64] if isinstance(value, list) else []


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


def host_labels_cmk_courier(section: Section) -> HostLabelGenerator:
    """Labels on the way the output is meant to come, whichever source stood in this time.

    Labels:
        cmk-courier/transport:
            Set to the transport of the first source, such as https or ssh.
    """
    for report in section[:1]:
        for source in report.path[:1]:
            if source.transport.isascii() and source.transport.isidentifier():
                yield HostLabel("cmk-courier/transport", source.transport)


agent_section_cmk_courier = AgentSection(
    name="cmk_courier",
    parse_function=parse_cmk_courier,
    host_label_function=host_labels_cmk_courier,
)


def discover_cmk_courier(section: Section) -> DiscoveryResult:
    if any(report.makes_service for report in section):
        yield Service()


def check_cmk_courier(params: Mapping[str, object], section: Section) -> CheckResult:
    if not section:
        yield Result(state=State.UNKNOWN, summary="The report cannot be read")
        return
    now = time.time()
    oldest = max(section, key=lambda report: _age(report, now) or 0.0)
    for report in section:
        yield from _check_report(params, report, _age(report, now), has_metrics=report is oldest)


def _age(report: Report, now: float) -> float | None:
    """Of now: a report may have lain ready since the collector made it."""
    if report.produced_at is None:
        return report.age
    return max(0.0, now - report.produced_at)


def _check_report(
    params: Mapping[str, object], report: Report, age: float | None, *, has_metrics: bool
) -> CheckResult:
    where = " ".join(part for part in (report.transport, report.source) if part)
    yield Result(state=State.OK, summary=f"From {where or 'an unknown source'}")
    yield from _check_age(params, age, has_metrics=has_metrics)
    if report.grace:
        yield Result(
            state=_state(params, "state_grace"),
            summary=f"Older output stands in, every source failed: {report.grace.text} "
            f"({report.grace.code})",
        )
    if report.failed:
        failed = ", ".join(report.failed)
        if report.is_fallback:
            yield Result(state=_state(params, "state_fallback"), summary=f"Failed before: {failed}")
        else:
            yield Result(state=State.OK, notice=f"Failed: {failed}")
    if report.losses:
        yield Result(state=_state(params, "state_losses"), summary=report.losses)
    for beside in report.beside:
        yield from _check_beside(params, beside)
    if report.note:
        yield Result(state=State.OK, notice=f"Note: {report.note}")
    if report.seal:
        yield from _check_seal(params, report.seal)
    if has_metrics:
        yield from _check_effort(params, report)


def _check_beside(params: Mapping[str, object], beside: Beside) -> CheckResult:
    name = " ".join(part for part in (beside.transport, beside.uri) if part) or "an unknown source"
    if beside.fault:
        state = _state(params, "state_with")
        yield Result(state=state, summary=f"Without {name}: {beside.fault}")
        return
    age = "" if beside.age is None else f", {render.timespan(beside.age)} old"
    yield Result(state=State.OK, notice=f"With {beside.sections or 0:.0f} sections of {name}{age}")
    if beside.left:
        left = ", ".join(beside.left)
        state = _state(params, "state_with")
        yield Result(state=state, summary=f"Not added of {name}, being there already: {left}")
    if beside.losses:
        state = _state(params, "state_losses")
        yield Result(state=state, summary=f"{name}: {beside.losses}")


def _check_age(
    params: Mapping[str, object], age: float | None, *, has_metrics: bool
) -> CheckResult:
    if age is None:
        yield Result(state=_state(params, "state_unknown_age"), summary="Age: unknown")
        return
    yield from check_levels(
        age,
        levels_upper=_levels(params, "age"),
        metric_name="cmk_courier_age" if has_metrics else None,
        render_func=render.timespan,
        label="Age",
    )


def _check_effort(params: Mapping[str, object], report: Report) -> CheckResult:
    if report.duration is not None:
        yield from check_levels(
            report.duration,
            levels_upper=_levels(params, "duration"),
            metric_name="cmk_courier_duration",
            render_func=render.timespan,
            label="Duration of the fetch",
            notice_only=True,
        )
    if report.attempts is not None:
        yield Result(state=State.OK, notice=f"Sources asked: {report.attempts:.0f}")
        yield Metric("cmk_courier_attempts", report.attempts)
    if report.size is not None:
        yield Result(state=State.OK, notice=f"Size: {render.bytes(report.size)}")
        yield Metric("cmk_courier_bytes", report.size)


def _check_seal(params: Mapping[str, object], seal: Seal) -> CheckResult:
    sequence = "" if seal.sequence is None else f", number {seal.sequence:.0f}"
    yield Result(state=State.OK, notice=f"Sealed with the key {seal.key}{sequence}")
    if seal.days_left is not None and seal.days_left < 0:
        yield Result(state=State.CRIT, summary="The key of the seal has expired")
    elif seal.days_left is not None:
        yield from check_levels(
            seal.days_left * 86400.0,
            levels_lower=_levels(params, "seal_expires"),
            render_func=render.timespan,
            label="The key of the seal expires in",
            notice_only=True,
        )


def _state(params: Mapping[str, object], key: str) -> State:
    value = params.get(key)
    return State(value) if value in (0, 1, 2, 3) else State.WARN


def _levels(params: Mapping[str, object], key: str) -> LevelsT[float] | None:
    match params.get(key):
        case ("fixed", (int() | float() as warn, int() | float() as crit)):
            return "fixed", (float(warn), float(crit))
    return None


check_plugin_cmk_courier = CheckPlugin(
    name="cmk_courier",
    service_name="Agent courier",
    discovery_function=discover_cmk_courier,
    check_function=check_cmk_courier,
    check_default_parameters={
        "age": ("no_levels", None),
        "duration": ("no_levels", None),
        "seal_expires": ("fixed", (14 * 86400.0, 3 * 86400.0)),
        "state_fallback": 1,
        "state_grace": 1,
        "state_losses": 1,
        "state_with": 1,
        "state_unknown_age": 0,
    },
    check_ruleset_name="cmk_courier",
)


def inventorize_cmk_courier(section: Section) -> InventoryResult:
    node = ["software", "applications", "cmk_courier"]
    for report in section[:1]:
        yield Attributes(
            path=node,
            inventory_attributes={"version": report.courier},
            status_attributes={
                "transport": report.transport or None,
                "source": report.source or None,
                "grace": report.grace is not None,
            },
        )
    sources = [source for report in section for source in report.path]
    for position, source in enumerate(sources, start=1):
        yield TableRow(
            path=[*node, "sources"],
            key_columns={"position": position},
            inventory_columns={"transport": source.transport, "source": source.uri},
        )


inventory_plugin_cmk_courier = InventoryPlugin(
    name="cmk_courier",
    inventory_function=inventorize_cmk_courier,
)
