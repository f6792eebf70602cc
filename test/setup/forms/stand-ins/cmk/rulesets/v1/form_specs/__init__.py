"""The fields of forms, as strict as the real ones or stricter."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar, Union

from cmk.rulesets.v1 import Help, Label, Message, Title
from cmk.strict import Checked, require_name

ModelT = TypeVar("ModelT")
NumberT = TypeVar("NumberT", int, float)


@dataclass(frozen=True)
class DefaultValue(Checked, Generic[ModelT]):
    value: ModelT


@dataclass(frozen=True)
class InputHint(Checked, Generic[ModelT]):
    value: ModelT


Prefill = Union[DefaultValue[ModelT], InputHint[ModelT]]


@dataclass(frozen=True, kw_only=True)
class FormSpec(Checked, Generic[ModelT]):
    title: Title | None = None
    help_text: Help | None = None
    migrate: Callable[[object], ModelT] | None = None
    custom_validate: Sequence[Callable[[ModelT], object]] | None = None


@dataclass(frozen=True, kw_only=True)
class FixedValue(FormSpec[ModelT]):
    value: ModelT
    label: Label | None = None


@dataclass(frozen=True, kw_only=True)
class Integer(FormSpec[int]):
    label: Label | None = None
    unit_symbol: str = ""
    prefill: DefaultValue[int] | InputHint[int] = InputHint(0)


class SIMagnitude(enum.Enum):
    BYTE = "B"
    KILO = "kB"
    MEGA = "MB"
    GIGA = "GB"


class IECMagnitude(enum.Enum):
    BYTE = "B"
    KIBI = "KiB"
    MEBI = "MiB"
    GIBI = "GiB"
    TEBI = "TiB"


@dataclass(frozen=True, kw_only=True)
class DataSize(FormSpec[int]):
    label: Label | None = None
    displayed_magnitudes: Sequence[SIMagnitude] | Sequence[IECMagnitude]
    prefill: DefaultValue[int] | InputHint[int] = InputHint(0)


class FieldSize(enum.Enum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


@dataclass(frozen=True, kw_only=True)
class String(FormSpec[str]):
    label: Label | None = None
    macro_support: bool = False
    prefill: DefaultValue[str] | InputHint[str] = InputHint("")
    field_size: FieldSize = FieldSize.MEDIUM


class TimeMagnitude(enum.Enum):
    MILLISECOND = 0.001
    SECOND = 1
    MINUTE = 60
    HOUR = 3600
    DAY = 86400


@dataclass(frozen=True, kw_only=True)
class TimeSpan(FormSpec[float]):
    label: Label | None = None
    displayed_magnitudes: Sequence[TimeMagnitude]
    prefill: DefaultValue[float] | InputHint[float] = InputHint(0.0)


@dataclass(frozen=True, kw_only=True)
class Password(FormSpec[tuple[str, str, tuple[str, str]]]):
    pass


@dataclass(frozen=True, kw_only=True)
class ServiceState(FormSpec[int]):
    OK: ClassVar[Literal[0]] = 0
    WARN: ClassVar[Literal[1]] = 1
    CRIT: ClassVar[Literal[2]] = 2
    UNKNOWN: ClassVar[Literal[3]] = 3

    prefill: DefaultValue[int] = DefaultValue(0)


@dataclass(frozen=True)
class SingleChoiceElement(Checked):
    name: str
    title: Title

    def __post_init__(self) -> None:
        super().__post_init__()
        require_name(self.name)


@dataclass(frozen=True, kw_only=True)
class SingleChoice(FormSpec[str]):
    elements: Sequence[SingleChoiceElement]
    no_elements_text: Message | None = None
    frozen: bool = False
    label: Label | None = None
    prefill: DefaultValue[str] | InputHint[Title] = InputHint(Title("Please choose"))
    ignored_elements: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_choice(self.prefill, [element.name for element in self.elements])


@dataclass(frozen=True, kw_only=True)
class CascadingSingleChoiceElement(Checked, Generic[ModelT]):
    name: str
    title: Title
    parameter_form: FormSpec[ModelT]

    def __post_init__(self) -> None:
        super().__post_init__()
        require_name(self.name)


@dataclass(frozen=True, kw_only=True)
class CascadingSingleChoice(FormSpec[tuple[str, object]]):
    elements: Sequence[CascadingSingleChoiceElement[Any]]
    label: Label | None = None
    prefill: DefaultValue[str] | InputHint[Title] = InputHint(Title("Please choose"))

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_choice(self.prefill, [element.name for element in self.elements])


def _require_choice(prefill: DefaultValue[str] | InputHint[Title], names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"a name is there twice: {names!r}")
    if isinstance(prefill, DefaultValue) and prefill.value not in names:
        raise ValueError(f"{prefill.value!r} is none of {names!r}")


@dataclass(frozen=True, kw_only=True)
class DictGroup(Checked):
    title: Title | None = None
    help_text: Help | None = None


@dataclass(frozen=True, kw_only=True)
class NoGroup:
    pass


@dataclass(frozen=True, kw_only=True)
class DictElement(Checked, Generic[ModelT]):
    parameter_form: FormSpec[ModelT]
    required: bool = False
    render_only: bool = False
    group: DictGroup | NoGroup = NoGroup()


@dataclass(frozen=True, kw_only=True)
class Dictionary(FormSpec[Mapping[str, object]]):
    elements: Mapping[str, DictElement[Any]]
    no_elements_text: Message = Message("(no parameters)")
    ignored_elements: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in self.elements:
            require_name(key)
        if set(self.ignored_elements).intersection(self.elements):
            raise ValueError("an element is there and ignored")


@dataclass(frozen=True, kw_only=True)
class List(FormSpec[Sequence[ModelT]]):
    element_template: FormSpec[ModelT]
    add_element_label: Label = Label("Add new entry")
    remove_element_label: Label = Label("Remove this entry")
    no_element_label: Label = Label("No entries")
    editable_order: bool = True


@dataclass(frozen=True, kw_only=True)
class MultipleChoiceElement(Checked):
    name: str
    title: Title

    def __post_init__(self) -> None:
        super().__post_init__()
        require_name(self.name)


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(FormSpec[Sequence[str]]):
    elements: Sequence[MultipleChoiceElement]
    show_toggle_all: bool = False
    prefill: DefaultValue[Sequence[str]] = DefaultValue(())

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.prefill.value:
            _require_choice(DefaultValue(name), [element.name for element in self.elements])


class LevelDirection(enum.Enum):
    UPPER = "upper"
    LOWER = "lower"


class LevelsType(enum.Enum):
    NONE = "none"
    FIXED = "fixed"
    PREDICTIVE = "predictive"


@dataclass(frozen=True, kw_only=True)
class SimpleLevels(FormSpec[tuple[str, object]], Generic[NumberT]):
    form_spec_template: FormSpec[NumberT]
    level_direction: LevelDirection
    prefill_levels_type: DefaultValue[LevelsType] = DefaultValue(LevelsType.FIXED)
    prefill_fixed_levels: DefaultValue[tuple[NumberT, NumberT]] | InputHint[tuple[NumberT, NumberT]]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.prefill_levels_type.value is LevelsType.PREDICTIVE:
            raise ValueError("simple levels are not predictive")
