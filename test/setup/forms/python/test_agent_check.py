"""The service "Agent NAME" of special agents, from what an agent says of its run."""

import json
from typing import Any

from cmk.agent_based.v2 import Metric, Result, State
from cmk_addons.plugins.cmk_courier.agent_based import cmk_courier_agent as plugin

RUN = {
    "agent": "array",
    "service": "section",
    "sections": 3,
    "faults": 0,
    "requests": 6,
    "duration": 0.5,
}
FAULT = {"agent": "array", "step": "disks", "code": "PEER", "message": "the peer answered 500"}


def parse(*lines: object) -> plugin.Section:
    return plugin.parse_cmk_courier_agent([[json.dumps(line)] for line in lines])


def told(found: list[Any]) -> list[tuple[State, str]]:
    return [(one.state, one.summary) for one in found if isinstance(one, Result)]


def test_a_service_is_there_for_each_agent_that_leaves_it_to_us() -> None:
    section = parse(RUN, {**RUN, "agent": "switch"}, {**RUN, "agent": "other", "service": "local"})
    found = list(plugin.discover_cmk_courier_agent(section))
    assert [service.item for service in found] == ["array", "switch"]


def test_a_run_without_faults_is_told_in_numbers() -> None:
    found = list(plugin.check_cmk_courier_agent("array", parse(RUN)))
    assert told(found) == [(State.OK, "3 sections, 6 requests")]
    metrics = {one.name: one.value for one in found if isinstance(one, Metric)}
    assert metrics == {
        "cmk_courier_duration": 0.5,
        "cmk_courier_agent_requests": 6.0,
        "cmk_courier_agent_faults": 0.0,
    }


def test_each_part_that_failed_is_told_with_its_reason() -> None:
    other = {"agent": "switch", "section": "x", "code": "PEER", "message": "of another agent"}
    found = list(plugin.check_cmk_courier_agent("array", parse(RUN, FAULT, other)))
    assert told(found) == [(State.WARN, "step disks: the peer answered 500 (PEER)")]


def test_of_very_many_faults_the_first_are_told() -> None:
    found = list(plugin.check_cmk_courier_agent("array", parse(RUN, *[FAULT] * 25)))
    assert len(told(found)) == 21
    assert told(found)[-1] == (State.WARN, "and 5 more")


def test_what_is_no_report_breaks_nothing() -> None:
    lines = [["{"], ["[]"], ["null"], [""], ['{"agent": 5, "sections": []}'], [json.dumps(FAULT)]]
    assert plugin.parse_cmk_courier_agent(lines) == {}
    odd = parse({**RUN, "requests": "many", "duration": True, "sections": None})
    found = list(plugin.check_cmk_courier_agent("array", odd))
    assert told(found) == [(State.OK, "Everything came")]
    assert list(plugin.check_cmk_courier_agent("gone", odd)) == []
