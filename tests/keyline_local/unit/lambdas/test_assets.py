"""The code of functions is refreshed by one at a time, also where who asked has gone away."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from keyline_local.lambdas.assets import Asset
from keyline_local.lambdas.file_events import FileEvents


def test_a_refresh_whose_caller_is_cancelled_keeps_the_next_one_waiting(tmp_path: Path) -> None:
    # Given sources that change, and a refresh that writes slowly
    source, code = tmp_path / "app.py", tmp_path / "code"
    source.write_text("1")
    code.mkdir()
    began, may_write, has_written = (threading.Event() for _ in range(3))

    def refresh(folder: Path, _: Sequence[Path]) -> None:
        text = source.read_text()
        if text == "2":
            began.set()
            assert may_write.wait(30)
        (folder / "app.py").write_text(text)
        if text == "2":
            has_written.set()

    async def scenario() -> tuple[str, int]:
        asset = Asset(code, [source], refresh, FileEvents())
        source.write_text("2")
        first = asyncio.create_task(asset.refresh_if_changed())
        assert await asyncio.to_thread(began.wait, 30)
        # When its caller is cancelled, and the source is saved again
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        source.write_text("3 and more")
        second = asyncio.create_task(asset.refresh_if_changed())
        for _ in range(100):  # as far as it gets
            await asyncio.sleep(0.001)
        may_write.set()
        await second
        assert await asyncio.to_thread(has_written.wait, 30)
        return (code / "app.py").read_text(), asset.version

    # Then what was saved last is what runs
    assert asyncio.run(scenario()) == ("3 and more", 2)
