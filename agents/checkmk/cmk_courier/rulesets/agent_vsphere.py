# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule for the special agent vsphere."""

from cmk.rulesets.v1 import Help, Message, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import agent_fields, checks, fields


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "server": fields.text(
                Title("Server"),
                Help(
                    "vCenter or ESXi host; by default the address of the host, without one its "
                    "name."
                ),
                agent_fields.WHICH_SYSTEM,
                checks.server,
                "vcenter.example",
            ),
            "port": fields.number(
                Title("Port"),
                Help("Its port."),
                agent_fields.WHICH_SYSTEM,
                (1, 65535),
                443,
            ),
            "user": fields.text(
                Title("User"),
                Help("User who may read, such as monitor@vsphere.local."),
                agent_fields.LOGIN,
                checks.user,
                "monitoring",
                macros=True,
                required=True,
            ),
            "secret": fields.secret(
                Title("Password"),
                Help("The password of “User”."),
                agent_fields.LOGIN,
                required=True,
            ),
            "modules": fields.choices(
                Title("What is asked for"),
                Help("What to ask for beside what the others need."),
                agent_fields.WHAT_IS_ASKED_FOR,
                [
                    ("hostsystem", Title("Hostsystem")),
                    ("virtualmachine", Title("Virtualmachine")),
                    ("datastore", Title("Datastore")),
                    ("counters", Title("Counters")),
                    ("licenses", Title("Licenses")),
                ],
            ),
            "direct": fields.switch(
                Title("One ESXi host"),
                Help(
                    "The one ESXi host is asked itself: its sections are its own, not piggybacked."
                ),
                agent_fields.WHICH_SYSTEM,
            ),
            "hostname": fields.text(
                Title("Name of the ESXi host"),
                Help("With “One ESXi host”: the host's name among the power states."),
                agent_fields.WHICH_SYSTEM,
                checks.one_line,
                "esx1.example",
            ),
            "skip_placeholder_vm": fields.switch(
                Title("Leave out placeholders"),
                Help("Leave out virtual machines without any disk."),
                agent_fields.HOSTS_AND_THEIR_STATES,
            ),
            "spaces": fields.choice(
                Title("Names with blanks"),
                Help(
                    "Names with blanks as hosts: the first word alone, or underscores for the "
                    "blanks."
                ),
                agent_fields.HOSTS_AND_THEIR_STATES,
                [
                    ("cut", Title("The first word alone")),
                    ("underscore", Title("With underscores for the blanks")),
                ],
                "underscore",
            ),
            "vm_piggyname": fields.choice(
                Title("Names of virtual machines"),
                Help(
                    "Virtual machines are hosts by their name in the inventory, or by what the "
                    "guest says."
                ),
                agent_fields.HOSTS_AND_THEIR_STATES,
                [
                    ("alias", Title("Their name in the inventory")),
                    ("hostname", Title("What the guest calls itself")),
                ],
                "alias",
            ),
            "vm_pwr_display": fields.choice(
                Title("Power states of virtual machines"),
                Help(
                    "Where the power state of a machine is shown beside the host that is asked: by "
                    "itself, or by its ESXi host."
                ),
                agent_fields.HOSTS_AND_THEIR_STATES,
                [
                    ("vm", Title("By the virtual machine")),
                    ("esxhost", Title("By the ESXi host")),
                    ("host", Title("By the host asked")),
                ],
                "host",
            ),
            "host_pwr_display": fields.choice(
                Title("Power states of ESXi hosts"),
                Help(
                    "Where the power state of an ESXi host is shown: by its machines in place of "
                    "the host that is asked, or by itself as well."
                ),
                agent_fields.HOSTS_AND_THEIR_STATES,
                [
                    ("vm", Title("By the virtual machine")),
                    ("esxhost", Title("By the ESXi host")),
                    ("host", Title("By the host asked")),
                ],
                "host",
            ),
            "snapshots_on_host": fields.switch(
                Title("Snapshots of an ESXi host"),
                Help("With “One ESXi host”: the summary of snapshots as well."),
                agent_fields.HOSTS_AND_THEIR_STATES,
            ),
            "snapshot_names": fields.choice(
                Title("Machines among the snapshots"),
                Help(
                    "Machines in the summary of snapshots: as the shipped agent names them, or "
                    "whole."
                ),
                agent_fields.HOSTS_AND_THEIR_STATES,
                [
                    ("first_word", Title("The first word alone, as the agent of Checkmk has it")),
                    ("whole", Title("The whole name")),
                ],
                "first_word",
            ),
            "timeout": fields.duration(
                Title("Silence of the server"),
                Help("How long the server may be silent."),
                agent_fields.TIME,
                60.0,
            ),
            "no_cert_check": fields.switch(
                Title("Accept any certificate"),
                Help("Accept any certificate; only “Pins of the public key” is still checked."),
                agent_fields.ENCRYPTION,
            ),
            "cert_server_name": fields.text(
                Title("Name in the certificate"),
                Help("Name the certificate must be for, in place of the address."),
                agent_fields.ENCRYPTION,
                checks.server_name,
                "array.example",
            ),
            "piggyback_hosts": fields.texts(
                Title("Hosts it may speak for"),
                Help("Hosts it may speak for: names, or patterns such as db-*; all by default."),
                agent_fields.HOSTS_AND_THEIR_STATES,
                checks.host_glob,
                "db-*",
            ),
            "ca": agent_fields.CA,
            "tls_pin": agent_fields.TLS_PIN,
            "proxy": agent_fields.PROXY,
            "proxy_password": agent_fields.PROXY_PASSWORD,
            "family": agent_fields.FAMILY,
            "connect_timeout": agent_fields.CONNECT_TIMEOUT,
            "run_timeout": agent_fields.RUN_TIMEOUT,
            "own_service": agent_fields.OWN_SERVICE,
        },
        custom_validate=(
            checks.excludes("no_cert_check", "ca", Message("Any certificate, or some of them?")),
            checks.needs("proxy_password", "proxy", Message("A password needs a proxy.")),
            checks.proxy_user_and_password,
            checks.needs("hostname", "direct", Message("The name is for one ESXi host.")),
            checks.needs("snapshots_on_host", "direct", Message("That is for one ESXi host.")),
        ),
    )


rule_spec_cmk_courier_vsphere = SpecialAgent(
    name="cmk_courier_vsphere",
    title=Title("VMware vSphere (Agent courier)"),
    topic=Topic.VIRTUALIZATION,
    parameter_form=_parameter_form,
    help_text=Help("A vCenter or an ESXi host, with its virtual machines."),
)
