"""The CDK's packages for JavaScript, of the very versions that Python's run.

Python's packages of the CDK hold those of JavaScript, so nothing is fetched.
"""

from __future__ import annotations

import sysconfig
import tarfile
from pathlib import Path

_HELD = "*/_jsii/*.jsii.tgz"
_TOP = "package/"


def unpack(folder: Path) -> None:
    """Unpack them into `node_modules` of a folder, where a program of that folder finds them."""
    installed = Path(sysconfig.get_path("purelib"))
    for archive in (*installed.glob(_HELD), *installed.glob(f"aws_cdk/{_HELD}")):
        name = archive.name.partition("@")[0]
        is_scoped = archive.parents[2].name == "aws_cdk"
        place = folder / "node_modules" / (f"@aws-cdk/{name}" if is_scoped else name)
        with tarfile.open(archive) as held:
            members = [_inside(each) for each in held if each.name.startswith(_TOP)]
            held.extractall(place, members=members, filter="data")


def _inside(member: tarfile.TarInfo) -> tarfile.TarInfo:
    return member.replace(name=member.name.removeprefix(_TOP), deep=False)
