"""The service "Agent courier": each thing a report can say, from newer and older programs, too."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cmk.agent_based.v2 import Metric, Result, State
from cmk_addons.plugins.cmk_courier.agent_based import cmk_courier as plugin

NOW = 1_767_225_600.0

REPORT: Mapping[str, object] = {
    "version": 1,
    "courier": "1.2.3",
    "service": "section",
    "transport": "http",
    "source": "https://depot.example/web01",
    "produced_at": NOW - 12,
    "reported_at": NOW - 2,
    "age": 10,
    "attempts": 1,
    "duration": 0.25,
    "bytes": 30127,
    "pick": "first",
    "failed": [],
    "losses": None,
    "note": None,
    "grace": None,
    "seal": None,
    "path": [
        {"transport": "http", "source": "https://depot.example/web01"},
        {"transport": "file", "source": "file:///var/drops/web01"},
    ],
}


@pytest.fixture(autouse=True)
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.time, "time", lambda: NOW)


def parse(*reports: object) -> plugin.Section:
    return plugin.parse_cmk_courier([[json.dumps(report)] for report in reports])


def check(params: Mapping[str, object] | None = None, **changes: object) -> list[Any]:
    defaults = plugin.check_plugin_cmk_courier.check_default_parameters
    section = parse({**REPORT, **changes})
    return list(plugin.check_cmk_courier({**(defaults or {}), **(params or {})}, section))


def results(found: list[Any]) -> list[tuple[State, str]]:
    return [(one.state, one.summary) for one in found if isinstance(one, Result) and one.summary]


def metrics(found: list[Any]) -> Mapping[str, float]:
    return {one.name: one.value for one in found if isinstance(one, Metric)}


def worst(found: list[Any]) -> State:
    states = [one.state for one in found if isinstance(one, Result)]
    return max(states, key=lambda state: state.value)


def test_good_output_is_told_with_source_and_age_of_now() -> None:
    found = check()
    assert [summary for _, summary in results(found)] == [
        "From http https://depot.example/web01",
        "Age: 12 seconds",
    ]
    assert worst(found) is State.OK
    assert metrics(found) == {
        "cmk_courier_age": 12.0,
        "cmk_courier_duration": 0.25,
        "cmk_courier_attempts": 1.0,
        "cmk_courier_bytes": 30127.0,
    }


@pytest.mark.parametrize(
    ("warn", "crit", "state"), [(12, 60, "WARN"), (5, 10, "CRIT"), (13, 60, "OK")]
)
def test_age_has_levels(warn: float, crit: float, state: str) -> None:
    assert worst(check({"age": ("fixed", (warn, crit))})) is State[state]


def test_duration_has_levels() -> None:
    found = check({"duration": ("fixed", (0.2, 0.5))})
    assert worst(found) is State.WARN
    assert any(summary.startswith("Duration of the fetch: ") for _, summary in results(found))


def test_output_from_the_future_has_no_negative_age() -> None:
    assert metrics(check(produced_at=NOW + 30))["cmk_courier_age"] == 0.0


def test_without_a_moment_the_age_of_the_report_counts() -> None:
    assert metrics(check(produced_at=None))["cmk_courier_age"] == 10.0


@pytest.mark.parametrize(("value", "state"), [(0, State.OK), (2, State.CRIT), (3, State.UNKNOWN)])
def test_unknown_age_has_a_state(value: int, state: State) -> None:
    found = check({"state_unknown_age": value}, produced_at=None, age=None)
    assert (state, "Age: unknown") in results(found)
    assert "cmk_courier_age" not in metrics(found)


@pytest.mark.parametrize(("value", "state"), [(0, State.OK), (1, State.WARN), (2, State.CRIT)])
def test_a_source_that_stood_in_has_a_state(value: int, state: State) -> None:
    found = check({"state_fallback": value}, failed=["ssh UNREACHABLE", "http STALE"], attempts=3)
    assert (state, "Failed before: ssh UNREACHABLE, http STALE") in results(found)


def test_where_the_newest_counts_a_failed_source_is_only_told() -> None:
    found = check(failed=["ssh UNREACHABLE"], pick="freshest")
    assert worst(found) is State.OK
    assert "Failed: ssh UNREACHABLE" in [one.details for one in found if isinstance(one, Result)]


@pytest.mark.parametrize(("value", "state"), [(1, State.WARN), (2, State.CRIT)])
def test_grace_has_a_state(value: int, state: State) -> None:
    grace = {"code": "UNREACHABLE", "text": "http: connecting: refused", "limit": 1800}
    found = check({"state_grace": value}, grace=grace, transport=None, attempts=None, duration=None)
    text = "Older output stands in, every source failed: http: connecting: refused (UNREACHABLE)"
    assert (state, text) in results(found)
    assert set(metrics(found)) == {"cmk_courier_age", "cmk_courier_bytes"}


def test_losses_have_a_state_and_a_note_is_told() -> None:
    found = check({"state_losses": 2}, losses="2 losses on some sites", note="spool: has older")
    assert (State.CRIT, "2 losses on some sites") in results(found)
    assert "Note: spool: has older" in [one.details for one in found if isinstance(one, Result)]


@pytest.mark.parametrize(
    ("days", "state"), [(30, "OK"), (13, "WARN"), (2, "CRIT"), (-1, "CRIT"), (None, "OK")]
)
def test_a_seal_has_levels_for_its_key(days: float | None, state: str) -> None:
    found = check(seal={"key": "web", "sequence": 7, "produced_at": NOW, "days_left": days})
    assert worst(found) is State[state]
    texts = [one.details for one in found if isinstance(one, Result)]
    assert "Sealed with the key web, number 7" in texts


def test_what_newer_programs_say_more_is_ignored() -> None:
    found = check(version=99, weather={"x": [1]}, seal={"key": "k", "colour": "red"})
    assert worst(found) is State.OK


def test_what_older_programs_leave_out_is_unknown() -> None:
    section = parse({"source": "x"})
    params = plugin.check_plugin_cmk_courier.check_default_parameters
    found = list(plugin.check_cmk_courier(params or {}, section))
    assert results(found) == [(State.OK, "From x"), (State.OK, "Age: unknown")]


@pytest.mark.parametrize("value", [True, "12", [], {}, 1e300, float("nan"), None])
def test_values_of_another_form_are_unknown(value: object) -> None:
    found = check(
        produced_at=value, age=value, attempts=value, duration=value, bytes=value, failed=value
    )
    assert metrics(found) == {}


def test_texts_are_one_line_and_end_somewhere() -> None:
    found = check(source="a\nb\x00" + "x" * 5000, losses="l\nm", failed=["f\ng"])
    for _, summary in results(found):
        assert "\n" not in summary
        assert len(summary) < 600


def test_texts_hold_nothing_that_cannot_be_written_or_shown() -> None:
    """JSON may hold half of a character, which no check result can be sent with."""
    evil = "a\ud800b\x1b[31mc\u202ed\x00e"
    path = [{"transport": "http", "source": evil}]
    found = check(source=evil, failed=[evil], losses=evil, note=evil, path=path)
    for _state, summary in results(found):
        assert summary.isprintable()
        summary.encode()
    assert results(found)[0] == (State.OK, "From http a b [31mc d e")


def test_states_and_levels_of_another_form_count_as_the_usual_ones() -> None:
    found = check({"state_fallback": "x", "age": ("what", 1)}, failed=["http STALE"])
    assert worst(found) is State.WARN


@pytest.mark.parametrize("row", ["", "{", "[]", "null", "12", "[" * 100_000, '{"a":' * 5000])
def test_a_report_that_cannot_be_read_is_told(row: str) -> None:
    section = plugin.parse_cmk_courier([[row]])
    assert section == []
    found = list(plugin.check_cmk_courier({}, section))
    assert results(found) == [(State.UNKNOWN, "The report cannot be read")]
    assert list(plugin.discover_cmk_courier(section)) == []


def test_several_reports_are_all_told_and_the_oldest_has_the_metrics() -> None:
    section = parse(REPORT, {**REPORT, "source": "inner", "produced_at": NOW - 500})
    params = plugin.check_plugin_cmk_courier.check_default_parameters
    found = list(plugin.check_cmk_courier(params or {}, section))
    assert [text for _, text in results(found) if text.startswith("From")] == [
        "From http https://depot.example/web01",
        "From http inner",
    ]
    assert metrics(found)["cmk_courier_age"] == 500.0
    assert len([one for one in found if isinstance(one, Metric)]) == 4


def test_more_reports_than_anybody_has_are_left_out() -> None:
    assert len(parse(*[REPORT] * 100)) == 8


def test_one_service_is_discovered_unless_a_local_check_makes_it() -> None:
    assert len(list(plugin.discover_cmk_courier(parse(REPORT)))) == 1
    assert list(plugin.discover_cmk_courier(parse({**REPORT, "service": "local"}))) == []
    assert len(list(plugin.discover_cmk_courier(parse({"service": "local"}, REPORT)))) == 1


def test_the_label_is_the_way_that_is_meant_whatever_came() -> None:
    section = parse({**REPORT, "transport": "file", "failed": ["http STALE"]})
    (label,) = plugin.host_labels_cmk_courier(section)
    assert (label.name, label.value) == ("cmk-courier/transport", "http")


@pytest.mark.parametrize("transport", ["", "a b", "../x", "$(id)", "x:y", "ü"])
def test_a_host_does_not_choose_any_label(transport: str) -> None:
    section = parse({**REPORT, "path": [{"transport": transport}]})
    assert list(plugin.host_labels_cmk_courier(section)) == []


def test_the_inventory_has_the_way() -> None:
    node, *rows = plugin.inventorize_cmk_courier(parse(REPORT))
    assert node.path == ["software", "applications", "cmk_courier"]
    assert node.inventory_attributes == {"version": "1.2.3"}
    assert [(row.key_columns, row.inventory_columns) for row in rows] == [
        ({"position": 1}, {"transport": "http", "source": "https://depot.example/web01"}),
        ({"position": 2}, {"transport": "file", "source": "file:///var/drops/web01"}),
    ]
    assert list(plugin.inventorize_cmk_courier([])) == []


@pytest.mark.parametrize(("value", "state"), [(0, State.OK), (1, State.WARN), (2, State.CRIT)])
def test_sections_of_a_further_source_that_are_missing_have_a_state(
    value: int, state: State
) -> None:
    source = {"transport": "agent", "source": "agent:vsphere", "sections": 3, "age": 12.0}
    fault = {"code": "TIMEOUT", "text": "no output within 20s"}
    found = check({"state_with": value}, **{"with": [source, {**source, "fault": fault}]})
    assert (state, "Without agent agent:vsphere: no output within 20s (TIMEOUT)") in results(found)
    details = [one.details for one in found if isinstance(one, Result)]
    assert "With 3 sections of agent agent:vsphere, 12 seconds old" in details
    found = check({"state_with": value}, **{"with": [{**source, "left": ["df", "mem"]}]})
    text = "Not added of agent agent:vsphere, being there already: df, mem"
    assert (state, text) in results(found)
