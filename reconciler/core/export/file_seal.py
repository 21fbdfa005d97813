"""Seals on generated files: a digest by which a file that somebody changed is told from one that nobody touched.

The digest is over the text with zeros in its own place, line ends as LF, so that it survives a checkout on Windows.
"""

from __future__ import annotations

import hashlib
import re

OPEN = "sha256:" + "0" * 64
"""What a generated text has in the place of its seal; the first one counts."""
_SEAL = re.compile(r"sha256:[0-9a-f]{64}")


def sealed(text: str) -> str:
    """`text` with its first `OPEN` made a seal. Raises `ValueError` where it has none."""
    if OPEN not in text:
        raise ValueError("the text has no place for a seal")
    return text.replace(OPEN, _seal(text), 1)


def is_untouched(data: bytes) -> bool:
    """Whether the seal of a file fits: nobody changed it since it was generated."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return False
    found = _SEAL.search(text)
    return found is not None and found.group() == _seal(_SEAL.sub(OPEN, text, count=1))


def _seal(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
