"""Texts that somebody may translate."""

from dataclasses import dataclass
from typing import TypeVar

_Text = TypeVar("_Text", bound="_Localizable")


@dataclass(frozen=True)
class _Localizable:
    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"{type(self).__name__} is a text, not {self.text!r}")

    def __mod__(self: _Text, other: str) -> _Text:
        return type(self)(self.text % other)

    def __add__(self: _Text, other: _Text) -> _Text:
        return type(self)(self.text + other.text)


class Title(_Localizable):
    pass


class Label(_Localizable):
    pass


class Help(_Localizable):
    pass


class Message(_Localizable):
    pass
