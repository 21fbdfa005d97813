"""Git repositories for tests, with all that a tree can hold: links, submodules, Git LFS pointers and their files."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from tests.support.manifestfolder import Folder

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n"


@dataclass(frozen=True)
class Repository(Folder):
    """A folder that is a repository; nothing is committed until `commit`."""

    def start(self) -> Repository:
        self.root.mkdir(parents=True, exist_ok=True)
        if not (self.root / ".git").exists():
            self.git("init", "-q")
        return self

    def link(self, path: str, target: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def large(self, path: str, content: str, *, stored: bool = True) -> str:
        """A file that the commit holds as a Git LFS pointer; without `stored` its content is nowhere. The pointer."""
        data = content.encode()
        oid = sha256(data).hexdigest()
        pointer = POINTER.format(oid=oid, size=len(data))
        self.write(path, pointer)
        if stored:
            self.write(f".git/lfs/objects/{oid[:2]}/{oid[2:4]}/{oid}", data)
        return pointer

    def smudge(self, path: str, content: str) -> None:
        """What `git lfs pull` does once the pointer is committed: the file itself in the work tree."""
        self.write(path, content)

    def module(self, path: str, inner: Repository, *, name: str | None = None) -> None:
        """Take the repository `inner`, which lies at `path` and is committed, in as a submodule."""
        with (self.root / ".gitmodules").open("a") as file:
            file.write(f'[submodule "{name or path}"]\n\tpath = {path}\n\turl = ../{path}\n')
        self.git("add", "--", ".gitmodules", path)

    def absorb(self) -> None:
        """Move the git directories of submodules to where `git submodule` keeps them."""
        self.git("submodule", "absorbgitdirs")

    def lose(self, path: str) -> None:
        """A submodule as it is after a clone without it: an empty folder, and its objects nowhere."""
        rmtree(self.root / path)
        (self.root / path).mkdir()
        rmtree(self.root / ".git/modules" / path, ignore_errors=True)


def repository(place: Path) -> Repository:
    """A new repository at `place`."""
    return Repository(place).start()
