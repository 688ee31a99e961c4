"""The summary of all benchmarks: `results.json`, a page, a picture, and what has become worse.

    python -m benchmarks.summary [--against FILE]

It reads the kept result of each benchmark, and measures nothing.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import Any

import msgspec

from benchmarks.files import file_of, found, kept
from benchmarks.ratio import Ratio
from keyline_deploy.project import ROOT
from keyline_ops.diagrams.svg import Picture

RESULTS = ROOT / "benchmarks" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "benchmarks.svg"
WORSE = 1.15
"""How much larger a ratio may be than before. A machine that is busy moves each by some percent."""

_LINE, _GAP, _LEFT, _WIDTH = 17.0, 10.0, 8.0, 290.0
"""Pixels. A picture fits on a telephone, and long names are cut into lines."""
_LETTERS = 48
_LEAST, _MOST = 0.005, 6.0
_MARKS = (0.01, 0.1, 1.0)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The ratios of a benchmark.

    Attributes
    ----------
    benchmark
        Its module.
    where
        The machine.
    """

    benchmark: str
    where: str
    ratios: list[Ratio]


def read() -> list[Measured]:
    """Return the kept ratios of all benchmarks that compare."""
    everything = []
    for name in found():
        result: Any = json.loads(kept(name).read_text(encoding="utf-8"))
        if isinstance(result, Mapping) and (ratios := result.get("ratios")):
            where = result.get("where") or result["machine"]
            everything.append(
                Measured(benchmark=name, where=where, ratios=msgspec.convert(ratios, list[Ratio]))
            )
    return everything


def worse(before: Sequence[Measured], after: Sequence[Measured]) -> list[str]:
    """Name each ratio that is larger than before by more than 15 %, and each that is gone.

    A busy machine moves the median of some rounds, but not their best one. So where the rounds were
    kept, the best one must be larger than the median was, too.
    """
    now = {(m.benchmark, r.what, r.against): r for m in after for r in m.ratios}
    told = []
    for measured in before:
        for old in measured.ratios:
            new = now.get((measured.benchmark, old.what, old.against))
            place = f"{measured.benchmark}: {old.what}, beside {old.against}"
            if new is None:
                told.append(f"{place}: is not measured any more")
            elif _is_worse(old, new):
                told.append(f"{place}: {old.value:g} before, {new.value:g} now")
    return told


def _is_worse(old: Ratio, new: Ratio) -> bool:
    best = new.value if new.least is None else new.least
    return new.value > old.value * WORSE and best > old.value


def page(everything: Sequence[Measured]) -> str:
    """Return the page of the benchmarks, in Markdown."""
    lines = [
        "# Benchmarks",
        "",
        "<!-- Written by `python -m benchmarks.summary`. -->",
        "",
        "`make bench` runs all benchmarks, and writes this page. Each row is a share: what Keyline",
        "takes of what the other takes, in the same run. Less is better, and 1 is equal. The span",
        "goes from the smallest to the largest round, where the rounds were kept. The page has no",
        "times: a time says most about the machine.",
        "",
        "![Each ratio on a line, from a hundredth to more than one](images/benchmarks.svg)",
    ]
    for measured in everything:
        name = measured.benchmark
        # Only its line in the README links into a system (tests/project/test_docs_index.py).
        ours = not name.startswith("systems.")
        lines += [
            "",
            f"## [{name}](../{name.replace('.', '/')}.py)" if ours else f"## {name}",
            "",
            f"{_subject(name)} Measured on {measured.where}.",
            "",
            "| what | beside | share | span | budget |",
            "|---|---|---:|---|---|",
            *(_row(ratio) for ratio in measured.ratios),
        ]
    lines += [
        "",
        "## What has become worse",
        "",
        "`make bench` compares each share with the share that was kept, and fails if one is larger",
        "by more than 15 %. Where rounds were kept, the best of them must be larger than the share",
        "that was kept, too: a busy machine moves a median, but not the best round.",
        "[A job](../.github/workflows/bench.yml) runs it each week.",
    ]
    return "\n".join(lines) + "\n"


def _subject(name: str) -> str:
    """Return the first sentence of a benchmark."""
    tree = ast.parse(file_of(name).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").partition("\n\n")[0]


def _row(ratio: Ratio) -> str:
    span = f"{ratio.least:g} to {ratio.most:g}" if ratio.least is not None else ""
    budget = ""
    if ratio.budget is not None:
        budget = f"{ratio.budget:g}" if ratio.is_met else f"**{ratio.budget:g}, missed**"
    return f"| {ratio.what} | {ratio.against} | {ratio.value:g} | {span} | {budget} |"


def picture(everything: Sequence[Measured]) -> str:
    """Return the picture of all ratios on a logarithmic line, as SVG."""
    made = Picture("What Keyline takes, as a share of what others take. Left of 1 is less.")
    bottom = 0.0
    for measured in everything:
        bottom = _group(made, measured, bottom)
    return made.document()


def _group(made: Picture, measured: Measured, top: float) -> float:
    """Draw the ratios of a benchmark below a place, and return where they end."""
    y = top + 2 * _LINE
    made.text(_LEFT, y, measured.benchmark, "strong")
    y += _LINE
    for mark in _MARKS:
        made.text(_across(mark), y, f"{mark:g}", "muted", "middle")
    for what, ratios in groupby(measured.ratios, key=lambda ratio: ratio.what):
        y += _GAP
        for line in wrap(what, _LETTERS):
            y += _LINE
            made.text(_LEFT, y, line)
        for ratio in ratios:
            y = _share(made, ratio, y)
    return y


def _share(made: Picture, ratio: Ratio, top: float) -> float:
    """Draw a ratio below a place, and return where it ends."""
    y = top
    for line in wrap(f"beside {ratio.against}", _LETTERS):
        y += _LINE
        made.text(_LEFT, y, line, "muted")
    y += _LINE
    for mark in _MARKS:
        made.line([(_across(mark), y - 11), (_across(mark), y + 2)])
    if ratio.least is not None and ratio.most is not None:
        span = [(_across(share), y - 4.5) for share in (ratio.least, ratio.most)]
        made.line(span, kind="curve")
    x = _across(ratio.value)
    made.box(x - 4, y - 8.5, 8, 8, "head" if ratio.is_met else "box")
    made.text(_LEFT + _WIDTH + 12, y, f"{ratio.value:g}", "strong" if ratio.is_met else "muted")
    return y


def _across(share: float) -> float:
    """Return where a share stands on the line, in pixels from the picture's left end."""
    inside = min(max(share, _LEAST), _MOST)
    part = math.log(inside / _LEAST) / math.log(_MOST / _LEAST)
    return round(_LEFT + part * _WIDTH, 1)


def write(everything: Sequence[Measured]) -> None:
    """Write the results, the page and the picture."""
    text = json.dumps(msgspec.to_builtins(everything), indent=2)
    RESULTS.write_text(f"{text}\n", encoding="utf-8")
    PAGE.write_text(page(everything), encoding="utf-8")
    PICTURE.write_text(picture(everything), encoding="utf-8")


def kept_results(file: Path) -> list[Measured]:
    """Read what an earlier run found; nothing if there is no such file."""
    if not file.is_file():
        return []
    return msgspec.json.decode(file.read_bytes(), type=list[Measured])


def main() -> int:
    """Write what was found; 1 if something has become worse."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--against", type=Path, default=RESULTS, help="the results to compare with"
    )
    given = options.parse_args()
    before, after = kept_results(given.against), read()
    write(after)
    told = worse(before, after)
    for line in told:
        print(line)
    return int(bool(told))


if __name__ == "__main__":
    raise SystemExit(main())
