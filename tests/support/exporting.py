"""Accounts that nobody wrote by hand, and the way from an account to files and back."""

from __future__ import annotations

import random
from pathlib import Path

from reconciler.api.export import NewFiles, write_project_file
from reconciler.api.session import Session, SystemClock
from reconciler.core.export.exported_manifests import ExportedManifest
from reconciler.engine.export_account import Export, ExportChoice, export_account
from reconciler.manifests.edit.manifest_writer import manifest_file
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator.faults import Faults, Mood
from reconciler.types.json import Json, Object
from reconciler.types.manifest import ManifestSet
from reconciler.types.project import ProviderSettings, Workspace
from reconciler.types.state import State
from tests.support.lab import Lab
from tests.support.projects import load_project

WORKSPACE = Workspace("lab", ProviderSettings("simulator"), KINDS)
NAMES = (
    "Claims Desk",
    "Claims Desk",
    "claims desk",
    "claims-desk",
    "Ünïcode Empfang",
    "客服",
    "a/b\\c",
    "..",
    "-dash",
    "--",
    "CON",
    "nul.txt",
    "LPT1",
    "x" * 130,
    "x" * 131,
    "reconciler",
    "README",
    "off",
    "1.0",
    "null",
    "0x1F",
    "tab\tname",
    "line\nbreak",
    "#hash",
    "{env: X}",
    "e\u0301clair",
    " padded ",
    "\u200bzero",
    "quote\"'s",
    "a: b",
    "- item",
    "*star",
    "&amp",
    "!tag",
    "%TEMP%",
    "emoji 🎭",
    "persona",
    "Persona",
)
PROMPTS = (
    "short",
    "# Title\n\n" + "Say hello. " * 60,
    "x" * 301,
    "y" * 300,
    "a\r\nb" * 120,
    "ends\n" * 80,
    "---\nfront\n---\n" * 40,
    "\n" + "leads " * 80,
    "trail " * 80,
    "has `${X}` and {{name}} " * 30,
    "tab\tand\x0bvt " * 40,
    "sep\u2028line " * 40,
    "  indented\n    more\n" * 30 + "end",
    "nel\x85 " * 100,
    "# - *\n" * 99 + "end",
    "'quotes\" " * 50 + ".",
)


def random_account(seed: int, size: int = 14) -> dict[str, list[Object]]:
    """Bodies to be posted, by collection; secrets all begin with `sk-hush-`."""
    dice = random.Random(seed)
    count = iter(range(10_000))

    def secret() -> str:
        return f"sk-hush-{dice.randrange(16**10):010x}"

    def some(*items: Json) -> Json:
        return dice.choice(items)

    tools: list[Object] = []
    for number in range(dice.randint(1, 6)):
        tool: Object = {
            "name": some(f"tool_{number}", f"Tool_{number}", f"con{number}"),
            "description": some("Does it.", "A: b # c"),
        }
        if dice.random() < 0.7:
            tool["parameters"] = {
                "type": "object",
                "properties": {"ref": {"type": "string", "default": None}, "env": {"$ref": "#/$defs/x"}},
                "required": [],
            }
        if dice.random() < 0.6:
            auth: Json = some(
                {"type": "bearer", "token": secret()},
                {"type": "basic", "username": "u", "password": secret()},
                {"type": "api_key", "name": "X-Key", "value": secret(), "location": some("header", "query")},
                {"type": "hmac", "secret": secret()},
                {"type": "none"},
            )
            tool["delivery"] = {
                "api": {
                    "url": "https://api.example.com/v1",
                    "method": some("POST", "GET"),
                    "timeout": some(10, 20),
                    "headers": some({}, {"X-Team": secret()}, {"Content-Type": "application/json"}),
                    "auth": auth,
                }
            }
        tools.append(tool)
    guardrails: list[Object] = [
        {
            "guardrail_name": some("No_legal", "no_legal", f"g{next(count)}"),
            "guardrail_prompt": some("Advice.", "x" * 400),
            "tags": some([], ["b", "a"]),
            "modality": some("verbal", "visual"),
            "app_message": some(True, False),
        }
        for _ in range(dice.randint(0, 3))
    ]
    if dice.random() < 0.5:
        guardrails.append(
            {
                "name": "Compliance",
                "data": [
                    {"guardrail_name": "one", "guardrail_prompt": "P"},
                    {"guardrail_name": "two", "guardrail_prompt": "Q", "modality": "visual"},
                ],
            }
        )
    objectives: list[Object] = [
        {
            "name": some("Intake", ""),
            "data": [
                {
                    "objective_name": "ask",
                    "objective_prompt": "Ask.",
                    "next_required_objective": "end",
                    "output_variables": ["x"],
                },
                {"objective_name": "end", "objective_prompt": "End.", "confirmation_mode": some("auto", "manual")},
            ],
        }
        for _ in range(dice.randint(0, 2))
    ]
    documents: list[Object] = [
        {
            "document_url": f"https://docs.example.com/{next(count)}.pdf",
            "document_name": some("Returns", "Returns policy", "nul"),
            "tags": some([], ["t"]),
        }
        for _ in range(dice.randint(0, 2))
    ]
    dictionaries: list[Object] = [
        {"name": some("Brand", "brand"), "rules": [{"text": "Tavus", "pronunciation": "TAH-vus", "type": "alias"}]}
        for _ in range(dice.randint(0, 2))
    ]
    personas: list[Object] = []
    for _ in range(size):
        llm: Object = {"model": some("tavus-gpt-oss", "gpt-4o"), "speculative_inference": some(True, False)}
        if dice.random() < 0.4:
            llm |= {"base_url": "https://llm.example.com/v1", "api_key": secret(), "headers": {"X-Org": secret()}}
        if dice.random() < 0.3:
            llm["extra_body"] = some(
                {"temperature": 0.5}, {"stop": ["\n", "off"], "nested": {"a": {"b": [1, 2.5]}}}, {"temperature": 1e-7}
            )
        if dice.random() < 0.3:
            llm["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": some("insight", "other"),
                        "description": some("d", "e"),
                        "parameters": {"type": "object", "properties": {}},
                    },
                }
            ]
        layers: Object = {"llm": llm}
        if dice.random() < 0.5:
            layers["tts"] = {
                "tts_engine": some("cartesia", "elevenlabs"),
                "voice_settings": some({"speed": "slow"}, {"speed": 1.1}),
                "api_key": secret(),
            }
        if dice.random() < 0.4:
            layers["conversational_flow"] = some(
                {"turn_taking_patience": "high"},
                {"turn_detection_model": "sparrow-1"},
                {"pal_interruptibility": "low"},
            )
        if dice.random() < 0.3:
            layers["perception"] = {
                "perception_model": some("off", "raven-1"),
                "visual_awareness_queries": some([], ["Is there a cat?"]),
            }
        body: Object = {
            "persona_name": some(*NAMES),
            "system_prompt": some(*PROMPTS),
            "default_replica_id": some("r90bbd427f71", "rfe12d8b9597"),
            "greeting": some("", "Hello."),
            "document_tags": some([], ["z", "a"]),
            "layers": layers,
        }
        personas.append({key: value for key, value in body.items() if value not in ("", [])})
    return {
        "tools": tools,
        "guardrails": guardrails,
        "objectives": objectives,
        "documents": documents,
        "pronunciation-dictionaries": dictionaries,
        "personas": personas,
    }


def secrets_of(value: Json) -> set[str]:
    """Every text of `random_account` that nobody may see."""
    if isinstance(value, dict):
        return {found for member in value.values() for found in secrets_of(member)}
    if isinstance(value, list):
        return {found for item in value for found in secrets_of(item)}
    return {value} if isinstance(value, str) and value.startswith("sk-hush-") else set()


class ExportLab(Lab):
    """A lab whose manifests come out of files."""

    def __init__(self, mood: Mood | None = None, faults: Faults | None = None) -> None:
        super().__init__(mood, faults=faults)
        self.vault.values = {}
        self.account: dict[str, list[Object]] = {}
        self.refused: list[tuple[str, str]] = []

    def fill(self, account: dict[str, list[Object]], seed: int = 0) -> None:
        """Post everything, tying personas to what the other collections hold."""
        dice = random.Random(seed)
        ids: dict[str, list[str]] = {}
        for collection, bodies in account.items():
            for body in bodies:
                more = self.ties(dice, ids) if collection == "personas" else {}
                tools = more.pop("tools", [])
                answer = self.client.post(f"/{collection}", json=merged(body, more))
                if answer.status_code >= 300:
                    self.refused.append((collection, answer.text))
                    continue
                made = answer.json()
                words = (
                    "persona_id",
                    "tool_id",
                    "uuid",
                    "objectives_id",
                    "document_id",
                    "pronunciation_dictionary_id",
                    "guardrails_id",
                )
                id = next(made[word] for word in words if word in made)
                ids.setdefault("sets" if "data" in body and collection == "guardrails" else collection, []).append(id)
                if tools:
                    self.client.post(f"/personas/{id}/tools", json={"tool_ids": tools})
        for id in ids.get("personas", [])[:3]:
            skills: Json = {"internet_search": {}, "magic_canvas": {"components": {"text": {"enabled": True}}}}
            if ids.get("documents"):
                skills = {"presentation": {"document_ids": ids["documents"], "slides_trigger": "on_demand"}}
            answer = self.client.put(f"/pals/{id}/skills", json={"skills": skills})
            if answer.status_code >= 300:
                self.refused.append(("skills", answer.text))
        for id in ids.get("personas", [])[:2]:
            body = {
                "pal_id": id,
                "channel": "embed",
                "name": "Web",
                "password": "sk-hush-password0",
                "allowed_origins": ["https://b.example", "https://a.example"],
            }
            answer = self.client.post("/deployments", json=body)
            if answer.status_code >= 300:
                self.refused.append(("deployments", answer.text))

    @staticmethod
    def ties(dice: random.Random, ids: dict[str, list[str]]) -> Object:
        more: Object = {}
        for word, collection in (("guardrail_ids", "guardrails"), ("document_ids", "documents"), ("tools", "tools")):
            if ids.get(collection) and dice.random() < 0.5:
                more[word] = sorted(dice.sample(ids[collection], dice.randint(1, len(ids[collection]))))
        if ids.get("objectives") and dice.random() < 0.5:
            more["objectives_id"] = ids["objectives"][0]
        if ids.get("sets") and dice.random() < 0.5:
            more["guardrails_id"] = ids["sets"][0]
        if ids.get("pronunciation-dictionaries") and dice.random() < 0.5:
            more["layers"] = {"tts": {"pronunciation_dictionary_id": ids["pronunciation-dictionaries"][0]}}
        return more

    def found(self, manifests: ManifestSet | None = None, choice: ExportChoice | None = None) -> Export:
        """What there is to write."""
        setting = self.setting(reading=True)
        return export_account(manifests or ManifestSet(), self.state, setting, choice or ExportChoice())

    def write(self, folder: Path, found: Export) -> list[str]:
        """The files of an export."""
        paths, place = [], NewFiles(folder)
        for one in found.manifests:
            file = manifest_file(one.document)
            assert file is not None, one.address
            paths.append(place.add(one, file.suffix, file.data))
        run = Session(
            project=load_project(folder.parent),
            workspace=WORKSPACE,
            clock=SystemClock(),
            emit=lambda _: None,
            environ={},
        )
        folder.mkdir(exist_ok=True)
        write_project_file(run, folder)
        return paths

    def load(self, folder: Path) -> ManifestSet:
        """What the files say; no finding is worse than a warning."""
        found, _ = load_manifests(load_project(folder), "lab", environ={})
        problems = [one for one in found.diagnostics if one.is_error]
        assert not problems, problems
        return found

    def export(self, folder: Path) -> tuple[Export, ManifestSet]:
        """The whole way."""
        found = self.found()
        self.write(folder, found)
        return found, self.load(folder)

    def wipe(self) -> None:
        """Delete every object of the account; what was known of it stays known."""
        for collection, words in (
            ("deployments", ("deployment_id",)), ("pals", ("pal_id",)), ("tools", ("tool_id",)),
            ("guardrails?legacy=true", ("guardrails_id",)), ("guardrails?legacy=false", ("uuid",)),
            ("objectives", ("objectives_id",)), ("documents", ("document_id",)),
            ("pronunciation-dictionaries", ("pronunciation_dictionary_id",)),
        ):  # fmt: skip
            path, _, query = collection.partition("?")
            for page in (0, 1):
                question = f"/{path}?limit=100&page={page}&pal_type=user&type=user" + (f"&{query}" if query else "")
                answer = self.client.get(question).json()
                rows = answer if isinstance(answer, list) else next(v for v in answer.values() if isinstance(v, list))
                for row in rows:
                    for word in words:
                        if word in row:
                            self.client.delete(f"/{path}/{row[word]}")

    def forget(self) -> None:
        """A state that knows nothing."""
        self.state = State("lineage", 0, "lab", salt="00ff")


def merged(body: Object, more: Object) -> Object:
    """`more` over `body`, objects member by member."""
    result = dict(body)
    for key, value in more.items():
        here = result.get(key)
        result[key] = merged(here, value) if isinstance(here, dict) and isinstance(value, dict) else value
    return result


def without_ids(found: tuple[ExportedManifest, ...]) -> dict[str, Json]:
    """The documents by address, less their ids."""
    return {
        str(one.address): {
            key: ({"name": one.address.name} if key == "metadata" else member) for key, member in one.document.items()
        }
        for one in found
    }
