# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule for the special agent elasticsearch."""

from cmk.rulesets.v1 import Help, Message, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import agent_fields, checks, fields


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "hosts": fields.texts(
                Title("Nodes that are asked"),
                Help("Nodes of the cluster; the first that answers is asked."),
                agent_fields.WHICH_SYSTEM,
                checks.system,
                "{address}",
            ),
            "user": fields.text(
                Title("User"),
                Help("A user with the privilege monitor."),
                agent_fields.LOGIN,
                checks.user,
                "monitoring",
                macros=True,
            ),
            "secret": fields.secret(
                Title("Password"),
                Help("The password of the user."),
                agent_fields.LOGIN,
            ),
            "proto": fields.choice(
                Title("Protocol"),
                Help("How to ask."),
                agent_fields.WHICH_SYSTEM,
                [
                    ("https", Title("HTTPS")),
                    ("http", Title("HTTP, in plain text")),
                ],
                "https",
            ),
            "port": fields.number(
                Title("Port"),
                Help("Port of the API."),
                agent_fields.WHICH_SYSTEM,
                (1, 65535),
                9200,
            ),
            "no_cert_check": agent_fields.NO_CERT_CHECK,
            "cluster_health": fields.switch(
                Title("Health of the cluster"),
                Help("Asks how the cluster is."),
                agent_fields.WHAT_IS_ASKED_FOR,
            ),
            "nodes": fields.switch(
                Title("Statistics of nodes"),
                Help("Asks for statistics of the nodes."),
                agent_fields.WHAT_IS_ASKED_FOR,
            ),
            "stat": fields.texts(
                Title("Statistics of indices"),
                Help(
                    "Asks for statistics of indices by these names or patterns; may be given again."
                ),
                agent_fields.WHAT_IS_ASKED_FOR,
                checks.one_line,
                "logs-*",
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
            checks.needs("user", "secret", Message("A user needs a password.")),
            checks.needs("secret", "user", Message("A password needs a user.")),
            checks.needs("key", "cert", Message("A private key needs its certificate.")),
            checks.needs("key_password", "cert", Message("A passphrase needs a certificate.")),
            checks.excludes("no_cert_check", "ca", Message("Any certificate, or some of them?")),
            checks.needs("proxy_password", "proxy", Message("A password needs a proxy.")),
            checks.proxy_user_and_password,
            checks.encrypted_only,
        ),
    )


rule_spec_cmk_courier_elasticsearch = SpecialAgent(
    name="cmk_courier_elasticsearch",
    title=Title("Elasticsearch (Agent courier)"),
    topic=Topic.DATABASES,
    parameter_form=_parameter_form,
    help_text=Help("Health, nodes and indices of an Elasticsearch cluster."),
)
