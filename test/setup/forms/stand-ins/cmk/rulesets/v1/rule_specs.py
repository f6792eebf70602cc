"""Rules, of the kinds the family has."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from cmk.rulesets.v1 import Help, Title
from cmk.rulesets.v1.form_specs import Dictionary
from cmk.strict import Checked, require_name


class Topic(enum.Enum):
    APPLICATIONS = "applications"
    DATABASES = "databases"
    GENERAL = "general"
    NETWORKING = "networking"
    OPERATING_SYSTEM = "operating_system"
    STORAGE = "storage"
    VIRTUALIZATION = "virtualization"


@dataclass(frozen=True)
class CustomTopic(Checked):
    title: Title


@dataclass(frozen=True)
class HostCondition:
    pass


@dataclass(frozen=True, kw_only=True)
class CheckParameters(Checked):
    title: Title
    topic: Topic | CustomTopic
    parameter_form: Callable[[], Dictionary]
    name: str
    condition: HostCondition
    is_deprecated: bool = False
    help_text: Help | None = None
    create_enforced_service: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_name(self.name)


@dataclass(frozen=True, kw_only=True)
class SpecialAgent(Checked):
    title: Title
    topic: Topic | CustomTopic
    parameter_form: Callable[[], Dictionary]
    name: str
    is_deprecated: bool = False
    help_text: Help | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_name(self.name)
