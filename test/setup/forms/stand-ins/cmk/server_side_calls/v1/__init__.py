"""What turns a rule into a command line. Nothing but texts and secrets is an argument."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from cmk.strict import Checked

ParametersT = TypeVar("ParametersT")


class _IPConfig:
    def __init__(self, *, address: str | None, additional_addresses: Sequence[str] = ()) -> None:
        self._address = address
        self.additional_addresses = additional_addresses

    @property
    def address(self) -> str:
        if not self._address:
            raise RuntimeError("the address could not be looked up")
        return self._address


class IPv4Config(_IPConfig):
    pass


class IPv6Config(_IPConfig):
    pass


class HostConfig:
    def __init__(
        self,
        *,
        name: str,
        alias: str = "",
        ipv4_config: IPv4Config | None = None,
        ipv6_config: IPv6Config | None = None,
        macros: Mapping[str, str] | None = None,
    ) -> None:
        if not name:
            raise ValueError("a host has a name")
        self.name = name
        self.alias = alias or name
        self.ipv4_config = ipv4_config
        self.ipv6_config = ipv6_config
        self.macros = macros or {}

    @property
    def primary_ip_config(self) -> IPv4Config | IPv6Config:
        found = self.ipv4_config or self.ipv6_config
        if found is None:
            raise ValueError("the host has no address")
        return found


class Secret(NamedTuple):
    """Stands for a secret, and holds none."""

    id: int
    format: str = "%s"
    pass_safely: bool = True

    def unsafe(self, /, template: str = "%s") -> "Secret":
        raise AssertionError("a secret in a command line is everybody's")


@dataclass(frozen=True, kw_only=True)
class SpecialAgentCommand(Checked):
    command_arguments: Sequence[str | Secret]
    stdin: str | None = None


class SpecialAgentConfig(Generic[ParametersT]):
    def __init__(
        self,
        *,
        name: str,
        parameter_parser: Callable[[Mapping[str, object]], ParametersT],
        commands_function: Callable[[ParametersT, HostConfig], Iterable[SpecialAgentCommand]],
    ) -> None:
        self.name = name
        self._parameter_parser = parameter_parser
        self._commands_function = commands_function

    def __call__(
        self, parameters: Mapping[str, object], host_config: HostConfig
    ) -> Iterable[SpecialAgentCommand]:
        return self._commands_function(self._parameter_parser(parameters), host_config)


def noop_parser(params: Mapping[str, object]) -> Mapping[str, object]:
    return params


def replace_macros(value: str, macros: Mapping[str, str]) -> str:
    for macro, text in macros.items():
        value = value.replace(macro, text)
    return value
