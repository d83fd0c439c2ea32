"""A stranger's texts: made fit for files, and for messages."""

from __future__ import annotations

_SHOWN_CHARACTERS = 60


def storable(text: str) -> str:
    """The text with U+FFFD in the place of lone surrogates, which UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def shown(value: object) -> str:
    """A value for a message: on one line, printable, and short."""
    text = repr(value[:_SHOWN_CHARACTERS] if isinstance(value, str) else value)
    if len(text) <= _SHOWN_CHARACTERS:
        return text
    return f"{text[:_SHOWN_CHARACTERS]}…"
