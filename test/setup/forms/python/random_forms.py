"""
Fills in the form of the rule at random, as often as it is told, and prints a line of JSON each:
the form as Checkmk keeps it, and the arguments that the server-side call makes of it. Only what
the form accepts is printed. Told to do so 0 times, it takes each field once as the form proposes
it, with whatever the form wants beside it. With "agents" behind that, these are the forms of all
special agents. It works on the stand-ins and on Checkmk's own modules alike.
"""

import importlib
import json
import pkgutil
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cmk.rulesets.v1.form_specs import (
    CascadingSingleChoice,
    DataSize,
    Dictionary,
    FixedValue,
    Integer,
    List,
    MultipleChoice,
    Password,
    SingleChoice,
    String,
    TimeSpan,
)
from cmk.rulesets.v1.form_specs.validators import ValidationError
from cmk.rulesets.v1.rule_specs import SpecialAgent
from cmk.server_side_calls.v1 import (
    HostConfig,
    IPv4Config,
    IPv6Config,
    Secret,
    SpecialAgentConfig,
)
from cmk_addons.plugins.cmk_courier import rulesets, server_side_calls

_SCRAPS = [
    *"%{}[]@:/?#*\\ \"'$&=+~.,!-_<>|^`;()0aé\u2028\ufeff\x7f\t\n\0",
    *["{host}", "{address}", "{other}", "%20", "%2F", "%00", "%ff", "%C3%A9", "..", "/../", "//"],
    *["me@", "me:secret@", "[::1]", "[fe80::1%25eth0]", ":0", ":22", ":65535", ":65536", ":1x"],
    *["0x7f", "1.2.3.4", "999.1", "255", "-oX=y", "allow", "unlimited", "https:", "HTTP://x/"],
    *["ssh://h/", "spool:", "spool:/x", "file:/x", "exec:/bin/x", "?arg=x", "&arg=", "imap://u@h/"],
    *["http+unix://%2Fx/y", "tcp://h", "rsync+ssh://h/x", "maildir:/x", "/x", "--or", "--", "a,b"],
]
_MACROS = {
    "$HOSTNAME$": "web01",
    "$HOSTADDRESS$": "192.0.2.7",
    "$HOSTALIAS$": "web-01.lan",
    "$_HOSTTAGS$": "/wato/ prod lan",
    "$_HOSTDEPOT$": "depot.example",
}


# By the beginning of a hint: a source of another scheme, a proxy with a user.
_OTHERS = {
    "https": ["http://depot.example:8080/{host}", "http+unix://%2Frun%2Fdepot.sock/agent/{host}"],
    "http": ["http://monitor@proxy.example:3128", "env"],
    "rsync": ["rsync+ssh://monitor@{address}/var/spool/{host}"],
    "sftp": ["scp://{address}:2222/~/out"],
    "imaps": ["imap://mail.example:1143/{host}", "imaps://mail.example", "imap://me@mail.example"],
    "mqtt": [
        "mqtts://broker.example/courier/{host}",
        "mqtt://site@192.0.2.7:1884/a/%C3%A4/{host}",
        "mqtt+unix://%2Frun%2Fa.sock/courier/{host}",
    ],
    "nats": ["nats://b1.example,b2.example:4223/SITE/{host}", "nats://[2001:db8::1]/a/web01/"],
    "/var/drops/{host}/": ["file:/drops/{host}*.txt"],
}


class Filler:
    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._secrets = 0

    def fill(self, spec: Any) -> Any:
        """A value the field accepts; most that is tried is accepted sooner or later."""
        for _ in range(1000):
            value = self._try(spec)
            if _is_accepted(spec, value):
                return value
        raise RuntimeError(f"nothing is accepted by {spec!r}")

    def _try(self, spec: Any) -> Any:
        kinds: Mapping[type, Callable[[Any], Any]] = {
            Dictionary: self._dictionary,
            CascadingSingleChoice: self._cascading,
            List: self._list,
            String: self._string,
            TimeSpan: lambda _: self._number(_SPANS),
            DataSize: lambda _: self._number(_SIZES),
            Integer: self._integer,
            MultipleChoice: self._multiple,
            FixedValue: lambda one: one.value,
            SingleChoice: lambda one: self._random.choice(one.elements).name,
            Password: self._password,
        }
        return kinds[type(spec)](spec)

    def _dictionary(self, spec: Any) -> Mapping[str, Any]:
        chance = self._random.choice([0.0, 0.1, 0.3, 0.6])
        return {
            key: self.fill(element.parameter_form)
            for key, element in spec.elements.items()
            if element.required or self._random.random() < chance
        }

    def _cascading(self, spec: Any) -> tuple[str, Any]:
        # The first choice has the most to it.
        element = self._random.choice([spec.elements[0], *spec.elements])
        return element.name, self.fill(element.parameter_form)

    def _list(self, spec: Any) -> list[Any]:
        return [self.fill(spec.element_template) for _ in range(self._random.randint(0, 3))]

    def _string(self, spec: Any) -> str:
        text = str(spec.prefill.value)
        if self._random.random() < 0.3:
            text = self._random.choice(_OTHERS.get(text.partition(":")[0], [text]))
        for _ in range(self._random.choice([0, 0, 1, 1, 2, 4])):
            scraps = [*_SCRAPS, *_MACROS] if spec.macro_support else _SCRAPS
            start = self._random.randint(0, len(text))
            end = min(len(text), start + self._random.choice([0, 0, 1, 3]))
            text = text[:start] + self._random.choice(scraps) + text[end:]
        return text

    def _integer(self, spec: Any) -> int:
        if self._random.random() < 0.3:
            return int(spec.prefill.value)
        return self._random.choice([self._random.randint(-2, 12), 65535, 65536])

    def _multiple(self, spec: Any) -> list[str]:
        return [one.name for one in spec.elements if self._random.random() < 0.5]

    def _number(self, some: list[Any]) -> Any:
        return self._random.choice(some)

    def _password(self, _: Any) -> tuple[str, str, tuple[str, str]]:
        self._secrets += 1
        return (
            "cmk_postprocessed",
            "explicit_password",
            (f"uuid{self._secrets}", f"s3cr3t-{self._random.getrandbits(64):x}"),
        )

    def propose(self, spec: Any) -> Any:
        """What stands in a field that is switched on, or shows as its example."""
        value: Any
        match spec:
            case CascadingSingleChoice():
                default = getattr(spec.prefill, "value", None)
                named = [one for one in spec.elements if one.name == default]
                element = (named or list(spec.elements))[0]
                value = element.name, self.propose(element.parameter_form)
            case List():
                value = [self.propose(spec.element_template)]
            case FixedValue():
                value = spec.value
            case Password():
                value = self._password(spec)
            case _:
                value = spec.prefill.value
        assert _is_accepted(spec, value), f"{spec.title}: {value!r}"
        return value

    def with_proposal(self, spec: Any, key: str) -> Mapping[str, Any]:
        """A dictionary with one proposal, and with others where it makes no sense without."""
        for _ in range(2000):
            form = {**self._dictionary(spec), key: self.propose(spec.elements[key].parameter_form)}
            if _is_accepted(spec, form):
                return form
        raise RuntimeError(f"{key} is never accepted")

    def host(self) -> HostConfig:
        v4 = self._random.choice([None, IPv4Config(address="192.0.2.7"), IPv4Config(address=None)])
        v6 = self._random.choice([None, IPv6Config(address="2001:db8::7")])
        return HostConfig(name="web01", ipv4_config=v4, ipv6_config=v6, macros=_MACROS)


_SPANS = [-1.0, 0.0, 0, 0.0004, 0.001, 0.5, 1.0, 5, 59.9995, 90.0, 3600.0, 86400.25, 3e8, 4e8]
_SIZES = [0, 1, 4095, 1024**2, 64 * 1024**2, 2 * 1000**3, 2 * 1024**3]


def _is_accepted(spec: Any, value: Any) -> bool:
    try:
        for check in spec.custom_validate or ():
            check(value)
    except ValidationError:
        return False
    return True


def _hide_secrets(value: Any) -> Any:
    """What Checkmk hands to the call: a reference in the place of each password."""
    match value:
        case ("cmk_postprocessed", "explicit_password", (name, _)):
            return Secret(int(name.removeprefix("uuid")))
        case dict():
            return {key: _hide_secrets(one) for key, one in value.items()}
        case list():
            return [_hide_secrets(one) for one in value]
        case tuple():
            return tuple(_hide_secrets(one) for one in value)
    return value


def _to_text(argument: str | Secret) -> str:
    if isinstance(argument, Secret):
        assert argument.pass_safely
        return f"uuid{argument.id}:/nonexistent/stored_passwords"
    assert type(argument) is str
    return argument


def _random(filler: Filler, spec: Any, count: int) -> Iterator[Any]:
    for _ in range(count):
        yield filler.fill(spec)


def _proposals(filler: Filler, spec: Any) -> Iterator[Any]:
    for way in spec.elements["way"].parameter_form.elements:
        for key, element in way.parameter_form.elements.items():
            if key not in ("sources", "further"):
                form = filler.with_proposal(way.parameter_form, key)
                yield {"way": (way.name, form)}
                continue
            for kind in element.parameter_form.element_template.elements:
                for field in kind.parameter_form.elements:
                    source = kind.name, filler.with_proposal(kind.parameter_form, field)
                    spool = "spool", {"source": "spool:"}
                    chain = {"sources": [source]} if key == "sources" else {"sources": [spool]}
                    yield {"way": (way.name, chain | ({key: [source]}))}


def _found(package: Any, prefix: str) -> Mapping[str, Any]:
    """What Checkmk finds in the modules of a folder, by its name there."""
    modules = [
        importlib.import_module(f"{package.__name__}.{module.name}")
        for module in pkgutil.iter_modules(package.__path__)
    ]
    return {
        value.name: value
        for module in modules
        for variable, value in vars(module).items()
        if variable.startswith(prefix) and isinstance(value, SpecialAgent | SpecialAgentConfig)
    }


def _proposals_of_agent(filler: Filler, spec: Any) -> Iterator[Any]:
    for key in spec.elements:
        yield filler.with_proposal(spec, key)


def main(seed: int, count: int, which: str = "") -> None:
    filler = Filler(seed)
    rules, calls = _found(rulesets, "rule_spec_"), _found(server_side_calls, "special_agent_")
    assert set(rules) == set(calls)
    for name, rule in rules.items():
        is_agent = name != "cmk_courier"
        if is_agent != (which == "agents"):
            continue
        spec = rule.parameter_form()
        propose = _proposals_of_agent if is_agent else _proposals
        for form in propose(filler, spec) if count == 0 else _random(filler, spec, count):
            (command,) = calls[name](_hide_secrets(form), filler.host())
            assert command.stdin is None
            arguments = [_to_text(argument) for argument in command.command_arguments]
            print(json.dumps({"form": repr(form), "arguments": arguments}))


main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
