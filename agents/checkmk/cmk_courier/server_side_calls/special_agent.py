# Written by `npm run docs` from the options of the program: changes belong there.
"""The command line for the rule "Agent courier"."""

from collections.abc import Iterable, Mapping

from cmk.server_side_calls.v1 import (
    HostConfig,
    noop_parser,
    SpecialAgentCommand,
    SpecialAgentConfig,
)

from .. import arguments

_SOURCES: Mapping[str, Mapping[str, arguments.Kind]] = {
    "http": {
        "user": arguments.text_with_macros,
        "password": arguments.secret,
        "token": arguments.secret,
        "header": arguments.each(arguments.text_with_macros),
        "header_file": arguments.each(arguments.path),
        "cert": arguments.path,
        "key": arguments.path,
        "key_password": arguments.secret,
        "ca": arguments.path,
        "tls_pin": arguments.each(arguments.text),
        "tls_server_name": arguments.text,
        "insecure": arguments.switch,
        "proxy": arguments.text,
        "proxy_password": arguments.secret,
        "redirects": arguments.number,
        "require_length": arguments.switch,
        "family": arguments.choice,
        "connect_timeout": arguments.duration,
        "header_timeout": arguments.duration,
        "idle_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "file": {
        "require_sha256": arguments.switch,
        "timeout": arguments.duration,
    },
    "rsync": {
        "ssh_key": arguments.path,
        "password": arguments.secret,
        "known_hosts": arguments.path,
        "proxy_jump": arguments.text,
        "multiplex": arguments.duration,
        "connect_timeout": arguments.duration,
        "ssh_legacy": arguments.switch,
        "ssh_kex": arguments.text,
        "ssh_host_keys": arguments.text,
        "ssh_ciphers": arguments.text,
        "ssh_macs": arguments.text,
        "rsync_path": arguments.text,
        "idle_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "tcp": {
        "policy": arguments.choice,
        "uuid": arguments.text,
        "treat_as_unregistered": arguments.switch,
        "site_cert": arguments.path,
        "agent_ca": arguments.path,
        "receiver_state": arguments.path,
        "receiver_certificates": arguments.path,
        "passphrase": arguments.secret,
        "connect_timeout": arguments.duration,
        "marker_timeout": arguments.duration,
        "handshake_timeout": arguments.duration,
        "idle_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "ssh": {
        "ssh_key": arguments.path,
        "password": arguments.secret,
        "known_hosts": arguments.path,
        "proxy_jump": arguments.text,
        "multiplex": arguments.duration,
        "connect_timeout": arguments.duration,
        "ssh_legacy": arguments.switch,
        "ssh_kex": arguments.text,
        "ssh_host_keys": arguments.text,
        "ssh_ciphers": arguments.text,
        "ssh_macs": arguments.text,
        "timeout": arguments.duration,
    },
    "sftp": {
        "ssh_key": arguments.path,
        "password": arguments.secret,
        "known_hosts": arguments.path,
        "proxy_jump": arguments.text,
        "multiplex": arguments.duration,
        "connect_timeout": arguments.duration,
        "ssh_legacy": arguments.switch,
        "ssh_kex": arguments.text,
        "ssh_host_keys": arguments.text,
        "ssh_ciphers": arguments.text,
        "ssh_macs": arguments.text,
        "timeout": arguments.duration,
    },
    "imap": {
        "user": arguments.text_with_macros,
        "password": arguments.secret,
        "oauth_token": arguments.secret,
        "mail_from": arguments.text_with_macros,
        "mail_subject": arguments.text_with_macros,
        "mail_to": arguments.text_with_macros,
        "mail_older": arguments.text,
        "ca": arguments.path,
        "allow_plaintext": arguments.switch,
        "connect_timeout": arguments.duration,
        "idle_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "maildir": {
        "mail_from": arguments.text_with_macros,
        "mail_subject": arguments.text_with_macros,
        "mail_to": arguments.text_with_macros,
        "mail_older": arguments.text,
        "timeout": arguments.duration,
    },
    "mqtt": {
        "user": arguments.text_with_macros,
        "password": arguments.secret,
        "cert": arguments.path,
        "key": arguments.path,
        "key_password": arguments.secret,
        "ca": arguments.path,
        "tls_pin": arguments.each(arguments.text),
        "tls_server_name": arguments.text,
        "insecure": arguments.switch,
        "mqtt_version": arguments.choice,
        "mqtt_wait": arguments.duration,
        "client_id_prefix": arguments.text,
        "connect_timeout": arguments.duration,
        "idle_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "spool": {
        "timeout": arguments.duration,
    },
    "nats": {
        "stream": arguments.text,
        "leader": arguments.switch,
        "user": arguments.text_with_macros,
        "password": arguments.secret,
        "token": arguments.secret,
        "nkey": arguments.secret,
        "credentials": arguments.secret,
        "cert": arguments.path,
        "key": arguments.path,
        "key_password": arguments.secret,
        "ca": arguments.path,
        "tls_pin": arguments.each(arguments.text),
        "tls_server_name": arguments.text,
        "insecure": arguments.switch,
        "tls_first": arguments.switch,
        "allow_plaintext": arguments.switch,
        "connect_timeout": arguments.duration,
        "answer_timeout": arguments.duration,
        "timeout": arguments.duration,
    },
    "exec": {
        "stdin": arguments.secret,
        "timeout": arguments.duration,
    },
    "agent": {
        "run_timeout": arguments.duration,
        "own_service": arguments.choice,
        "timeout": arguments.duration,
    },
}

_RULES: Mapping[str, arguments.Kind] = {
    "deadline": arguments.duration,
    "timeout": arguments.duration,
    "max_age": arguments.duration_or_unlimited,
    "max_skew": arguments.duration,
    "max_size": arguments.number,
    "passphrase": arguments.secret,
    "pick": arguments.choice,
    "grace": arguments.duration,
    "report": arguments.choice,
    "seal": arguments.choice,
    "lenient": arguments.switch,
    "strict": arguments.switch,
    "piggyback": arguments.piggyback,
    "sections": arguments.each(arguments.text),
    "spool": arguments.path,
}

_ROUTES: Mapping[str, arguments.Kind] = {
    "routes": arguments.path,
    "spool": arguments.path,
}


def _commands(
    params: Mapping[str, object], host_config: HostConfig
) -> Iterable[SpecialAgentCommand]:
    match params.get("way"):
        case ("sources", form):
            call = _by_sources(arguments.mapping(form), host_config)
        case ("ready", form):
            call = _as_ready(arguments.mapping(form), host_config)
        case (_, form):
            call = _by_routes(arguments.mapping(form), host_config)
        case _:
            call = _by_routes({}, host_config)
    yield SpecialAgentCommand(command_arguments=list(call))


def _by_sources(
    form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    macros = host_config.macros
    rules = {key: value for key, value in form.items() if key not in ("sources", "further")}
    yield "fetch"
    yield from arguments.of_host(host_config)
    yield from arguments.render({"report": "section", **rules}, _RULES, macros)
    for mark, key in (("--or", "sources"), ("--with", "further")):
        sources = form.get(key)
        for source in sources if isinstance(sources, list) else []:
            yield mark
            yield from _source(source, macros)


def _source(
    source: tuple[str, Mapping[str, object]], macros: Mapping[str, str]
) -> Iterable[arguments.Argument]:
    name, fields = source
    yield arguments.source(fields["source"], macros)
    others = {key: value for key, value in fields.items() if key != "source"}
    yield from arguments.render(others, _SOURCES.get(name, {}), macros)


def _by_routes(form: Mapping[str, object], host_config: HostConfig) -> Iterable[arguments.Argument]:
    yield "fetch"
    yield from arguments.of_host(host_config)
    yield from _options_of_routes(form, host_config)


def _as_ready(form: Mapping[str, object], host_config: HostConfig) -> Iterable[arguments.Argument]:
    yield "ready"
    yield host_config.name
    if address := arguments.address_of(host_config):
        yield f"--address={address}"
    yield from _options_of_routes(form, host_config)


def _options_of_routes(
    form: Mapping[str, object], host_config: HostConfig
) -> Iterable[arguments.Argument]:
    yield from arguments.tags_of(host_config)
    yield from arguments.render(form, _ROUTES, host_config.macros)


special_agent_cmk_courier = SpecialAgentConfig(
    name="cmk_courier",
    parameter_parser=noop_parser,
    commands_function=_commands,
)
