"""Compares the newest packages of the vendors with what stands here: `python .ci/upstream [FOLDER OF WHEELS]`.

Exit code 1: there are differences, each is printed. 2: a package could not be had, or is built otherwise than it was.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from upstream import PACKAGES, Wheel, differences
from upstream.declared import Unreadable


def main(words: list[str]) -> int:
    """Compare the wheels in a folder, or the newest of the package index. Returns an exit code."""
    if words:
        return compare(Path(words[0]))
    with TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder]
        if subprocess.run([*pip, *PACKAGES], check=False, timeout=600).returncode:
            sys.stderr.write("the packages could not be downloaded\n")
            return 2
        return compare(Path(folder))


def compare(folder: Path) -> int:
    """Print what differs; an exit code."""
    code = 0
    try:
        wheels = {wheel.name: wheel for wheel in map(Wheel, sorted(folder.glob("*.whl")))}
    except Unreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for name in PACKAGES:
        try:
            if name not in wheels:
                raise Unreadable(f"there is no wheel of {name} in {folder}")
            lines = list(differences(wheels[name]))
        except Unreadable as error:
            sys.stderr.write(f"{error}\n")
            code = 2
            continue
        for line in lines or [f"{name} {wheels[name].version}: nothing differs"]:
            sys.stdout.write(f"{line}\n")
        code = max(code, 1 if lines else 0)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
