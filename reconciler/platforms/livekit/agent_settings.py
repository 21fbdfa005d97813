"""A persona as the settings of a LiveKit agent: what its module reads, and what it could not take along."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.export.target import ENV, OPEN, Ledger, Remark, Subject, sealed
from reconciler.core.text import UNSEEN
from reconciler.platforms.livekit.agent_tools import FunctionTool, function_tools
from reconciler.platforms.livekit.llm import llm_service
from reconciler.platforms.livekit.speech import key_terms, stt_settings, turn_settings, voice_settings
from reconciler.platforms.livekit.unsupported import name_remains
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.catalogue import Catalogue
from reconciler.types.catalogue_entry import LiveKitCall
from reconciler.types.json import Json, Object

FORMAT = "1.0"
ALWAYS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "TAVUS_API_KEY")
PAL_ID = "TAVUS_PAL_ID"
"""Read by the Tavus plug-in, which takes a stock PAL where it is not set: so the agent asks for it."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Everything that the files of one agent are made of."""

    values: Object
    """The JSON settings, without the seal."""
    call: LiveKitCall | None
    """How the plugin of the language model is made; None for LiveKit Inference."""
    tools: tuple[FunctionTool, ...]
    not_carried: tuple[Remark, ...]
    adjusted: tuple[Remark, ...]
    environment: tuple[str, ...]

    def service(self, part: str) -> str:
        """The module that llm, stt or tts comes from."""
        value = self.values[part]
        assert isinstance(value, dict)
        return str(value["service"])

    @property
    def model(self) -> str:
        """The language model as LiveKit writes it."""
        value = self.values["llm"]
        assert isinstance(value, dict)
        arguments = value["arguments"]
        assert isinstance(arguments, dict)
        return str(arguments.get(self.call.model if self.call is not None else "model") or "")


def agent_settings(subject: Subject, stem: str, catalogue: Catalogue, language: str = "python") -> AgentSettings:
    """The settings of `subject`, whatever its body holds, for an agent in this language."""
    ledger = Ledger(subject.address, subject.kind, subject.spec)
    name = subject.spec.get("pal_name")
    llm = llm_service(ledger, catalogue, language)
    values: Object = {
        "format_version": FORMAT,
        "address": str(subject.address),
        "name": name if isinstance(name, str) and name else subject.address.name,
        "agent_name": stem.replace("_", "-"),
        "instructions": _instructions(ledger),
        "greeting": ledger.resolvable(ledger.take("/greeting"), "/greeting") or "",
        "llm": {"service": llm.name, "arguments": llm.arguments},
        "stt": stt_settings(ledger, catalogue),
        "tts": voice_settings(ledger, catalogue, language),
        "turn_handling": turn_settings(ledger),
        "keyterms": [*key_terms(ledger)],
        "avatar": _avatar(ledger, subject),
    }
    tools = function_tools(ledger, subject.tools)
    if subject.spec.get("pipeline_mode") not in (None, "", "full"):
        ledger.lose(
            "/pipeline_mode",
            "the agent hears, thinks and speaks with three models",
            "a realtime model as llm= of AgentSession",
        )
    name_remains(ledger)
    environment = (*ALWAYS, *sorted(set(ledger.variables) - set(ALWAYS)))
    values["tools"] = [tool.schema for tool in tools]
    values["environment"] = [*environment]
    values["adjusted"] = _listed(ledger.adjusted)
    values["not_carried"] = _listed(ledger.not_carried)
    return AgentSettings(
        values, llm.call, tuple(tools), tuple(ledger.not_carried), tuple(ledger.adjusted), environment
    )


def _listed(remarks: Sequence[Remark]) -> list[Json]:
    return [remark.as_json() for remark in remarks]


def _instructions(ledger: Ledger) -> Json:
    """The prompt as it is; the deprecated context goes behind it, as the server merges it."""
    prompt = ledger.resolvable(ledger.take("/system_prompt"), "/system_prompt")
    context = ledger.text("/context")
    if context is None or not context.strip():
        return prompt or ""
    if isinstance(prompt, dict):
        ledger.lose("/context", "the prompt comes from the environment, so nothing can be put behind it")
        return prompt
    if context.strip() in str(prompt or ""):
        return prompt or ""
    ledger.adjust("/context", "stands behind the prompt, after a blank line")
    return f"{str(prompt).rstrip()}\n\n{context.strip()}" if prompt else context


def _avatar(ledger: Ledger, subject: Subject) -> Object:
    """Arguments of `tavus.AvatarSession`."""
    found: Object = {}
    if subject.id:
        found["pal_id"] = subject.id
    else:
        ledger.variables[PAL_ID] = f"{subject.address}: its id in the account"
        found["pal_id"] = {ENV: PAL_ID}
    face = ledger.take("/default_face_id")
    if face is not None:
        found["face_id"] = ledger.resolvable(face, "/default_face_id")
    return found


def _named(value: object) -> str:
    """A reference where this target has no use for what it stands for: an address, or where a secret comes from."""
    if isinstance(value, (ResourceRef, SecretRef)):
        return str(value)
    raise TypeError(f"no way to write a {type(value).__name__}")


def settings_text(values: Object) -> str:
    """The settings as JSON, sealed; what no screen shows, or UTF-8 does not have, is escaped."""
    document = {"generated": f"reconciler export --target livekit, do not edit; {OPEN}", **values}
    text = json.dumps(document, ensure_ascii=False, indent=2, default=_named) + "\n"
    return sealed(UNSEEN.sub(_escaped, text))


def _escaped(hidden: re.Match[str]) -> str:
    return "".join(json.dumps(one)[1:-1] if one not in "\r\n\t" else one for one in hidden.group())
