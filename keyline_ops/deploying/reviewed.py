"""The proof that the waves of a deployment are those that were reviewed, file by file."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from keyline.errors import KeylineError
from keyline_deploy.file_digests import digests


class NotReviewedError(KeylineError):
    """A folder of waves that is not the one that was reviewed."""


def folder_digest(folder: Path) -> str:
    """Return the SHA-256 over the name and the content of every file in a folder."""
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    whole = hashlib.sha256()
    for name, content in sorted(digests(files).items()):
        whole.update(f"{name}\0{content}\n".encode())
    return whole.hexdigest()


def check_reviewed(folder: Path, digest: str) -> None:
    """Refuse waves that differ from those that were reviewed.

    Parameters
    ----------
    digest
        What the dry run printed that wrote the waves.

    Raises
    ------
    NotReviewedError
        If a file was changed, added or removed since.
    """
    found = folder_digest(folder)
    if found != digest:
        raise NotReviewedError(
            f"--waves {folder}",
            f"are not the waves that were reviewed: their digest is {found}, not {digest}.",
            "Write the waves again with a dry run, and review them.",
        )


if __name__ == "__main__":
    print(folder_digest(Path(sys.argv[1])))
