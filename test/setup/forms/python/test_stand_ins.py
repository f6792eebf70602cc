"""The stand-ins refuse what Checkmk's own modules refuse; both are held against this list."""

import pytest
from cmk.agent_based.v2 import Metric, Result, Service, State, TableRow
from cmk.rulesets.v1 import Message, Title
from cmk.rulesets.v1.form_specs import (
    CascadingSingleChoice,
    CascadingSingleChoiceElement,
    DefaultValue,
    DictElement,
    Dictionary,
    FixedValue,
    SingleChoice,
    SingleChoiceElement,
    String,
)
from cmk.rulesets.v1.form_specs.validators import LengthInRange, NumberInRange, ValidationError
from cmk.rulesets.v1.rule_specs import SpecialAgent, Topic
from cmk.server_side_calls.v1 import HostConfig


@pytest.mark.parametrize("name", ["a-b", "", "4", "class", "a b"])
def test_names_are_identifiers(name: str) -> None:
    nothing = FixedValue(value=None)
    for make in (
        lambda: Dictionary(elements={name: DictElement(parameter_form=nothing)}),
        lambda: SingleChoiceElement(name, Title("x")),
        lambda: CascadingSingleChoiceElement(name=name, title=Title("x"), parameter_form=nothing),
        lambda: SpecialAgent(
            name=name,
            title=Title("x"),
            topic=Topic.GENERAL,
            parameter_form=lambda: Dictionary(elements={}),
        ),
    ):
        with pytest.raises(ValueError, match=r"name|identifier"):
            make()


def test_a_default_is_one_of_the_choices() -> None:
    with pytest.raises(ValueError, match="other"):
        SingleChoice(
            elements=[SingleChoiceElement("one", Title("1"))], prefill=DefaultValue("other")
        )
    with pytest.raises(ValueError, match="other"):
        CascadingSingleChoice(elements=[], prefill=DefaultValue("other"))


def test_unknown_keywords_and_forms_by_place_are_refused() -> None:
    with pytest.raises(TypeError):
        String(colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Dictionary({})  # type: ignore[misc]
    with pytest.raises(TypeError):
        Metric("x", 1.0, (1.0, 2.0))  # type: ignore[misc]
    with pytest.raises(TypeError):
        Service("item")  # type: ignore[misc]


def test_validators_refuse_what_is_out_of_range() -> None:
    for check, bad in ((LengthInRange(1, 2), "abc"), (NumberInRange(0, 5), 6)):
        with pytest.raises(ValidationError):
            check(bad)  # type: ignore[operator]
    with pytest.raises(ValidationError):
        LengthInRange()
    assert ValidationError(Message("x")).message == Message("x")


def test_results_and_metrics_are_strict() -> None:
    for wrong in ({"summary": ""}, {"summary": "a\nb"}):
        with pytest.raises(ValueError, match=r"."):
            Result(state=State.OK, **wrong)
    for bad in ({}, {"summary": "a", "notice": "b"}):
        with pytest.raises(TypeError):
            Result(state=State.OK, **bad)
    with pytest.raises(TypeError):
        Result(state=1, summary="a")  # type: ignore[arg-type]
    for name in ("", "a b", "a:b", "a/b"):
        with pytest.raises(TypeError):
            Metric(name, 1.0)
    with pytest.raises(TypeError):
        Metric("a", "1")  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)):
        TableRow(path=["a b"], key_columns={"k": 1})
    with pytest.raises((TypeError, ValueError)):
        TableRow(path=["a"], key_columns={})


def test_a_host_has_a_name_and_perhaps_no_address() -> None:
    with pytest.raises(ValueError, match=r"."):
        HostConfig(name="")
    with pytest.raises(ValueError, match=r"."):
        _ = HostConfig(name="a").primary_ip_config
