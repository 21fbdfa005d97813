"""Writes the reference and the page of the action: `python .ci/reference [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reference import FOLDER, action, make_pages


def main(words: list[str]) -> int:
    """Write every page into the folder named, and take away pages of ours that are no more. Returns an exit code."""
    folder = Path(words[0] if words else FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    pages = make_pages()
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, "utf-8")
    if not words:
        (action.HOME / "README.md").write_text(action.page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
