"""A whole account in one world file: some hundred objects of every kind, as untidy as those that grew over years."""

from __future__ import annotations

import json
import random
from pathlib import Path

import httpx

from reconciler.platforms.tavus.simulator.embedded_provider import SimulatorTransport
from reconciler.types.json import Json, Object

NAMES = (
    "Claims Desk", "claims desk", "Claims Desk ", "Ünïcode Empfang", "客服 🎭", "a/b\\c", "CON", "off", "1.0", "null",
    "x" * 140, "line\nbreak", "{env: X}", "quote\"'s", "#hash", "e\u0301clair", "Sales (copy)", "Sales (copy) (copy)",
)  # fmt: skip
WORDS = (
    "the", "caller", "claim", "policy", "asks", "never", "says", "Ünter", "保険", "—", "“quoted”", "{{name}}", "${X}",
    "`code`", "#1", "-", "*", "100%", "a:", "b\n\n",
)  # fmt: skip
COUNTS = {
    "tools": 40, "guardrails": 50, "sets": 8, "objectives": 25, "documents": 40, "dictionaries": 12, "personas": 110,
    "deployments": 15,
}  # fmt: skip
"""300 in all."""


def seeded_world(path: Path, *, seed: int = 1, share: float = 1.0) -> int:
    """Write a world file to `path`; how many objects of the account's own it holds. `share` of the full size.

    Made by requests as people make them, then with what only a real account has: documents that could not be taken
    in, members that no documentation names, members that are null. Secrets all begin with `sk-hush-`.
    """
    transport = SimulatorTransport(path)
    with httpx.Client(transport=transport, base_url="http://127.0.0.1/v2", headers={"x-api-key": "maker"}) as client:
        maker = _Maker(client, random.Random(seed), {kind: max(2, round(n * share)) for kind, n in COUNTS.items()})
        maker.make()
    transport.close()
    world = json.loads(path.read_text("utf-8"))
    _age(world["objects"], random.Random(seed))
    path.write_text(json.dumps(world, ensure_ascii=False), encoding="utf-8")
    return sum(map(len, maker.ids.values()))


def _age(objects: dict[str, dict[str, Object]], dice: random.Random) -> None:
    """What happens to an account over the years."""
    own = [one for one in objects["pals"].values() if "$type" not in one]
    for one in own[::4]:
        one["future_setting"] = dice.choice([{"deep": {"list": [1, "two", None]}}, "on", 7, True])
    for one in own[1::4]:
        layers = one["layers"]
        assert isinstance(layers, dict)
        layers["brand_new_layer"] = {"mode": "x", "empty": {}}
        layers["stt"] = None
        one["context"] = None
        one["objectives_id"] = one.get("objectives_id")
    for one in own[2::5]:
        one["greeting"] = None
        one["document_ids"] = one.get("document_ids") or None
    for one in list(objects["documents"].values())[::5]:
        one.update(status="error", progress=0, error_message="website_processing_failed")
    for one in list(objects["tools"].values())[::6]:
        one["x_vendor_note"] = "kept"


class _Maker:
    """Makes an account by requests, each kind after what it refers to."""

    def __init__(self, client: httpx.Client, dice: random.Random, counts: dict[str, int]) -> None:
        self.client, self.dice, self.counts = client, dice, counts
        self.ids: dict[str, list[str]] = {}

    def make(self) -> None:
        for number in range(self.counts["tools"]):
            self.post("tools", "tools", self.tool(number))
        for _ in range(self.counts["guardrails"]):
            self.post("guardrails", "guardrails", self.guardrail())
        for number in range(self.counts["sets"]):
            items: list[Json] = [{**self.guardrail(), "guardrail_name": f"rule_{n}"} for n in range(1 + number % 4)]
            self.post("sets", "guardrails", {"name": self.some("Compliance", "compliance", "Old"), "data": items})
        for number in range(self.counts["objectives"]):
            self.post("objectives", "objectives", self.objectives(number))
        for number in range(self.counts["documents"]):
            self.post("documents", "documents", self.document(number))
        for _ in range(self.counts["dictionaries"]):
            self.post("dictionaries", "pronunciation-dictionaries", self.dictionary())
        for number in range(self.counts["personas"]):
            self.persona(number)
        for number in range(self.counts["deployments"]):
            self.post("deployments", "deployments", self.deployment(number))

    def post(self, kind: str, collection: str, body: Object) -> str:
        answer = self.client.post(f"/{collection}", json=body)
        assert answer.status_code < 300, (body, answer.text)
        made = answer.json()
        id = str(next(value for word, value in made.items() if word.endswith("_id") or word == "uuid"))
        self.ids.setdefault(kind, []).append(id)
        return id

    def some(self, *items: Json) -> Json:
        return self.dice.choice(items)

    def secret(self) -> str:
        return f"sk-hush-{self.dice.randrange(16**10):010x}"

    def text(self, words: int) -> str:
        return " ".join(self.dice.choice(WORDS) for _ in range(words)).strip() or "text"

    def pick(self, kind: str, most: int) -> list[Json]:
        held = self.ids[kind]
        return list(self.dice.sample(held, self.dice.randint(0, min(most, len(held)))))

    def tool(self, number: int) -> Object:
        body: Object = {"name": f"{self.some('look_up', 'Flag', 'con')}_{number}", "description": self.text(12)}
        if number % 3:
            body["parameters"] = {
                "type": "object",
                "properties": {"policy_no": {"type": "string", "default": None}, "env": {"enum": ["a", "b"]}},
                "required": ["policy_no"],
            }
        if number % 4 == 0:
            body["on_call"], body["static_filler"] = "static_filler", "One moment — Ünter."
        elif number % 5 == 1:
            body |= {"origin": self.some("vision", "audio"), "on_resolve": "fire_and_forget"}
        elif number % 2:
            auth: Json = self.some(
                {"type": "bearer", "token": self.secret()},
                {"type": "basic", "username": "u", "password": self.secret()},
                {"type": "api_key", "name": "X-Key", "value": self.secret(), "location": "query"},
                {"type": "hmac", "secret": self.secret()},
                {"type": "oauth2_client_credentials", "token_url": "https://id.example.com/token", "client_id": "c",
                 "client_secret": self.secret()},
            )  # fmt: skip
            api: Object = {"url": "https://api.example.com/v1", "auth": auth, "timeout": self.some(10, 20)}
            body["delivery"] = {"api": api | self.dice.choice([{}, {"headers": {"X-Team": self.secret()}}])}
        return body

    def guardrail(self) -> Object:
        return {
            "guardrail_name": self.some("no_legal", "No_legal", f"g{self.dice.randrange(10**6)}"),
            "guardrail_prompt": self.text(self.dice.randint(3, 60))[:1000],
            "tags": self.some([], ["b", "a"], ["Ünter"]),
            "modality": self.some("verbal", "visual"),
            "app_message": self.some(True, False),
        }

    def objectives(self, number: int) -> Object:
        steps: list[Json] = [
            {"objective_name": f"step_{n}", "objective_prompt": self.text(20),
             "output_variables": self.some([], ["z", "a"]), "confirmation_mode": self.some("auto", "manual")}
            | ({"next_required_objective": f"step_{n + 1}"} if n < number % 6 else {})
            for n in range(number % 6 + 1)
        ]  # fmt: skip
        return {"name": self.some("Intake", "intake", "Intake 客"), "data": steps}

    def document(self, number: int) -> Object:
        body: Object = {
            "document_url": f"https://docs.example.com/{number}.pdf",
            "document_name": self.some("Returns", "returns", "nul", f"Doc {number}"),
            "tags": self.some([], ["t"], ["z", "a"]),
        }
        return body | self.dice.choice(
            [{}, {"crawl": {"depth": 2, "max_pages": 10}}, {"callback_url": "https://c.example"}]
        )

    def dictionary(self) -> Object:
        rules: list[Json] = [
            {"text": f"Wort {n} — {self.dice.randrange(99)}", "pronunciation": "VORT", "type": "alias"}
            | self.dice.choice([{}, {"case_sensitive": True}])
            for n in range(self.dice.randint(0, 30))
        ]
        return {"name": self.some("Brand", "brand", "Ünter"), "rules": rules}

    def persona(self, number: int) -> None:
        llm: Object = {"model": "tavus-gpt-oss"}
        if number % 3 == 0:
            llm = {"model": "nw-1", "base_url": "https://llm.example.com/v1", "api_key": self.secret(),
                   "headers": {"X-Org": self.secret()},
                   "extra_body": {"temperature": 1e-7, "stop": ["\n", "off"]}}  # fmt: skip
        if number % 5 == 0:
            llm["tools"] = [
                {"type": "function", "function": {"name": name, "description": self.text(4),
                 "parameters": {"type": "object", "properties": {}, "required": []}}}
                for name in ("insight", "other")[: 1 + number % 2]
            ]  # fmt: skip
        layers: Object = {"llm": llm}
        if number % 4 == 0:
            layers["tts"] = {"tts_engine": "cartesia", "voice_settings": self.some({"speed": "slow"}, {"speed": 0.5}),
                             "api_key": self.secret(),
                             "pronunciation_dictionary_id": self.some(*self.ids["dictionaries"])}  # fmt: skip
        if number % 4 == 1:
            layers["perception"] = {"perception_model": "raven-1", "visual_awareness_queries": [self.text(5)]}
        if number % 4 == 2:
            layers["conversational_flow"] = self.some(
                {"turn_taking_patience": "high"}, {"replica_interruptibility": "low"}
            )
        body: Object = {
            "persona_name": self.some(*NAMES),
            "system_prompt": self.text(self.dice.choice([3, 60, 600, 3000])),
            "default_replica_id": self.some("r90bbd427f71", "rfe12d8b9597"),
            "greeting": self.some("", "Hello — 客."),
            "document_ids": self.pick("documents", 3),
            "document_tags": self.some([], ["z", "a"]),
            "guardrail_ids": self.pick("guardrails", 5),
            "guardrail_tags": self.some([], ["b"]),
            "layers": layers,
        }
        if number % 6 == 0:
            body["objectives_id"] = self.some(*self.ids["objectives"])
        if number % 7 == 0:
            body["guardrails_id"] = self.some(*self.ids["sets"])
        if number % 9 == 8:
            body |= {"pipeline_mode": "echo"}
            body.pop("system_prompt")
        id = self.post("personas", "personas", body)
        tools = self.pick("tools", 4)
        if tools:
            assert self.client.post(f"/personas/{id}/tools", json={"tool_ids": tools}).status_code == 200
        if number % 10 == 0:
            slides = self.pick("documents", 2) or [self.some(*self.ids["documents"])]
            skills: Json = {"internet_search": {}, "presentation": {"document_ids": slides}}
            assert self.client.put(f"/pals/{id}/skills", json={"skills": skills}).status_code == 200

    def deployment(self, number: int) -> Object:
        body: Object = {
            "pal_id": self.some(*self.ids["personas"]),
            "channel": self.some("embed", "widget", "landing-page"),
            "name": self.some("Web", "web", f"Site {number}"),
            "allowed_origins": self.some([], ["https://b.example", "https://a.example"]),
            "limits": self.some({}, {"daily_call_limit": 5}),
        }
        if body["channel"] == "landing-page":
            body["customization"] = {"landing_page": {"title": "Web", "description": "Ask."}}
        return body | ({"password": self.secret()} if number % 3 == 0 else {})
