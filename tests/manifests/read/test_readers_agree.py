"""What we write, every reader reads the same: PyYAML with and without C (YAML 1.1), ruamel.yaml (1.2), ourselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.canonical.raw_edit import edit_document
from reconciler.manifests.edit.editable_file import rewrite
from reconciler.manifests.edit.manifest_writer import manifest_file, write_document
from reconciler.manifests.read.json_text import parse_json
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json, Object
from reconciler.types.manifest import SetValue


def ours(text: str) -> Json:
    findings = Findings()
    ((_, value),) = parse_yaml(text, "x.yaml", findings)
    assert findings.items == []
    return value


def ruamel(text: str) -> Json:
    return YAML(typ="safe", pure=True).load(StringIO(text))  # type: ignore[no-any-return]


READERS: dict[str, Callable[[str], Any]] = {
    "PyYAML": lambda text: yaml.load(text, Loader=yaml.SafeLoader),
    "PyYAML in C": lambda text: yaml.load(text, Loader=yaml.CSafeLoader),
    "ruamel.yaml": ruamel,
    "this program": ours,
}

SIGNS = list("?!:,-#&*|>%@`'\"\\/[]{}()=~<._$+ \t\n\x07\x7f\x85\xa0\u2028\ufeffé🎉")
WORDS = [
    "  ", "\n\n", " \n", ": ", " #", "? ", "- ", "--- ", "...", "a", "B", "is a badge visible", "yes", "on", "null",
    "Null", "true", "FALSE", "y", "N", "1", "0", "12", "1_000", "0x1F", "0o7", "010", "1e3", "1.5", ".5", ".inf",
    ".NaN", "2026-01-31", "12:30:00", "190:20:30.15", "<<", "{{name}}", "${X}", "!!str", "&a", "*a", "T10:00:00Z",
]  # fmt: skip
PIECES = st.sampled_from(SIGNS + WORDS)
TEXT = st.lists(PIECES, max_size=5).map("".join) | st.text(st.characters(codec="utf-8"), max_size=12)
KEY = TEXT.filter(lambda text: len(text) < 100)
NUMBER = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    TEXT | NUMBER | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=8,
)


def exactly(left: Json, right: Json) -> bool:
    """Equal, types included; 1 and 1.0 are one number."""
    return json_equal(left, right) and json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEY, VALUE, min_size=1, max_size=4))
@example({"queries": ["Is a badge visible?", "Is it?, or not"]})
@example({"a": {"b": ["x", "y?", "a:b", "a :b"]}})
@example({"speed": 1e22, "small": 1.5e-9, "tiny": 1e-07, "zero": -0.0})
@example({"a": ["\n lead", "  two\nlines", "x\n\n", "tail \n"], "y": "no", "n": {"on": "off"}})
@example({"t": "\ttab first\nthen", "u": "one\n\ttab second", "v": "\n\n  deep\n"})
def test_documents(reader: str, document: Object) -> None:
    text = write_document(document)
    assert exactly(READERS[reader](text), document), text


SHAPES = {
    "block": "a:\n  b: one\n  c:\n  - x\n  - y: z\nd: 'q'\n",
    "flow": 'a: {b: one, c: [x, {y: z}]}\nd: "q"\n',
    "json": '{\n  "a": {"b": "one", "c": ["x", {"y": "z"}]},\n  "d": "q"\n}\n',
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["/a/b", "/a/c/0", "/a/c/1/y", "/a/new", "/d", "/e"]), VALUE)
@example("/a/c/0", "Is a badge visible?")
@example("/a/c", ["Is a badge visible?", "x"])
@example("/a/new", 1e22)
def test_edits(reader: str, shape: str, pointer: str, value: Json) -> None:
    data = SHAPES[shape].encode()
    edit = SetValue(pointer, value)
    expected = edit_document(ours(SHAPES[shape]), edit)
    written = rewrite(data, "x.json" if shape == "json" else "x.yaml", [(0, edit)]).decode()
    if shape == "json":
        assert exactly(json.loads(written), expected)
        findings = Findings()
        assert exactly(parse_json(written, "x.json", findings)[0][1], expected)
        return
    assert exactly(READERS[reader](written), expected), written


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(KEY, VALUE, max_size=3), st.text(st.characters(codec="utf-8"), min_size=301, max_size=320) | TEXT
)
def test_whole_manifests(spec: Object, prompt: str) -> None:
    """A file is YAML that all agree on, JSON, or Markdown whose front matter is such YAML."""
    document: Object = {
        "apiVersion": "personas/v1",
        "kind": "Persona",
        "metadata": {"name": "x"},
        "spec": {**spec, "system_prompt": prompt},
    }
    file = manifest_file(document)
    assert file is not None
    text = file.data.decode()
    if file.suffix == ".json":
        assert exactly(json.loads(text), document)
        return
    if file.suffix == ".md":
        front, _, body = text.removeprefix("---\n").partition("\n---\n\n")
        assert body == f"{prompt}\n"
        text = front + "\n"
        document = {**document, "spec": spec}
        document["spec"] = {key: value for key, value in spec.items() if key != "system_prompt"}
    for name, reader in READERS.items():
        assert exactly(reader(text), document), (name, text)
