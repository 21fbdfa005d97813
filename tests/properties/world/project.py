"""The files of a project as a person keeps them: written in every spelling, read by readers that are not ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.properties.world.oracle import NAME, Manifest, Policy
from tests.properties.world.trees import merge
from tests.properties.world.words import HEADS, PAL, SPELLINGS, Env, Ref, Tree, canonical

KINDS = {word: kind for kind, word in HEADS.items()} | {"PAL": "persona"}
PERSONA = {pal: persona for persona, pal in PAL.items()}
WORKSPACES = ("sandbox", "staging")
FACE = "rfe12d8b9597"
API = {"apiVersion": "personas/v1"}


@dataclass
class Doc:
    """One document. `spec` is the API body in PAL words with `Ref`, `Env` in it; `file` says how it is spelled."""

    address: str
    spec: Tree
    file: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    lifecycle: Tree = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    words: str = "pal"
    by_name: bool = False
    """Tools stand by their names, not as references."""
    included: bool = False
    """The prompt stands in a file of its own."""
    shared: bool = False
    """The description is a value of the project file, in two parts."""
    anchored: bool = False
    """Values that are equal stand once, the others are aliases; mappings that hold another one merge it."""

    @property
    def kind(self) -> str:
        return self.address.partition(".")[0]

    @property
    def name(self) -> str:
        return self.address.partition(".")[2]


@dataclass
class Project:
    """Documents, overlays, Moved and Removed documents; `write` makes the folder say the same."""

    folder: Path
    docs: dict[str, Doc] = field(default_factory=dict)
    overlays: dict[str, Tree] = field(default_factory=dict)
    """Address -> {spec, lifecycle}: what the workspace `staging` sets differently."""
    moves: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """By migration: a word, or words by address (`*`: all)."""
    name: str = "world"
    provider: Tree = field(default_factory=lambda: {"type": "tavus", "api_key": {"env": "TAVUS_API_KEY"}})
    state: Tree | None = None
    """The settings of the state, if it does not lie in the project's own folder."""
    account: Tree = field(default_factory=dict)
    """What the project file says of the account that both workspaces share; empty: it has no name."""
    policy: Policy = Policy()
    written: dict[str, str] = field(default_factory=dict)

    @property
    def manifests(self) -> Path:
        return self.folder / "manifests"

    def wanted(self, workspace: str, env: Mapping[str, str]) -> dict[str, Manifest]:
        """What a workspace wants, in the oracle's words; names that come from variables in clear."""
        over = self.overlays if workspace == "staging" else {}
        return {a: self._manifest(doc, over.get(a, {}), workspace, env) for a, doc in self.docs.items()}

    def _manifest(self, doc: Doc, over: Tree, workspace: str, env: Mapping[str, str]) -> Manifest:
        spec = merge(doc.spec, over.get("spec", {}))
        life = merge(doc.lifecycle, over.get("lifecycle", {}))
        assert isinstance(spec, dict) and isinstance(life, dict)
        word = NAME.get(doc.kind, "name")
        if isinstance(spec.get(word), Env):
            spec = spec | {word: env[spec[word].name]}
        return Manifest(
            doc.address, canonical(doc.kind, spec), doc.file, doc.labels, frozenset(life.get("ignore", ())),
            life.get("manage") == "observe", life.get("protect") is True, life.get("adopt") == "same",
            doc.ids.get(workspace),
        )  # fmt: skip

    # writing

    def write(self) -> None:
        """Make the folder say what this says, and nothing else."""
        texts = self.texts()
        for path in self.written.keys() - texts.keys():
            (self.manifests / path).unlink(missing_ok=True)
        for path, text in texts.items():
            if self.written.get(path) != text:
                place = self.manifests / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, "utf-8")
        self.written = texts

    def texts(self) -> dict[str, str]:
        """Every file below `manifests/` with its text."""
        files: dict[str, list[Doc]] = {}
        for doc in self.docs.values():
            files.setdefault(doc.file, []).append(doc)
        answers = f"migrations: {json.dumps(self.answers)}\n" if self.answers else ""
        texts = {"overlays/staging/.gitkeep": "", "reconciler.yaml": self._settings() + answers}
        for path, docs in files.items():
            for doc in docs:
                if doc.included and not path.endswith(".md"):
                    texts[f"prompts/{doc.name}.txt"] = f"{doc.spec['system_prompt']}\n"
            texts[path] = self._spell(path, docs)
        for address, over in self.overlays.items():
            kind, _, name = address.partition(".")
            head = API | {"kind": HEADS[kind], "metadata": {"name": name}}
            texts[f"overlays/staging/{address}.yaml"] = _yaml([head | plain(over)])
        said = [API | {"kind": "Moved", "from": old, "to": new} for old, new in self.moves.items()]
        said += [API | {"kind": "Removed", "address": address} for address in self.removed]
        return texts | ({"moved.yaml": _yaml(said)} if said else {})

    def _settings(self) -> str:
        state = {"state": self.state} if self.state else {}
        named = {"account": "shared"} if self.account else {}
        common = {"provider": self.provider | named, "parallelism": 1, **state, **self._policy()}
        spaces = {"sandbox": common, "staging": common | {"overlays": ["overlays/staging"]}}
        head = API | {"kind": "Project", "metadata": {"name": self.name}, "default_workspace": "sandbox"}
        shared = {key: value for doc in self.docs.values() for key, value in self._values(doc).items()}
        more = {"values": shared} if shared else {}
        more |= {"accounts": {"shared": self.account}} if self.account else {}
        return _yaml([head | more | self._defaults() | {"workspaces": spaces}])

    def _policy(self) -> Tree:
        one = self.policy
        if one == Policy():
            return {}
        most = {} if one.most is None else {"max_deletes": one.most}
        kept = {"protected": [f"{one.protected}.*"]} if one.protected else {}
        share = {"max_change_percent": one.percent, "min_resources": one.least}
        return {"policy": {"deletes": one.deletes, **share, **most, **kept}}

    @staticmethod
    def _values(doc: Doc) -> Tree:
        """What a document keeps in the project file."""
        text = doc.spec.get("pal_description")
        return {f"about-{doc.name}": text[2:]} if doc.shared and isinstance(text, str) and len(text) > 2 else {}

    def _defaults(self) -> Tree:
        """The face that all personas have, where one of them shares anything at all."""
        personas = [doc for doc in self.docs.values() if doc.kind == "persona"]
        faces = {str(doc.spec.get("default_face_id")) for doc in personas}
        if not any(doc.shared for doc in personas) or faces != {FACE}:
            return {}
        return {"defaults": [{"kind": "PAL", "spec": {"default_face_id": FACE}}]}

    def _spell(self, path: str, docs: list[Doc]) -> str:
        if path.endswith(".md"):
            (doc,) = docs
            body = self._body(doc)
            prompt = body.pop("system_prompt")
            head = self._envelope(doc)
            head.pop("spec")
            return f"---\n{_yaml([head | body])}---\n{prompt}\n"
        if path.startswith("bare/"):
            return _yaml([self._body(doc) for doc in docs])
        if path.endswith(".json"):
            return json.dumps(self._envelope(docs[0]), indent=2) + "\n"
        return "---\n".join(
            anchored(self._envelope(doc)) if doc.anchored else _yaml([self._envelope(doc)]) for doc in docs
        )

    def _envelope(self, doc: Doc) -> Tree:
        ids = {"id": doc.ids} if doc.ids else {}
        meta = {"name": doc.name, **ids, **({"labels": doc.labels} if doc.labels else {})}
        life = {"lifecycle": doc.lifecycle} if doc.lifecycle else {}
        return API | {"kind": HEADS[doc.kind], "metadata": meta, **life, "spec": self._body(doc)}

    def _body(self, doc: Doc) -> Tree:
        body = plain(doc.spec)
        for name in self._values(doc):
            body["pal_description"] = {"join": [body["pal_description"][:2], {"value": name}]}
        if doc.kind == "persona" and doc.shared and self._defaults():
            del body["default_face_id"]
        if doc.by_name and "tools" in body:
            body["tools"] = [str(self.docs[ref.address].spec["name"]) for ref in doc.spec["tools"]]
        if doc.included and not doc.file.endswith(".md"):
            up = "../" * doc.file.count("/")
            body["system_prompt"] = {"file": f"{up}prompts/{doc.name}.txt"}
        if doc.words == "persona":
            body = {PERSONA.get(key, key): value for key, value in body.items()}
            flow = body.get("layers", {}).get("conversational_flow")
            if flow:
                respelled = {"replica_interruptibility" if k == SPELLINGS[0] else k: v for k, v in flow.items()}
                body["layers"] = body["layers"] | {"conversational_flow": respelled}
        return body

    # reading

    def reread(self) -> None:
        """Take over what the tool wrote into the files, with readers that are not the tool's."""
        self.docs, self.overlays, self.written = {}, {}, {}
        settings = yaml.safe_load((self.manifests / "reconciler.yaml").read_text("utf-8"))
        values, defaults = settings.get("values", {}), settings.get("defaults", [])
        for place in sorted(self.manifests.rglob("*")):
            path = place.relative_to(self.manifests).as_posix()
            if not place.is_file() or path.startswith("reports/") or path == ".baseline.yaml":
                continue
            text = place.read_text("utf-8")
            self.written[path] = text
            if place.name == ".gitkeep" or path.startswith("prompts/") or path in {"reconciler.yaml", "moved.yaml"}:
                continue
            for document in read_documents(path, text):
                self._take(path, document, place.parent, values)
        for doc in self.docs.values():
            if doc.kind == "persona":
                doc.spec = {key: value for one in defaults for key, value in one["spec"].items()} | doc.spec
        names = {doc.spec.get("name"): address for address, doc in self.docs.items() if doc.kind == "tool"}
        for doc in self.docs.values():
            tools = doc.spec.get("tools")
            if tools:
                doc.by_name = any(isinstance(one, str) for one in tools)
                doc.spec["tools"] = [Ref(names[one]) if isinstance(one, str) else one for one in tools]

    def _take(self, path: str, document: Tree, folder: Path, values: Tree) -> None:
        bare = "kind" not in document
        kind = "persona" if bare else KINDS[document["kind"]]
        meta = document.get("metadata", {})
        address = f"{kind}.{meta.get('name') or Path(path).stem}"
        if path.startswith("overlays/"):
            over = {key: document[key] for key in ("spec", "lifecycle") if key in document}
            self.overlays[address] = marked(over, folder, values)
            self.overlays[address]["spec"] = respelled(self.overlays[address].get("spec", {}))
            return
        rest = {k: v for k, v in document.items() if k not in {"apiVersion", "kind", "metadata", "lifecycle"}}
        raw = document if bare else document.get("spec", rest)
        ids = meta.get("id", {})
        doc = Doc(
            address, marked(raw, folder, values), path, meta.get("labels", {}), document.get("lifecycle", {}),
            dict.fromkeys(WORKSPACES, ids) if isinstance(ids, str) else ids,
        )  # fmt: skip
        doc.included = isinstance(raw.get("system_prompt"), dict)
        words = ("pal_description", "persona_description", "description")
        doc.shared = any(isinstance(raw.get(word), dict) and "join" in raw[word] for word in words)
        doc.words = "persona" if doc.spec.keys() & PAL.keys() else "pal"
        doc.spec = respelled(doc.spec)
        self.docs[address] = doc

    def copy_to(self, folder: Path) -> Project:
        """The same project in another folder."""
        shutil.copytree(self.folder, folder)
        twin = Project(folder)
        twin.moves, twin.removed, twin.answers = dict(self.moves), list(self.removed), dict(self.answers)
        twin.account, twin.policy = self.account, self.policy
        twin.reread()
        return twin


def read_documents(path: str, text: str) -> list[Tree]:
    """The documents of a file as PyYAML and json see them."""
    if path.endswith(".json"):
        return [json.loads(text)]
    if path.endswith(".md"):
        _, head, prompt = text.split("---\n", 2)
        return [yaml.safe_load(head) | {"system_prompt": prompt.removeprefix("\n").removesuffix("\n")}]
    return [one for one in yaml.safe_load_all(text) if one]


def respelled(spec: Tree) -> Tree:
    """A body in the words of the model."""
    spec = {PAL.get(key, key): value for key, value in spec.items()}
    flow = spec.get("layers", {}).get("conversational_flow")
    if flow:
        words = {SPELLINGS[0] if key in {*SPELLINGS, "interruptibility"} else key: v for key, v in flow.items()}
        spec["layers"] = spec["layers"] | {"conversational_flow": words}
    return spec


def plain(value: Any) -> Any:
    """A body as a file spells it."""
    if isinstance(value, Env):
        return {"env": value.name}
    if isinstance(value, Ref):
        return {"ref": value.address}
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def marked(value: Any, folder: Path, values: Tree) -> Any:
    """The inverse, included and shared texts in their places."""
    if isinstance(value, dict):
        if value.keys() == {"env"}:
            return Env(value["env"])
        if value.keys() == {"ref"}:
            return Ref(value["ref"])
        if value.keys() == {"file"}:
            return (folder / value["file"]).read_text("utf-8").removesuffix("\n")
        if value.keys() == {"value"}:
            return values[value["value"]]
        if value.keys() == {"join"}:
            return "".join(marked(part, folder, values) for part in value["join"])
        return {key: marked(inner, folder, values) for key, inner in value.items()}
    return [marked(inner, folder, values) for inner in value] if isinstance(value, list) else value


def anchored(document: Tree) -> str:
    """One document with anchors, aliases and merge keys wherever they can be."""
    known: list[Tree] = []

    def shared(value: Any) -> Any:
        if isinstance(value, list):
            value = [shared(one) for one in value]
        if isinstance(value, dict):
            value = {key: shared(inner) for key, inner in value.items()}
        if not isinstance(value, list | dict) or not value:
            return value
        for other in known:
            if type(other) is type(value) and other == value:
                return other
        within = [one for one in known if isinstance(one, dict) and len(one) > 1 and MERGE not in one]
        if isinstance(value, dict):
            for other in reversed(within):
                if all(key in value and value[key] == inner for key, inner in other.items()):
                    value = {MERGE: other} | {key: inner for key, inner in value.items() if key not in other}
                    break
        known.append(value)
        return value

    text = yaml.dump(shared(document), Dumper=_Shared, sort_keys=False, allow_unicode=True, width=1000)
    return text.replace(f"{MERGE}:", "<<:")


def _yaml(documents: list[Tree]) -> str:
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000)


MERGE = "MERGE-KEY"
_Shared = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Plain(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Without anchors: those have a step of their own."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
