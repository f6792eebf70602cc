# Written by `npm run docs` from the options of the program: changes belong there.
"""The rule for the special agent switch_cli."""

from cmk.rulesets.v1 import Help, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic

from .. import agent_fields, checks, fields


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "username": fields.text(
                Title("User"),
                Help("Who logs in; a user that may only look is enough."),
                agent_fields.LOGIN,
                checks.user,
                "monitoring",
                macros=True,
                required=True,
            ),
            "password": agent_fields.PASSWORD,
            "port": fields.number(
                Title("Port"),
                Help("Of telnet."),
                agent_fields.WHICH_SYSTEM,
                (1, 65535),
                23,
            ),
            "not_connected": fields.number(
                Title("State of a port without a cable"),
                Help("State of a port that nothing is plugged into: 0 OK, 1 WARN, 2 CRIT."),
                agent_fields.HOSTS_AND_THEIR_STATES,
                (0, 3),
                0,
            ),
            "run_timeout": agent_fields.RUN_TIMEOUT,
            "own_service": agent_fields.OWN_SERVICE,
        },
    )


rule_spec_cmk_courier_switch_cli = SpecialAgent(
    name="cmk_courier_switch_cli",
    title=Title("Switch with a command line over telnet (Agent courier)"),
    topic=Topic.NETWORKING,
    parameter_form=_parameter_form,
    help_text=Help(
        'Ports and software of a switch that answers "show interfaces status" and "show version" '
        "as those with Cisco IOS do, as local services. For switches whose SNMP is closed or says "
        "less."
    ),
)
