# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule for the special agent netapp_ontap."""

from cmk.rulesets.v1 import Help, Message, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import agent_fields, checks, fields


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "hostname": fields.text(
                Title("System"),
                Help("The cluster: name or address."),
                agent_fields.WHICH_SYSTEM,
                checks.system,
                "{address}",
            ),
            "port": fields.number(
                Title("Port"),
                Help("Port of the API."),
                agent_fields.WHICH_SYSTEM,
                (1, 65535),
                443,
            ),
            "username": fields.text(
                Title("User"),
                Help("A user that may read."),
                agent_fields.LOGIN,
                checks.user,
                "monitoring",
                macros=True,
                required=True,
            ),
            "password": agent_fields.PASSWORD,
            "fetched_resources": fields.choices(
                Title("What is asked for"),
                Help("What to ask for."),
                agent_fields.WHAT_IS_ASKED_FOR,
                [
                    ("node", Title("Node")),
                    ("volumes", Title("Volumes")),
                    ("volumes_counters", Title("Volumes counters")),
                    ("disk", Title("Disk")),
                    ("luns", Title("Luns")),
                    ("aggr", Title("Aggr")),
                    ("qtree_quota", Title("Qtree quota")),
                    ("s3_buckets", Title("S3 buckets")),
                    ("snapvault", Title("Snapvault")),
                    ("vs_status", Title("Vs status")),
                    ("interfaces", Title("Interfaces")),
                    ("fan", Title("Fan")),
                    ("temp", Title("Temp")),
                    ("alerts", Title("Alerts")),
                    ("vs_traffic", Title("Vs traffic")),
                    ("psu", Title("Psu")),
                    ("ntp_time_sync", Title("Ntp time sync")),
                    ("environment", Title("Environment")),
                    ("fc_interfaces", Title("Fc interfaces")),
                    ("ports", Title("Ports")),
                ],
            ),
            "no_cert_check": agent_fields.NO_CERT_CHECK,
            "cert_server_name": fields.text(
                Title("Name in the certificate"),
                Help("The name that the certificate must have."),
                agent_fields.ENCRYPTION,
                checks.server_name,
                "array.example",
            ),
            "header": agent_fields.HEADER,
            "header_file": agent_fields.HEADER_FILE,
            "cert": agent_fields.CERT,
            "key": agent_fields.KEY,
            "key_password": agent_fields.KEY_PASSWORD,
            "ca": agent_fields.CA,
            "tls_pin": agent_fields.TLS_PIN,
            "proxy": agent_fields.PROXY,
            "proxy_password": agent_fields.PROXY_PASSWORD,
            "redirects": agent_fields.REDIRECTS,
            "require_length": agent_fields.REQUIRE_LENGTH,
            "family": agent_fields.FAMILY,
            "connect_timeout": agent_fields.CONNECT_TIMEOUT,
            "header_timeout": agent_fields.HEADER_TIMEOUT,
            "idle_timeout": agent_fields.IDLE_TIMEOUT,
            "run_timeout": agent_fields.RUN_TIMEOUT,
            "own_service": agent_fields.OWN_SERVICE,
        },
        custom_validate=(
            checks.needs("key", "cert", Message("A private key needs its certificate.")),
            checks.needs("key_password", "cert", Message("A passphrase needs a certificate.")),
            checks.excludes("no_cert_check", "ca", Message("Any certificate, or some of them?")),
            checks.needs("proxy_password", "proxy", Message("A password needs a proxy.")),
            checks.proxy_user_and_password,
        ),
    )


rule_spec_cmk_courier_netapp_ontap = SpecialAgent(
    name="cmk_courier_netapp_ontap",
    title=Title("NetApp ONTAP (Agent courier)"),
    topic=Topic.STORAGE,
    parameter_form=_parameter_form,
    help_text=Help(
        "Nodes, volumes, disks, interfaces and the like of a NetApp cluster, by its REST API."
    ),
)
