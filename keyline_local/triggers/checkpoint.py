"""The place that a stream mapping has reached, kept in a file: a restart goes on from there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from keyline_local.host.errors import LocalPlatformError


@dataclass(frozen=True)
class Checkpoint:
    """A place in a stream: after a record, or where an iterator stands.

    Attributes
    ----------
    stream_arn
        The stream's name in the engine. A table that was deleted and made again has another
        stream, so that an old checkpoint never points into a new stream.
    sequence_number
        The last record that is done with; None before the first.
    iterator
        Where LATEST was when the mapping first started; used until there is a number.
    """

    stream_arn: str
    sequence_number: str | None = None
    iterator: str | None = None


class CheckpointFile:
    """The checkpoint of one mapping on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Checkpoint | None:
        """Return the checkpoint, or None if there is none yet.

        Raises
        ------
        LocalPlatformError
            The file holds something else.
        """
        try:
            return Checkpoint(**json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise LocalPlatformError(
                str(self._path),
                f"no checkpoint: {error}",
                "delete the file; the mapping then starts at its starting position",
            ) from error

    def write(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint in one step, so that a kill leaves the old one or the new."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(checkpoint)), encoding="utf-8")
        fresh.replace(self._path)
