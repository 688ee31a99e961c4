"""The result of a benchmark: printed, and kept as JSON beside the others."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import convert, to_builtins

from benchmarks.ratio import Ratio, report


def parser(description: str | None, module: str) -> argparse.ArgumentParser:
    """Return a parser of a benchmark's options: `--help`, and `--json`.

    Parameters
    ----------
    module
        The file of the benchmark. Its result is `results/<name>.json` beside it by default.
    """
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    file = Path(module)
    default = file.parent / "results" / f"{file.stem}.json"
    made.add_argument(
        "--json",
        type=Path,
        nargs="?",
        const=default,
        default=default,
        help="where the result is written",
    )
    return made


def machine() -> str:
    """Return where it was measured: no figure means anything without it."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}"
    )


def met(result: Mapping[str, Any]) -> int:
    """Print the ratios of a result, and return the exit code: 1 if one misses its budget."""
    return report(convert(result["ratios"], list[Ratio]))


def keep(result: Any, file: Path | None) -> None:
    """Print a result and write it to a file, in JSON.

    Parameters
    ----------
    result
        Mappings, lists, dataclasses, Structs such as `Ratio`, and what JSON has.
    file
        None to print the result alone.
    """
    text = json.dumps(to_builtins(result, str_keys=True), indent=2) + "\n"
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(text, end="")
