# Written by `npm run docs` from the options of the program: changes belong there.
"""The command lines for the rules of special agents."""

from collections.abc import Callable, Iterable, Mapping

from cmk.server_side_calls.v1 import (
    HostConfig,
    noop_parser,
    SpecialAgentCommand,
    SpecialAgentConfig,
)

from .. import arguments

_Commands = Callable[[Mapping[str, object], HostConfig], Iterable[SpecialAgentCommand]]

# What means the same in every form that has it.
_SHARED: Mapping[str, arguments.Kind] = {
    "hostname": arguments.text,
    "user": arguments.text_with_macros,
    "password": arguments.secret,
    "port": arguments.number,
    "no_cert_check": arguments.switch,
    "header": arguments.each(arguments.text_with_macros),
    "header_file": arguments.each(arguments.path),
    "cert": arguments.path,
    "key": arguments.path,
    "key_password": arguments.secret,
    "ca": arguments.path,
    "tls_pin": arguments.each(arguments.text),
    "tls_server_name": arguments.text,
    "proxy": arguments.text,
    "proxy_password": arguments.secret,
    "redirects": arguments.number,
    "require_length": arguments.switch,
    "family": arguments.choice,
    "connect_timeout": arguments.duration,
    "header_timeout": arguments.duration,
    "idle_timeout": arguments.duration,
    "run_timeout": arguments.duration,
    "own_service": arguments.choice,
    "secret": arguments.secret,
    "username": arguments.text_with_macros,
    "cert_server_name": arguments.text,
}

_AGENTS: Mapping[str, Mapping[str, arguments.Kind]] = {
    "3par": {
        **_SHARED,
        "values": arguments.choices,
    },
    "elasticsearch": {
        **_SHARED,
        "hosts": arguments.each(arguments.text),
        "proto": arguments.choice,
        "cluster_health": arguments.switch,
        "nodes": arguments.switch,
        "stat": arguments.each(arguments.text),
    },
    "netapp_ontap": {
        **_SHARED,
        "fetched_resources": arguments.choices,
    },
    "switch_cli": {
        **_SHARED,
        "not_connected": arguments.number,
    },
    "vsphere": {
        **_SHARED,
        "server": arguments.text,
        "modules": arguments.choices,
        "direct": arguments.switch,
        "skip_placeholder_vm": arguments.switch,
        "spaces": arguments.choice,
        "vm_piggyname": arguments.choice,
        "vm_pwr_display": arguments.choice,
        "host_pwr_display": arguments.choice,
        "snapshots_on_host": arguments.switch,
        "snapshot_names": arguments.hyphened_choice,
        "timeout": arguments.duration,
        "piggyback_hosts": arguments.each(arguments.text),
    },
}


def _commands_for(name: str) -> _Commands:
    def commands(
        params: Mapping[str, object], host_config: HostConfig
    ) -> Iterable[SpecialAgentCommand]:
        yield SpecialAgentCommand(command_arguments=list(_call(name, params, host_config)))

    return commands


def _call(
    name: str, form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    yield "agent"
    yield name
    yield from arguments.of_host(host_config)
    # The package is there, and makes the service.
    filled: Mapping[str, object] = {"own_service": "section", **form}
    yield from arguments.render(filled, _AGENTS[name], host_config.macros)


special_agent_cmk_courier_3par = SpecialAgentConfig(
    name="cmk_courier_3par",
    parameter_parser=noop_parser,
    commands_function=_commands_for("3par"),
)

special_agent_cmk_courier_elasticsearch = SpecialAgentConfig(
    name="cmk_courier_elasticsearch",
    parameter_parser=noop_parser,
    commands_function=_commands_for("elasticsearch"),
)

special_agent_cmk_courier_netapp_ontap = SpecialAgentConfig(
    name="cmk_courier_netapp_ontap",
    parameter_parser=noop_parser,
    commands_function=_commands_for("netapp_ontap"),
)

special_agent_cmk_courier_switch_cli = SpecialAgentConfig(
    name="cmk_courier_switch_cli",
    parameter_parser=noop_parser,
    commands_function=_commands_for("switch_cli"),
)

special_agent_cmk_courier_vsphere = SpecialAgentConfig(
    name="cmk_courier_vsphere",
    parameter_parser=noop_parser,
    commands_function=_commands_for("vsphere"),
)
