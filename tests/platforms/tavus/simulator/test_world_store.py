"""The world file under several writers, several processes, and kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.world import World
from reconciler.platforms.tavus.simulator.world_file import WorldUnreadable
from reconciler.platforms.tavus.simulator.world_store import LOG_FROM, Store, StoreUnusable
from tests.support import forked

WRITER = """
import sys
from pathlib import Path
from reconciler.platforms.tavus.simulator.http_types import Reply
from reconciler.platforms.tavus.simulator.world_store import Store

store = Store(Path(sys.argv[1]), log_from=int(sys.argv[4]))
for number in range(int(sys.argv[3])):
    name = f"{sys.argv[2]}{number}"
    store.write(lambda world: world.put("pals", name, {"pal_name": name}) or Reply(200))
    print(name, flush=True)
"""


def put(id: str, **body: str) -> Callable[[World], Reply]:
    def work(world: World) -> Reply:
        world.put("pals", id, {"pal_name": id, **body})
        return Reply(200)

    return work


def names(store: Store) -> list[str]:
    found: list[str] = []

    def work(world: World) -> Reply:
        found.extend(id for id, _ in world.own("pals"))
        return Reply(200)

    store.read(work)
    return found


def in_file(path: Path) -> list[str]:
    """The account's personas as another process finds them."""
    if path.with_name(f".{path.name}.log").exists():
        return names(Store(path))
    pals = json.loads(path.read_text())["objects"]["pals"]
    return [id for id, body in pals.items() if "$type" not in body]


@pytest.fixture(params=[LOG_FROM, 0], ids=["whole", "log"])
def log_from(request: pytest.FixtureRequest) -> int:
    """Every test runs with a file that is rewritten, and with one that is large enough for a log."""
    return int(request.param)


@pytest.fixture
def open_store(log_from: int) -> Callable[[Path], Store]:
    return partial(Store, log_from=log_from)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "world.json"


def spawn(path: Path, prefix: str, count: int, log_from: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[4]
    return forked.Popen(
        [sys.executable, "-c", WRITER, str(path), prefix, str(count), str(log_from)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_a_write_is_in_the_file_before_it_is_answered(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    for number in range(3):
        assert store.write(put(f"p{number}")).status == 200
        assert in_file(path) == [f"p{n}" for n in range(number + 1)]
    store.close()
    assert names(open_store(path)) == ["p0", "p1", "p2"]


def test_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(None)
    store.write(put("p1"))
    assert names(store) == ["p1"]
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_a_refused_write_does_not_touch_the_file(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    before = path.stat()
    store.write(lambda _: Reply(400))
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_work_that_fails_leaves_nothing_behind(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1"))

    def work(world: World) -> Reply:
        world.put("pals", "p2", {})
        world.drop("pals", "p1")
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        store.write(work)
    assert names(store) == in_file(path) == ["p1"]
    store.write(put("p3"))
    assert in_file(path) == ["p1", "p3"]


def test_two_stores_on_one_file_lose_nothing(path: Path, open_store: Callable[[Path], Store]) -> None:
    first, second = open_store(path), open_store(path)
    for number in range(10):
        first.write(put(f"a{number}"))
        second.write(put(f"b{number}"))
    assert names(first) == names(second) == in_file(path)
    assert len(in_file(path)) == 20


def test_threads_are_saved_together_and_lose_nothing(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    start = threading.Barrier(8)

    def write(prefix: str) -> None:
        start.wait()
        for number in range(20):
            store.write(put(f"{prefix}{number}"))

    threads = [threading.Thread(target=write, args=(prefix,)) for prefix in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(in_file(path)) == 160
    assert sorted(names(store)) == sorted(in_file(path))


def test_processes_lose_nothing(path: Path, open_store: Callable[[Path], Store], log_from: int) -> None:
    open_store(path)
    children = [spawn(path, prefix, 40, log_from) for prefix in "xyz"]
    for child in children:
        child.communicate()
        assert child.returncode == 0
    assert sorted(in_file(path)) == sorted(f"{prefix}{number}" for prefix in "xyz" for number in range(40))


def test_kill_9_keeps_every_answered_write(path: Path, open_store: Callable[[Path], Store], log_from: int) -> None:
    for round in range(3):
        child = spawn(path, f"k{round}_", 5_000, log_from)
        assert child.stdout is not None
        answered = [child.stdout.readline().strip() for _ in range(30)]
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        answered += [line for line in rest.splitlines() if line]
        found = set(in_file(path))
        assert set(answered[:-1]) <= found, "the last line may be torn, the others were answered"
        assert len([name for name in found if name.startswith(f"k{round}_")]) <= len(answered) + 1
    assert open_store(path).write(put("after")).status == 200


def test_edits_by_hand_are_taken_over(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1"))
    data = json.loads(path.read_text())
    data["objects"]["pals"]["mine"] = {"pal_name": "Mine", "layers": {"llm": {"api_key": "sk-clear"}}}
    path.write_text(json.dumps(data))
    assert sorted(names(store)) == ["mine", "p1"]
    store.write(put("p2"))
    assert sorted(in_file(path)) == ["mine", "p1", "p2"]
    assert "sk-clear" not in path.read_text()


def test_a_torn_line_of_the_log_is_no_change(path: Path) -> None:
    store = Store(path, log_from=0)
    for name in ("p1", "p2"):
        store.write(put(name))
    log = path.with_name(".world.json.log")
    whole = log.read_bytes()
    assert whole.count(b"\n") == 2
    log.write_bytes(whole[:-5])
    other = Store(path, log_from=0)
    assert names(other) == ["p1"]
    other.write(put("p3"))
    assert names(Store(path)) == ["p1", "p3"]


def test_a_log_of_an_older_file_is_ignored(path: Path) -> None:
    store = Store(path, log_from=0)
    store.write(put("p1"))
    log = path.with_name(".world.json.log")
    old = log.read_bytes()
    store.write(lambda world: world.drop("pals", "p1") or Reply(204))
    store.close()
    assert not log.exists()
    log.write_bytes(old)
    again = Store(path, log_from=0)
    assert names(again) == []
    again.write(put("p2"))
    assert names(Store(path)) == ["p2"]


def test_a_log_that_has_grown_is_taken_into_the_file(path: Path) -> None:
    store, log = Store(path, log_from=0), path.with_name(".world.json.log")
    before = path.stat().st_size
    for number in range(40):
        store.write(put(f"p{number}", system_prompt="x" * 1_000))
    assert path.stat().st_size > before + 10_000
    assert not log.exists() or log.stat().st_size < 40_000
    assert len(names(Store(path))) == 40


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b'{"generation": 1, "changes": [["cats", "c", {}]]}\n'])
def test_a_damaged_log_is_named(path: Path, line: bytes) -> None:
    Store(path)
    path.with_name(".world.json.log").write_bytes(line)
    with pytest.raises(WorldUnreadable, match=r"\.world\.json\.log"):
        Store(path)


def test_a_file_that_went_away_is_written_again(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1"))
    path.unlink()
    assert names(store) == ["p1"]
    store.write(put("p2"))
    assert in_file(path) == ["p1", "p2"]


def test_a_damaged_file_is_not_overwritten(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1"))
    path.write_text("{ torn")
    for attempt in (lambda: store.write(put("p2")), lambda: names(store), lambda: open_store(path)):
        with pytest.raises(WorldUnreadable):
            attempt()
    assert path.read_text() == "{ torn"


def test_a_full_disk_is_an_error_and_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, open_store: Callable[[Path], Store]
) -> None:
    store = open_store(path)
    store.write(put("p1"))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        patch.setattr(Store, "_append", fail)
        with pytest.raises(StoreUnusable, match="No space left on device") as caught:
            store.write(put("p2"))
    assert caught.value.hint
    assert names(store) == in_file(path) == ["p1"]
    store.write(put("p3"))
    assert in_file(path) == ["p1", "p3"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="cannot open"):
        Store(tmp_path / "file" / "world.json")
    with pytest.raises(StoreUnusable):
        Store(tmp_path)


def test_half_a_surrogate_pair_is_stored(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1", system_prompt="\ud800"))
    store.close()
    assert json.loads(path.read_bytes())["objects"]["pals"]["p1"]["system_prompt"] == "\ud800"
    assert names(open_store(path)) == ["p1"]


def test_a_closed_store_can_be_used_again(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.close()
    store.close()
    store.write(put("p1"))
    assert in_file(path) == ["p1"]


def test_no_other_files_are_left(path: Path, open_store: Callable[[Path], Store]) -> None:
    store = open_store(path)
    store.write(put("p1"))
    store.close()
    assert sorted(item.name for item in path.parent.iterdir()) == [".world.json.lock", "world.json"]


def test_a_world_is_its_owners_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "world.json", log_from=1)
    for number in range(5):
        store.write(put(f"p{number}"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert "world.json" in modes
    assert set(modes.values()) == {0o600}
