"""Manifests for tests of rules: from YAML as a user writes it, without the loader."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from reconciler.api.offline import load_catalogue
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.linting import RuleContext
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.rules import RULES
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Diagnostic, Source
from reconciler.types.json import Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Manifest
from tests.support.records import manifest_of

TAVUS: Mapping[str, KindSpec] = KINDS.all()


def marked(value: Json) -> Json:
    """`{env: X}` and `{file: p}` as references to secrets, `{ref: a.b}` as one to an object."""
    if isinstance(value, dict):
        if len(value) == 1:
            key, inner = next(iter(value.items()))
            if key in ("env", "file") and isinstance(inner, str):
                return SecretRef(key, inner)
            if key == "ref" and isinstance(inner, str):
                return ResourceRef(inner)
        return {key: marked(member) for key, member in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return value


def manifest(
    body: str | Object, kind: str = "persona", name: str = "x", *, kinds: Mapping[str, KindSpec] = TAVUS
) -> Manifest:
    """A manifest whose spec is `body` (YAML text or an object) in canonical words; `kinds`: those of its platform."""
    written = marked(yaml.safe_load(body) if isinstance(body, str) else body)
    assert isinstance(written, dict)
    spec = to_canonical(kinds[kind], written)[0] if kind in kinds else written
    if kinds is TAVUS:
        return manifest_of(Address(kind, name), spec, written, Source(f"{name}.yaml"))
    return Manifest(Address(kind, name), kinds[kind], spec, written, Source(f"{name}.yaml"))


def context(*others: Manifest, **overrides: Json) -> RuleContext:
    """A context with the packaged catalogue, the given manifests and catalogue overrides."""
    return RuleContext(load_catalogue(dict(overrides) or None), {one.address: one for one in others})


def findings(
    code: str, body: str | Object, *others: Manifest, kind: str = "persona", **overrides: Json
) -> list[Diagnostic]:
    """What the rule `code` says about `body`."""
    one = manifest(body, kind)
    return list(RULES.get(code).check(one, context(one, *others, **overrides)))


def said(
    code: str, body: str | Object, *others: Manifest, kind: str = "persona", **overrides: Json
) -> list[tuple[str, str]]:
    """Pointer and severity of each finding."""
    return [(one.pointer or "", one.severity.value) for one in findings(code, body, *others, kind=kind, **overrides)]


def body(**layers: Json) -> Object:
    """A full persona with a prompt, a pinned model and the given layers; names of top-level fields go there."""
    top = {word: layers.pop(word) for word in list(layers) if word not in LAYERS}
    llm = layers.pop("llm", {"model": "tavus-gpt-oss"})
    return {"system_prompt": "You are a coach.", **top, "layers": {"llm": llm, **layers}}


def function(name: str = "look_up", **more: Json) -> Object:
    """An inline tool in the OpenAI form."""
    return {"type": "function", "function": {"name": name, "description": "Looks up.", **more}}


LAYERS = frozenset(
    {"llm", "tts", "stt", "perception", "conversational_flow", "transport", "vqa", "sts", "capabilities"}
)
CUSTOM: Object = {"model": "my-model", "base_url": "https://llm.example.com/v1", "api_key": {"env": "KEY"}}
