"""Files that manifests include with {file: path}: which ones, and a new text for one of them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from reconciler.core.canonical.manifest_words import LITERAL
from reconciler.manifests.read.source_pointer import Misplaced
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def included_files(value: Json) -> Iterator[str]:
    """The path in every `{file: path}` of a body as written."""
    if isinstance(value, dict):
        target = value.get("file")
        if len(value) == 1 and isinstance(target, str):
            yield target
        if len(value) == 1 and (LITERAL in value or isinstance(target, str)):
            return
        for member in value.values():
            yield from included_files(member)
    elif isinstance(value, list):
        for item in value:
            yield from included_files(item)


def file_with_text(data: bytes, text: str, path: str) -> bytes:
    """The bytes of an included file that reads as `text`: encoding, line ends and the last line end as they were.

    Raises `Misplaced` where no file reads as `text`.
    """
    mark, encoding = next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    old = decode(data, path, Findings())
    if old is None:
        raise Misplaced(f"the file {path} cannot be read")
    ending = "\n" if old.endswith("\n") or text.endswith("\n") or not old else ""
    shown = text + ending
    if "\r\n" in old:
        shown = shown.replace("\n", "\r\n")
    try:
        result = mark + shown.encode(encoding)
    except UnicodeEncodeError:
        raise Misplaced(f"the live text cannot be written as {encoding.upper()}, as {path} is") from None
    again = decode(result, path, Findings())
    if again is None or again.replace("\r\n", "\n").removesuffix("\n") != text:
        raise Misplaced("line ends of the live text would not survive in a file; write it into the manifest")
    return result
