"""Types that are looked at when something is made, not only by a type checker."""

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword


class Checked:
    """Of dataclasses: each field must be what its annotation says."""

    def __post_init__(self) -> None:
        for name, annotation in typing.get_type_hints(type(self)).items():
            if typing.get_origin(annotation) is typing.ClassVar:
                continue
            value = getattr(self, name)
            if not fits(value, annotation):
                raise TypeError(f"{type(self).__name__}: {name} cannot be {value!r}")


def require_name(name: str) -> None:
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"{name!r} is no name")


def fits(value: object, annotation: typing.Any) -> bool:
    if annotation is typing.Any or isinstance(annotation, typing.TypeVar):
        return True
    if annotation is None or annotation is type(None):
        return value is None
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, part) for part in parts)
    if origin is typing.Literal:
        return value in parts
    if origin is Callable:
        return callable(value)
    if origin is tuple:
        return isinstance(value, tuple) and _fits_tuple(value, parts)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(fits(one, parts[0]) for one in value)
    if origin is Mapping:
        return isinstance(value, dict) and all(
            fits(key, parts[0]) and fits(one, parts[1]) for key, one in value.items()
        )
    return _fits_class(value, origin or annotation)


def _fits_tuple(value: tuple[object, ...], parts: tuple[typing.Any, ...]) -> bool:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return all(fits(one, parts[0]) for one in value)
    return len(value) == len(parts) and all(map(fits, value, parts))


def _fits_class(value: object, wanted: type) -> bool:
    """A truth value is no number, and where a float is wanted a whole number will do."""
    if isinstance(value, bool):
        return wanted in (bool, object)
    if wanted is float:
        return isinstance(value, int | float)
    return isinstance(value, wanted)
