"""The rule for the parameters of the service "Agent courier"."""

from cmk.rulesets.v1 import Help, Title
from cmk.rulesets.v1.form_specs import (
    DefaultValue,
    DictElement,
    Dictionary,
    LevelDirection,
    LevelsType,
    ServiceState,
    SimpleLevels,
    TimeMagnitude,
    TimeSpan,
)
from cmk.rulesets.v1.rule_specs import CheckParameters, HostCondition, Topic


def _upper_levels(
    title: Title, help_text: Help, levels: tuple[float, float]
) -> SimpleLevels[float]:
    return SimpleLevels(
        title=title,
        help_text=help_text,
        form_spec_template=TimeSpan(
            displayed_magnitudes=[
                TimeMagnitude.DAY,
                TimeMagnitude.HOUR,
                TimeMagnitude.MINUTE,
                TimeMagnitude.SECOND,
            ]
        ),
        level_direction=LevelDirection.UPPER,
        prefill_levels_type=DefaultValue(LevelsType.FIXED),
        prefill_fixed_levels=DefaultValue(levels),
    )


def _parameter_form() -> Dictionary:
    return Dictionary(
        elements={
            "age": DictElement(
                parameter_form=_upper_levels(
                    Title("Age of the agent output"),
                    Help("Without levels any age will do that the rule for the fetch lets pass."),
                    (300.0, 900.0),
                )
            ),
            "duration": DictElement(
                parameter_form=_upper_levels(
                    Title("Duration of the fetch"),
                    Help("From asking the source that had output to the last check of it."),
                    (20.0, 40.0),
                )
            ),
            "state_fallback": DictElement(
                parameter_form=ServiceState(
                    title=Title("State when a source stood in for an earlier one"),
                    prefill=DefaultValue(ServiceState.WARN),
                )
            ),
            "state_grace": DictElement(
                parameter_form=ServiceState(
                    title=Title("State when older output stands in, since every source failed"),
                    prefill=DefaultValue(ServiceState.WARN),
                )
            ),
            "state_losses": DictElement(
                parameter_form=ServiceState(
                    title=Title("State when some site would drop a part of the output"),
                    prefill=DefaultValue(ServiceState.WARN),
                )
            ),
            "state_with": DictElement(
                parameter_form=ServiceState(
                    title=Title("State when sections of a further source are missing"),
                    prefill=DefaultValue(ServiceState.WARN),
                )
            ),
            "state_unknown_age": DictElement(
                parameter_form=ServiceState(
                    title=Title("State when nobody says how old the output is"),
                    prefill=DefaultValue(ServiceState.OK),
                )
            ),
            "seal_expires": DictElement(
                parameter_form=SimpleLevels(
                    title=Title("Time until the key of the seal expires"),
                    form_spec_template=TimeSpan(
                        displayed_magnitudes=[TimeMagnitude.DAY, TimeMagnitude.HOUR]
                    ),
                    level_direction=LevelDirection.LOWER,
                    prefill_fixed_levels=DefaultValue((14 * 86400.0, 3 * 86400.0)),
                )
            ),
        }
    )


rule_spec_cmk_courier = CheckParameters(
    name="cmk_courier",
    title=Title("Agent courier"),
    topic=Topic.GENERAL,
    parameter_form=_parameter_form,
    condition=HostCondition(),
)
