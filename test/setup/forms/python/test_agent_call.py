"""What the server-side calls of special agents make of their forms."""

from cmk.server_side_calls.v1 import HostConfig, IPv4Config, Secret, SpecialAgentConfig
from cmk_addons.plugins.cmk_courier.server_side_calls.agents import (
    special_agent_cmk_courier_elasticsearch,
    special_agent_cmk_courier_netapp_ontap,
    special_agent_cmk_courier_switch_cli,
    special_agent_cmk_courier_vsphere,
)

HOST = HostConfig(
    name="web01",
    ipv4_config=IPv4Config(address="192.0.2.7"),
    macros={"$HOSTNAME$": "web01", "$_HOSTCA$": "../x"},
)
SECRET = Secret(1)
PASSWORD = ("password", SECRET)


def call(
    agent: SpecialAgentConfig[object], form: dict[str, object], host: HostConfig = HOST
) -> list[str | Secret]:
    (command,) = agent(form, host)
    assert command.stdin is None
    return list(command.command_arguments)


def test_a_password_is_a_reference_and_the_host_goes_along() -> None:
    form = {"user": "monitor-$HOSTNAME$", "secret": PASSWORD}
    assert call(special_agent_cmk_courier_vsphere, form) == [
        *["agent", "vsphere", "--host=web01", "--address=192.0.2.7", "--own-service=section"],
        *["--user=monitor-web01", "--secret-id", SECRET],
    ]


def test_each_kind_of_field_becomes_its_option() -> None:
    form = {
        "username": "me",
        "password": ("file", "~/etc/password"),
        "fetched_resources": ["node", "s3_buckets"],
        "port": 8443,
        "no_cert_check": True,
        "header": ["X-A: 1", "X-B: 2"],
        "family": "_4",
        "run_timeout": 50.5,
        "own_service": "local",
    }
    assert call(special_agent_cmk_courier_netapp_ontap, form)[4:] == [
        *["--own-service=local", "--username=me", "--password-file=~/etc/password"],
        *["--fetched-resources=node,s3_buckets", "--port=8443", "--no-cert-check"],
        *["--header=X-A: 1", "--header=X-B: 2", "--family=4", "--run-timeout=50.5s"],
    ]


def test_words_with_hyphens_have_them_again() -> None:
    form = {"user": "me", "secret": PASSWORD, "snapshot_names": "first_word"}
    assert call(special_agent_cmk_courier_vsphere, form)[-1] == "--snapshot-names=first-word"


def test_macros_in_a_path_lead_nowhere_else() -> None:
    form = {"hosts": ["{address}", "es2"], "ca": "~/etc/$_HOSTCA$.pem"}
    assert call(special_agent_cmk_courier_elasticsearch, form)[-3:] == [
        *["--hosts={address}", "--hosts=es2", "--ca=~/etc/___x.pem"],
    ]


def test_a_host_without_an_address_has_only_its_name() -> None:
    form = {"username": "me", "password": PASSWORD}
    assert call(special_agent_cmk_courier_switch_cli, form, HostConfig(name="sw1"))[:4] == [
        *["agent", "switch_cli", "--host=sw1", "--own-service=section"],
    ]
