"""What the server-side call makes of a form."""

from collections.abc import Mapping

import pytest
from cmk.server_side_calls.v1 import HostConfig, IPv4Config, IPv6Config, Secret
from cmk_addons.plugins.cmk_courier.server_side_calls.special_agent import (
    special_agent_cmk_courier,
)

MACROS = {
    "$HOSTNAME$": "web01",
    "$HOSTADDRESS$": "2001:db8::7",
    "$_HOSTTAGS$": "/wato/ prod lan",
    "$_HOSTLABEL_x$": "../../etc/shadow?a=b&c#d {host}",
}
HOST = HostConfig(name="web01", ipv4_config=IPv4Config(address="192.0.2.7"), macros=MACROS)


def call(way: object, host: HostConfig = HOST) -> list[str | Secret]:
    (command,) = special_agent_cmk_courier({"way": way}, host)
    assert command.stdin is None
    return list(command.command_arguments)


def sources(*some: tuple[str, Mapping[str, object]], **rules: object) -> list[str | Secret]:
    return call(("sources", {"sources": list(some), **rules}))


def test_a_chain_has_its_rules_first_and_each_source_its_own_options() -> None:
    secret = Secret(1)
    arguments = sources(
        ("http", {"source": "https://a/{host}", "user": "me", "password": ("password", secret)}),
        ("http", {"source": "https://b/{host}", "token": ("file", "~/etc/token"), "family": "_4"}),
        ("spool", {"source": "spool:"}),
        max_age=("limit", 90.0),
        deadline=30,
        max_size=1024,
        lenient=True,
        piggyback=("hosts", ["db-*", "vm?"]),
        sections=["!df", "lnx_*"],
        grace=0.25,
        report="both",
    )
    assert arguments == [
        *["fetch", "--host=web01", "--address=192.0.2.7", "--report=both", "--max-age=90s"],
        *["--deadline=30s", "--max-size=1024", "--lenient", "--piggyback=db-*"],
        *["--piggyback=vm?", "--sections=!df", "--sections=lnx_*", "--grace=0.25s"],
        *["--or", "https://a/{host}", "--user=me", "--password-id", secret],
        *["--or", "https://b/{host}", "--token-file=~/etc/token", "--family=4"],
        *["--or", "spool:"],
    ]


def test_the_report_is_a_section_unless_another_is_asked_for() -> None:
    assert "--report=section" in sources(("spool", {"source": "spool:"}))
    assert "--report=none" in sources(("spool", {"source": "spool:"}), report="none")


def test_any_age_and_a_switch_that_is_off() -> None:
    arguments = sources(("spool", {"source": "spool:"}), max_age=("unlimited", None), strict=False)
    assert arguments[3:5] == ["--report=section", "--max-age=unlimited"]


def test_routes_and_what_is_ready_get_the_tags() -> None:
    assert call(("routes", {})) == [
        *["fetch", "--host=web01", "--address=192.0.2.7", "--tags=/wato/ prod lan"]
    ]
    assert call(("ready", {"routes": "/r.yaml", "spool": "/s"})) == [
        *["ready", "web01", "--address=192.0.2.7", "--tags=/wato/ prod lan"],
        *["--routes=/r.yaml", "--spool=/s"],
    ]


def test_tags_are_found_by_their_other_macro_as_well() -> None:
    host = HostConfig(name="web01", macros={"$HOST_TAGS$": "prod"})
    assert call(("routes", {}), host) == ["fetch", "--host=web01", "--tags=prod"]


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        (HostConfig(name="web01"), ["fetch", "--host=web01"]),
        (HostConfig(name="web01", ipv4_config=IPv4Config(address=None)), ["fetch", "--host=web01"]),
        (
            HostConfig(name="web01", ipv6_config=IPv6Config(address="2001:db8::7")),
            ["fetch", "--host=web01", "--address=2001:db8::7"],
        ),
    ],
)
def test_a_host_may_have_no_address(host: HostConfig, wanted: list[str]) -> None:
    if host.ipv6_config is not None:
        host = HostConfig(name="web01", ipv4_config=None, ipv6_config=host.ipv6_config)
        host = _with_primary_ipv6(host)
    assert call(("routes", {}), host) == wanted


def _with_primary_ipv6(host: HostConfig) -> HostConfig:
    """Checkmk's own class is told which family comes first; a stand-in finds out."""
    try:
        from cmk.server_side_calls.v1 import IPAddressFamily  # noqa: PLC0415
    except ImportError:
        return host
    return HostConfig(
        name=host.name, ipv6_config=host.ipv6_config, primary_family=IPAddressFamily.IPV6
    )


def test_macros_of_name_and_address_are_left_to_the_program() -> None:
    arguments = sources(("http", {"source": "https://$HOSTADDRESS$/$HOSTNAME$"}))
    assert arguments[-1] == "https://{address}/{host}"


def test_a_macro_leads_nowhere_else() -> None:
    arguments = sources(
        (
            "http",
            {
                "source": "https://depot/$_HOSTLABEL_x$",
                "ca": "~/etc/$_HOSTLABEL_x$.pem",
                "header": ["X-Label: $_HOSTLABEL_x$"],
                "proxy": "http://$_HOSTLABEL_x$",
            },
        )
    )
    assert arguments[-4:] == [
        "https://depot/______etc_shadow%3Fa%3Db%26c%23d%20%7Bhost%7D",
        "--ca=~/etc/______etc_shadow?a=b&c#d {host}.pem",
        "--header=X-Label: ../../etc/shadow?a=b&c#d {host}",
        "--proxy=http://$_HOSTLABEL_x$",
    ]


def test_what_a_newer_form_has_more_is_told_by_the_program() -> None:
    assert sources(("spool", {"source": "spool:", "new_thing": "x"}))[-1] == "--new-thing=x"


def test_further_sources_stand_behind_with() -> None:
    arguments = sources(
        ("tcp", {"source": "tcp://{address}"}),
        further=[("exec", {"source": "exec:/bin/more", "timeout": 20.0})],
        deadline=30,
    )
    assert arguments == [
        *["fetch", "--host=web01", "--address=192.0.2.7", "--report=section", "--deadline=30s"],
        *["--or", "tcp://{address}", "--with", "exec:/bin/more", "--timeout=20s"],
    ]
