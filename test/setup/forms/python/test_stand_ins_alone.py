"""Where the stand-ins are stricter: Checkmk's own modules look later, or leave it to mypy."""

import pytest
from cmk.rulesets.v1 import Title
from cmk.rulesets.v1.form_specs import Integer, String
from cmk.server_side_calls.v1 import Secret, SpecialAgentCommand


def test_types_are_looked_at() -> None:
    with pytest.raises(TypeError):
        String(title="no Title")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Integer(unit_symbol=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Title(5)  # type: ignore[arg-type]


def test_a_number_is_no_argument() -> None:
    with pytest.raises(TypeError):
        SpecialAgentCommand(command_arguments=["--port", 5])  # type: ignore[list-item]


def test_no_secret_is_shown() -> None:
    with pytest.raises(AssertionError):
        Secret(1).unsafe("user:%s")
