"""What looks at values that are filled in. The real validators accept what these accept."""

from collections.abc import Sized

from cmk.rulesets.v1 import Message


class ValidationError(ValueError):
    def __init__(self, message: Message) -> None:
        if not isinstance(message, Message):
            raise TypeError(f"a message is wanted, not {message!r}")
        super().__init__(message.text)
        self.message = message


class _InRange:
    def __init__(
        self,
        min_value: float | None = None,
        max_value: float | None = None,
        error_msg: Message | None = None,
    ) -> None:
        if min_value is None and max_value is None:
            raise ValidationError(Message("a bound is wanted"))
        self.range = (min_value, max_value)
        self.error_msg = error_msg or Message("out of range")

    def _check(self, value: float) -> None:
        least, most = self.range
        if (least is not None and value < least) or (most is not None and value > most):
            raise ValidationError(self.error_msg)


class LengthInRange(_InRange):
    def __call__(self, value: Sized) -> None:
        self._check(len(value))


class NumberInRange(_InRange):
    def __call__(self, value: float) -> None:
        self._check(value)
