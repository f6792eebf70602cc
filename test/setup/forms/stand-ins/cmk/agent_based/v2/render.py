"""Numbers for people: near enough to the real ones."""


def timespan(seconds: float) -> str:
    if seconds < 0:
        raise ValueError("a time span is not negative")
    return f"{seconds:.0f} seconds"


def bytes(bytes_: float) -> str:
    return f"{bytes_:.0f} B"
