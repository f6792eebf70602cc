"""What was filled in → arguments of cmk-courier. No secret is among them, only references."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from cmk.server_side_calls.v1 import HostConfig, replace_macros, Secret

Argument = str | Secret
Macros = Mapping[str, str]

# How a field becomes arguments: from its flag, its value, and the macros of the host.
Kind = Callable[[str, object, Macros], Iterable[Argument]]


def switch(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    if value is True:
        yield flag


def text(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    yield f"{flag}={value}"


def text_with_macros(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
    yield f"{flag}={replace_macros(str(value), macros)}"


def path(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
    yield f"{flag}={replace_macros(str(value), _as_names(macros))}"


def number(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    yield f"{flag}={_to_float(value):.0f}"


def duration(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    seconds = f"{_to_float(value):.3f}".rstrip("0").rstrip(".")
    yield f"{flag}={seconds}s"


def duration_or_unlimited(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
    match value:
        case ("limit", seconds):
            yield from duration(flag, seconds, macros)
        case ("unlimited", _):
            yield f"{flag}=unlimited"


def choice(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    """Names of choices are identifiers: a digit at the beginning has an underscore before it."""
    yield f"{flag}={str(value).removeprefix('_')}"


def hyphened_choice(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
    """Of words that have hyphens, which no identifier has."""
    yield from choice(flag, str(value).replace("_", "-"), macros)


def choices(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    if isinstance(value, list | tuple):
        yield f"{flag}={','.join(str(word).removeprefix('_') for word in value)}"


def secret(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
    match value:
        case ("password", password) if isinstance(password, Secret):
            yield f"{flag}-id"
            yield password
        case ("file", file):
            yield from path(f"{flag}-file", file, macros)


def piggyback(flag: str, value: object, _macros: Macros) -> Iterable[Argument]:
    match value:
        case ("hosts", list(patterns)):
            yield from (f"{flag}={pattern}" for pattern in patterns)
        case (word, _):
            yield f"{flag}={word}"


def each(kind: Kind) -> Kind:
    def repeated(flag: str, value: object, macros: Macros) -> Iterable[Argument]:
        for one in value if isinstance(value, list) else []:
            yield from kind(flag, one, macros)

    return repeated


def render(
    form: Mapping[str, object], kinds: Mapping[str, Kind], macros: Macros
) -> Iterable[Argument]:
    """The arguments of all fields that are filled in. A key nobody knows is one of the program."""
    for key, value in form.items():
        kind = kinds.get(key, text)
        yield from kind(f"--{key.replace('_', '-')}", value, macros)


def source(value: object, macros: Macros) -> str:
    """
    The name and the address are left to the program, which knows how to write them in a source.
    Other macros are percent-encoded: they may come from the host, and must not lead elsewhere.
    """
    encoded = {
        **{macro: quote(text, safe="") for macro, text in _as_names(macros).items()},
        "$HOSTNAME$": "{host}",
        "$HOSTADDRESS$": "{address}",
    }
    return replace_macros(str(value), encoded)


def of_host(host_config: HostConfig) -> Iterable[Argument]:
    yield f"--host={host_config.name}"
    if address := address_of(host_config):
        yield f"--address={address}"


def address_of(host_config: HostConfig) -> str | None:
    """A host may have none, or one that could not be looked up."""
    try:
        return host_config.primary_ip_config.address
    except (ValueError, RuntimeError):
        return None


def tags_of(host_config: HostConfig) -> Iterable[Argument]:
    """Each attribute of a host has two macros; which of them are there is up to the site."""
    macros = host_config.macros
    if tags := macros.get("$_HOSTTAGS$") or macros.get("$HOST_TAGS$"):
        yield f"--tags={tags}"


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _as_names(macros: Macros) -> Macros:
    """A macro is one name in a path, and does not lead elsewhere."""
    return {macro: text.replace("/", "_").replace("..", "__") for macro, text in macros.items()}


def _to_float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
