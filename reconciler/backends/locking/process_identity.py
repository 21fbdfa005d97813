"""Which process holds a file lock, told so exactly that a reused process number is not taken for the holder."""

from __future__ import annotations

import os
from pathlib import Path


def process_marks(process: int) -> dict[str, str]:
    """Start time, boot and process namespace of a running process; empty where the system does not tell (no /proc).

    Numbers of processes are reused, begin anew after a reboot, and mean something else in another container.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        # The command, in brackets, may hold anything; field 22 of the line is the start in clock ticks.
        start = stat.rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    except (OSError, IndexError, ValueError):
        return {}
    return {"start": start, "boot": boot, "space": space}


def is_dead(process: int, marks: dict[str, str]) -> bool:
    """Whether a process of this host, noted with its marks, is certainly gone.

    Another boot or another process namespace may be another machine of the same name: then only the lease tells.
    """
    here = process_marks(os.getpid())
    if any(marks.get(mark) != here.get(mark) for mark in ("boot", "space")):
        return False
    if not _exists(process):
        return True
    now = process_marks(process)
    if not now or not marks:
        return False
    return now["start"] != marks.get("start") or _is_zombie(process)


def _exists(process: int) -> bool:
    if process <= 0:
        return False
    if os.name == "nt":
        return _exists_on_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _exists_on_windows(process: int) -> bool:
    # Signal 0 would end the process there.
    import ctypes

    loader = getattr(ctypes, "windll", None)
    if loader is None:
        return True
    handle = loader.kernel32.OpenProcess(0x1000, False, process)
    if not handle:
        return False
    loader.kernel32.CloseHandle(handle)
    return True


def _is_zombie(process: int) -> bool:
    # Killed, but its parent has not asked for its exit code yet: it will never write again.
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[:1] in (["Z"], ["X"])
