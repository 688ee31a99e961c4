"""The body of a refusal of a service that speaks JSON."""

from __future__ import annotations

import msgspec


class Refused(msgspec.Struct):
    """The words of a refusal. Some services write `message`, and others `Message`."""

    kind: str = msgspec.field(name="__type", default="")
    message: str | None = None
    capital: str = msgspec.field(name="Message", default="")

    @property
    def code(self) -> str:
        """The name of the error."""
        return self.kind.partition(":")[0].rpartition("#")[2]

    @property
    def text(self) -> str:
        """The message."""
        return self.capital if self.message is None else self.message


_DECODER = msgspec.json.Decoder(Refused)


def refused(body: bytes) -> Refused | None:
    """Read the body of a refusal; None where it is not JSON of that form."""
    try:
        return _DECODER.decode(body.decode())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
