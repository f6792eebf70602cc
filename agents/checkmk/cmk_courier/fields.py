"""The kinds of fields the form of the rule has."""

from collections.abc import Callable, Sequence

from cmk.rulesets.v1 import Help, Label, Title
from cmk.rulesets.v1.form_specs import (
    CascadingSingleChoice,
    CascadingSingleChoiceElement,
    DataSize,
    DefaultValue,
    DictElement,
    DictGroup,
    FixedValue,
    IECMagnitude,
    InputHint,
    Integer,
    List,
    MultipleChoice,
    MultipleChoiceElement,
    NoGroup,
    Password,
    SingleChoice,
    SingleChoiceElement,
    String,
    TimeMagnitude,
    TimeSpan,
)
from cmk.rulesets.v1.form_specs.validators import LengthInRange, NumberInRange

from . import checks

_Check = Callable[[str], object]
_Group = DictGroup | NoGroup

_LONGEST = 3650 * 86400.0
_MAGNITUDES = [
    TimeMagnitude.DAY,
    TimeMagnitude.HOUR,
    TimeMagnitude.MINUTE,
    TimeMagnitude.SECOND,
    TimeMagnitude.MILLISECOND,
]


def switch(title: Title, help_text: Help, group: _Group) -> DictElement[bool]:
    return DictElement(
        parameter_form=FixedValue(
            value=True, title=title, help_text=help_text, label=Label("Switched on")
        ),
        group=group,
    )


def text(
    title: Title,
    help_text: Help,
    group: _Group,
    check: _Check,
    hint: str = "",
    *,
    macros: bool = False,
    required: bool = False,
) -> DictElement[str]:
    return DictElement(
        parameter_form=_string(title, help_text, check, hint, macros=macros),
        group=group,
        required=required,
    )


def _string(
    title: Title | None, help_text: Help | None, check: _Check, hint: str, *, macros: bool
) -> String:
    return String(
        title=title,
        help_text=help_text,
        prefill=InputHint(hint),
        custom_validate=(check,),
        macro_support=macros,
    )


def texts(
    title: Title,
    help_text: Help,
    group: _Group,
    check: _Check,
    hint: str = "",
    *,
    macros: bool = False,
) -> DictElement[Sequence[str]]:
    return DictElement(
        parameter_form=List(
            title=title,
            help_text=help_text,
            element_template=_string(None, None, check, hint, macros=macros),
            custom_validate=(LengthInRange(min_value=1),),
        ),
        group=group,
    )


def path(
    title: Title,
    help_text: Help,
    group: _Group,
    check: _Check = checks.path,
) -> DictElement[str]:
    return text(title, help_text, group, check, "~/etc/cmk-courier/", macros=True)


def number(
    title: Title, help_text: Help, group: _Group, bounds: tuple[int, int], default: int
) -> DictElement[int]:
    return DictElement(
        parameter_form=Integer(
            title=title,
            help_text=help_text,
            prefill=DefaultValue(default),
            custom_validate=(NumberInRange(*bounds),),
        ),
        group=group,
    )


def size(title: Title, help_text: Help, group: _Group, default: int) -> DictElement[int]:
    return DictElement(
        parameter_form=DataSize(
            title=title,
            help_text=help_text,
            displayed_magnitudes=[IECMagnitude.KIBI, IECMagnitude.MEBI, IECMagnitude.GIBI],
            prefill=DefaultValue(default),
            custom_validate=(NumberInRange(1, 2 * 1000**3),),
        ),
        group=group,
    )


def duration(
    title: Title,
    help_text: Help,
    group: _Group,
    default: float,
    *,
    least: float = 0.001,
) -> DictElement[float]:
    return DictElement(
        parameter_form=_time_span(title, help_text, default, least),
        group=group,
    )


def _time_span(
    title: Title | None, help_text: Help | None, default: float, least: float
) -> TimeSpan:
    return TimeSpan(
        title=title,
        help_text=help_text,
        displayed_magnitudes=_MAGNITUDES,
        prefill=DefaultValue(default),
        custom_validate=(NumberInRange(least, _LONGEST),),
    )


def duration_or_unlimited(
    title: Title, help_text: Help, group: _Group, default: float
) -> DictElement[tuple[str, object]]:
    return DictElement(
        parameter_form=CascadingSingleChoice(
            title=title,
            help_text=help_text,
            elements=[
                CascadingSingleChoiceElement(
                    name="limit",
                    title=Title("At most"),
                    parameter_form=_time_span(None, None, default, 0.0),
                ),
                CascadingSingleChoiceElement(
                    name="unlimited",
                    title=Title("Any"),
                    parameter_form=FixedValue(value=None, label=Label("Without a limit")),
                ),
            ],
            prefill=DefaultValue("limit"),
        ),
        group=group,
    )


def choice(
    title: Title,
    help_text: Help,
    group: _Group,
    words: Sequence[tuple[str, Title]],
    default: str,
) -> DictElement[str]:
    return DictElement(
        parameter_form=SingleChoice(
            title=title,
            help_text=help_text,
            elements=[SingleChoiceElement(name, word) for name, word in words],
            prefill=DefaultValue(default),
        ),
        group=group,
    )


def choices(
    title: Title, help_text: Help, group: _Group, words: Sequence[tuple[str, Title]]
) -> DictElement[Sequence[str]]:
    """Some of several, at first all of them."""
    return DictElement(
        parameter_form=MultipleChoice(
            title=title,
            help_text=help_text,
            elements=[MultipleChoiceElement(name=name, title=word) for name, word in words],
            show_toggle_all=True,
            prefill=DefaultValue([name for name, _ in words]),
            custom_validate=(LengthInRange(min_value=1),),
        ),
        group=group,
    )


def secret(
    title: Title, help_text: Help, group: _Group, *, required: bool = False
) -> DictElement[tuple[str, object]]:
    return DictElement(
        parameter_form=CascadingSingleChoice(
            title=title,
            help_text=help_text,
            elements=[
                CascadingSingleChoiceElement(
                    name="password",
                    title=Title("Typed in, or from the password store"),
                    parameter_form=Password(),
                ),
                CascadingSingleChoiceElement(
                    name="file",
                    title=Title("In a file of the site"),
                    parameter_form=_string(
                        None, None, checks.path, "~/etc/cmk-courier/", macros=True
                    ),
                ),
            ],
            prefill=DefaultValue("password"),
        ),
        group=group,
        required=required,
    )


def piggyback(title: Title, help_text: Help, group: _Group) -> DictElement[tuple[str, object]]:
    return DictElement(
        parameter_form=CascadingSingleChoice(
            title=title,
            help_text=help_text,
            elements=[
                CascadingSingleChoiceElement(
                    name="allow", title=Title("Pass all of them"), parameter_form=_nothing()
                ),
                CascadingSingleChoiceElement(
                    name="drop", title=Title("Leave them out"), parameter_form=_nothing()
                ),
                CascadingSingleChoiceElement(
                    name="refuse", title=Title("Refuse such output"), parameter_form=_nothing()
                ),
                CascadingSingleChoiceElement(
                    name="hosts",
                    title=Title("Pass those for these hosts"),
                    parameter_form=List(
                        element_template=_string(
                            None, None, checks.host_pattern, "db-*", macros=False
                        ),
                        custom_validate=(LengthInRange(min_value=1),),
                    ),
                ),
            ],
            prefill=DefaultValue("drop"),
        ),
        group=group,
    )


def _nothing() -> FixedValue[None]:
    return FixedValue(value=None)
