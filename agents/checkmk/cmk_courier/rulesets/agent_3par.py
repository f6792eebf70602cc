# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule for the special agent 3par."""

from cmk.rulesets.v1 import Help, Message, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import agent_fields, checks, fields


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "hostname": fields.text(
                Title("System"),
                Help("The array: name or address."),
                agent_fields.WHICH_SYSTEM,
                checks.system,
                "{address}",
            ),
            "user": fields.text(
                Title("User"),
                Help("A user that may look."),
                agent_fields.LOGIN,
                checks.user,
                "monitoring",
                macros=True,
                required=True,
            ),
            "password": agent_fields.PASSWORD,
            "port": fields.number(
                Title("Port"),
                Help("Port of the API; 443 from release 4.4 on."),
                agent_fields.WHICH_SYSTEM,
                (1, 65535),
                8080,
            ),
            "no_cert_check": agent_fields.NO_CERT_CHECK,
            "values": fields.choices(
                Title("What is asked for"),
                Help("What to ask for."),
                agent_fields.WHAT_IS_ASKED_FOR,
                [
                    ("system", Title("System")),
                    ("cpgs", Title("Cpgs")),
                    ("volumes", Title("Volumes")),
                    ("hosts", Title("Hosts")),
                    ("capacity", Title("Capacity")),
                    ("ports", Title("Ports")),
                    ("remotecopy", Title("Remotecopy")),
                ],
            ),
            "header": agent_fields.HEADER,
            "header_file": agent_fields.HEADER_FILE,
            "cert": agent_fields.CERT,
            "key": agent_fields.KEY,
            "key_password": agent_fields.KEY_PASSWORD,
            "ca": agent_fields.CA,
            "tls_pin": agent_fields.TLS_PIN,
            "tls_server_name": agent_fields.TLS_SERVER_NAME,
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


rule_spec_cmk_courier_3par = SpecialAgent(
    name="cmk_courier_3par",
    title=Title("HPE 3PAR (Agent courier)"),
    topic=Topic.STORAGE,
    parameter_form=_parameter_form,
    help_text=Help(
        "Capacity, volumes, pools, ports and remote copy of an HPE 3PAR array, by its Web Services "
        "API."
    ),
)
