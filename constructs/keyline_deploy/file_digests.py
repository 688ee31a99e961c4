"""The digests of many files, kept so that an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A file's digest, with the size and the moment of its last change when it was read."""

    size: int
    changed: int
    digest: str


_DECODER = msgspec.json.Decoder(dict[str, _Kept])


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of each file's content, by the file's name."""
    return {name: _digest(path) for name, path in files.items()}


def kept_digests(files: Mapping[str, Path], record: Path) -> dict[str, str]:
    """Return the same as `digests`, and read only files that changed since the last time.

    A file is taken as unchanged while its size and the moment of its last change are the same.

    Parameters
    ----------
    record
        The file that keeps the digests. A damaged one is as good as none.
    """
    before = _recorded(record)
    known = {name: _kept(path, before.get(name)) for name, path in files.items()}
    if any(before.get(name) != kept for name, kept in known.items()):
        _replace(record, msgspec.json.encode(before | known))
    return {name: kept.digest for name, kept in known.items()}


def _recorded(record: Path) -> dict[str, _Kept]:
    try:
        return _DECODER.decode(record.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def _kept(path: Path, before: _Kept | None) -> _Kept:
    is_now = path.stat()
    if before and (before.size, before.changed) == (is_now.st_size, is_now.st_mtime_ns):
        return before
    return _Kept(is_now.st_size, is_now.st_mtime_ns, _digest(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _replace(path: Path, content: bytes) -> None:
    """Write in one step: another process may do the same at this moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_bytes(content)
    fresh.replace(path)
