"""Changes of source folders are noticed, and nothing else is."""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from keyline_local.lambdas import file_events, sources
from keyline_local.lambdas.file_events import FileEvents
from keyline_local.lambdas.sources import Sources


@pytest.fixture(params=["told", "not told"])
def events(request: pytest.FixtureRequest) -> Iterator[FileEvents]:
    """Yield what the system tells, and a system that tells nothing."""
    made = FileEvents()
    if request.param == "not told":
        made.close()
    yield made
    made.close()


@pytest.fixture
def told() -> Iterator[FileEvents]:
    made = FileEvents()
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("a = 1\n")
    return tmp_path


def same_size_same_second(root: Path) -> None:
    path = root / "pkg" / "a.py"
    status = path.stat()
    path.write_text("a = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def atomic_replace(root: Path) -> None:
    (root / "draft").write_text("a = 3\n")
    (root / "draft").replace(root / "pkg" / "a.py")


@pytest.mark.parametrize(
    "change",
    [
        same_size_same_second,
        atomic_replace,
        lambda root: (root / "pkg" / "b.py").write_text(""),
        lambda root: (root / "pkg" / "a.py").unlink(),
        lambda root: (
            (root / "new" / "deep").mkdir(parents=True)
            or (root / "new" / "deep" / "c.py").write_text("")
        ),
    ],
    ids=["edit", "replace", "add", "remove", "add in a new folder"],
)
def test_change_is_seen_until_it_is_accepted(
    root: Path, events: FileEvents, change: Callable[[Path], object]
) -> None:
    sources = Sources([root], events)
    assert not sources.changed()
    assert not sources.changed()
    change(root)
    assert sources.changed()
    assert sources.changed()
    sources.accept(sources.scan())
    assert not sources.changed()


def test_bytecode_and_editor_files_are_no_change(root: Path, events: FileEvents) -> None:
    sources = Sources([root], events)
    (root / "pkg" / "__pycache__").mkdir()
    (root / "pkg" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"x")
    (root / "pkg" / ".a.py.swp").write_text("")
    assert not sources.changed()
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert sources.changed()


def test_single_file_root(root: Path, events: FileEvents) -> None:
    sources = Sources([root / "pkg" / "a.py"], events)
    (root / "pkg" / "b.py").write_text("")
    assert not sources.changed()
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert sources.changed()


def test_every_change_of_many_is_seen_at_once(root: Path, events: FileEvents) -> None:
    found = Sources([root], events)
    for number in range(20):
        folder = root / f"new{number}"
        first, second = folder / "a.py", folder / "b.py"
        changes: list[Callable[[], object]] = [
            folder.mkdir,
            partial(first.write_text, "a = 1\n"),
            partial(first.write_text, "a = 2\n"),
            partial(first.rename, second),
            second.unlink,
        ]
        for change in changes:
            change()
            seen = found.changed()
            assert seen or change is changes[0]  # an empty folder is not a source
            found.accept(found.scan())
            assert not found.changed()


def test_a_linked_file_elsewhere_is_watched_too(
    root: Path, events: FileEvents, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "a.py"
    elsewhere.write_text("a = 1\n")
    (root / "link.py").symlink_to(elsewhere)
    found = Sources([root], events)
    assert not found.changed()
    elsewhere.write_text("a = 22\n")
    assert found.changed()


def test_nothing_is_looked_at_where_nothing_has_happened(
    root: Path, told: FileEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Sources([root], told)
    assert not found.changed()
    looked: list[str] = []
    stamp = sources._stamp

    def look(path: str) -> object:
        looked.append(path)
        return stamp(path)

    monkeypatch.setattr(sources, "_stamp", look)
    assert not any(found.changed() for _ in range(100))
    assert looked == []
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert found.changed()
    assert looked


def test_where_no_more_can_be_watched_everything_is_looked_at(
    root: Path, told: FileEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_events.FileEvents, "_add", lambda *_: False)
    found = Sources([root], told)
    assert not found.changed()
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert found.changed()


def test_a_change_between_a_scan_and_its_acceptance_is_seen(root: Path, events: FileEvents) -> None:
    found = Sources([root], events)
    (root / "pkg" / "a.py").write_text("a = 22\n")
    assert found.changed()
    state = found.scan()
    (root / "pkg" / "a.py").write_text("a = 333\n")
    assert found.changed()  # by somebody else, who takes note of the event
    found.accept(state)
    assert found.changed()


def test_a_change_before_anything_is_watched_is_seen(
    root: Path, told: FileEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = told.watch

    def late(paths: Iterable[str]) -> None:
        (root / "pkg" / "a.py").write_text("a = 22\n")
        watch(paths)

    monkeypatch.setattr(told, "watch", late)
    assert Sources([root], told).changed()
