"""A persona as the settings of a LiveKit agent: what its module reads, and what has no equal there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.export.target import OPEN, Ledger, Remark, Subject, with_marks, with_seal
from reconciler.core.markdown_text import code, prose
from reconciler.core.text import UNSEEN, one_line
from reconciler.platforms.livekit.agent_tools import FunctionTool, function_tools
from reconciler.platforms.livekit.llm import llm_service, require_legal
from reconciler.platforms.livekit.speech import key_terms, stt_settings, turn_settings, voice_settings
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.catalogue import Catalogue, LiveKitCall
from reconciler.types.json import Json, Object, within

FACE = (
    "/pal_name", "/pal_description", "/default_face_id", "/is_template", "/disclosure_type", "/verbal_disclosure",
    "/visual_disclosure", "/pipeline_mode", "/layers/transport",
)  # fmt: skip
"""What stays with Tavus, or describes it."""
RULES = "write the rule into the instructions, or check the text in the agent's llm_node or transcription_node"
SEARCH = "a function tool that searches, or on_user_turn_completed that adds what was found to the turn"
VIDEO = "room_options=RoomOptions(video_input=True) with a language model that takes pictures"
FLOW = "/layers/conversational_flow"
WHY: Mapping[str, tuple[str, str]] = {
    "/guardrail_ids": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/guardrail_tags": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/guardrails_id": ("guardrails are part of Tavus' pipeline, which echo mode turns off", RULES),
    "/objectives_id": (
        "objectives steer Tavus' pipeline, which echo mode turns off",
        "an AgentTask for each objective, or the steps written into the instructions",
    ),
    "/document_ids": ("Tavus searches documents for its own language model only", SEARCH),
    "/document_tags": ("Tavus searches documents for its own language model only", SEARCH),
    "/layers/knowledge_base": ("Tavus searches documents for its own language model only", SEARCH),
    "/skills": ("skills are run by Tavus' pipeline", "function tools of the agent"),
    "/memories": ("Tavus adds memories to its own language model only", "ChatContext given to the Agent"),
    "/languages": ("no single language that speech recognition could be told", "language= of inference.STT"),
    "/tools": ("not a list of tools", ""),
    "/layers/llm/extra_body": (
        "LiveKit Inference is given temperature and top_p only",
        "extra_kwargs of inference.LLM, for what the new model takes",
    ),
    "/layers/llm/tools": ("a function without a usable name, or a name that occurs twice", "a function tool"),
    "/layers/tts/tts_emotion_control": (
        "the emotion of the voice is steered by markup in LiveKit",
        "AgentSession(expressive=True)",
    ),
    "/layers/tts/pronunciation_dictionary_id": (
        "LiveKit reads no dictionary of Tavus",
        "replace words in the agent's tts_node or with tts_text_transforms, or use a dictionary of the engine",
    ),
    "/layers/tts/voice_settings": (
        "the text-to-speech class has no such setting",
        "arguments of the TTS class in the agent",
    ),
    "/layers/tts": ("the text-to-speech class takes no such value", "arguments of the TTS class in the agent"),
    "/layers/stt": (
        "this setting belongs to Tavus' speech recognition",
        "turn_handling of the AgentSession, or extra_kwargs of inference.STT",
    ),
    "/layers/perception/visual_tools": ("Tavus sees nothing in echo mode, so nothing calls them", VIDEO),
    "/layers/perception/audio_tools": (
        "Tavus hears nothing in echo mode, so nothing calls them",
        "function tools, called for what is said",
    ),
    "/layers/perception": ("perception does not run in echo mode", VIDEO),
    "/layers/vqa": ("perception does not run in echo mode", VIDEO),
    f"{FLOW}/turn_detection_model": (
        "Sparrow runs in Tavus' pipeline only",
        "nothing to do: LiveKit's own turn detector is the default of AgentSession",
    ),
    f"{FLOW}/voice_isolation": (
        "the voice is isolated in Tavus' pipeline only",
        "noise cancellation in the audio_input of RoomOptions (livekit-plugins-noise-cancellation)",
    ),
    f"{FLOW}/idle_engagement": (
        "nobody speaks up by itself",
        "user_away_timeout of AgentSession and the event user_state_changed",
    ),
    f"{FLOW}/wake_phrase": ("there is no wake word", "decide in on_user_turn_completed, raise StopResponse"),
    f"{FLOW}/sleep_phrase": ("there is no wake word", "decide in on_user_turn_completed, raise StopResponse"),
    FLOW: ("turn taking of Tavus' pipeline without an equal", "turn_handling of the AgentSession"),
    "/layers/conferencing": ("a guest of meetings needs Tavus' pipeline", "LiveKit rooms and its SIP bridge"),
    "/layers/mcp": ("connectors are called by Tavus' language model", "mcp_servers= of AgentSession"),
    "/layers/sts": ("a setting of Tavus' speech-to-speech pipeline", "a realtime model as llm= of AgentSession"),
    "/layers/capabilities": ("switches of Tavus' platform", ""),
}
GROUPS = (
    "/layers/perception/visual_tools", "/layers/perception/audio_tools", "/layers/perception/perception_tools",
    "/skills", "/layers/mcp", "/layers/sts", "/layers/capabilities", "/layers/knowledge_base", "/layers/vqa",
    "/layers/llm/tools", "/layers/conferencing",
)  # fmt: skip
"""Named as one, whatever they hold."""


def name_remains(ledger: Ledger) -> None:
    """Put a reason to everything that was not taken."""
    for pointer in FACE:
        ledger.settle(pointer)
    ledger.rest(_explain, GROUPS)


def _explain(pointer: str, value: Json) -> tuple[str, str]:
    for parent in sorted(WHY, key=len, reverse=True):
        if within(pointer, parent):
            return WHY[parent]
    return "the field is unknown here, so nobody can tell what would be its equal", "look it up, and add it by hand"


FORMAT = "1.0"
GENERATED = "Generated by reconciler export --target livekit, do not edit"
ALWAYS = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "TAVUS_API_KEY")
RESOLVED = ("instructions", "greeting", "llm", "stt", "tts", "avatar")
"""Settings in which the agent puts variables in their places."""
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
    require_legal(llm, ledger.variables)
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
    values |= {name: with_marks(values[name]) for name in RESOLVED}
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
    if isinstance(prompt, SecretRef):
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
        found["pal_id"] = SecretRef("env", PAL_ID)
    face = ledger.take("/default_face_id")
    if face is not None:
        found["face_id"] = ledger.resolvable(face, "/default_face_id")
    return found


def _named(value: object) -> str:
    """A reference where this target has no use for what it stands for: an address, or where a secret comes from."""
    if isinstance(value, (ResourceRef, SecretRef)):
        return str(value)
    raise TypeError(f"no way to write a {type(value).__name__}")


def settings_text(values: Object, generated: str = "reconciler export --target livekit, do not edit") -> str:
    """The settings as JSON, sealed; what no screen shows, or UTF-8 does not have, is escaped."""
    document = {"generated": f"{generated}; {OPEN}", **values}
    text = json.dumps(document, ensure_ascii=False, indent=2, default=_named) + "\n"
    return with_seal(UNSEEN.sub(_escaped, text))


def _escaped(hidden: re.Match[str]) -> str:
    return "".join(json.dumps(one)[1:-1] if one not in "\r\n\t" else one for one in hidden.group())


def environment_text(settings: AgentSettings, generated: str = GENERATED) -> str:
    """`.env.example`: every variable that the agent reads, without a value."""
    return with_seal(f"# {generated}; {OPEN}\n" + "".join(f"{name}=\n" for name in settings.environment))


def remarks_text(settings: AgentSettings, generated: str = GENERATED) -> str:
    """`NOT_CARRIED.md`: what was left behind, and what arrived as something near."""
    lines = [
        f"<!-- {generated}; {OPEN} -->",
        f"# {settings.values['address']} as a LiveKit agent",
        "",
    ]
    lines += _section("Not carried over", settings.not_carried, "Everything was carried over.")
    lines += _section("Carried over as something near", settings.adjusted, "Nothing had to be adjusted.")
    return with_seal("\n".join(lines).rstrip("\n") + "\n")


def _section(title: str, remarks: tuple[Remark, ...], nothing: str) -> list[str]:
    lines = [f"## {title}", ""]
    for remark in remarks:
        path = code(remark.path) if "`" in remark.path else f"`{one_line(remark.path)}`"
        lines.append(f"- {path}: {_sentence(remark.reason)}.")
        if remark.instead:
            lines.append(f"  In LiveKit: {_sentence(remark.instead)}.")
    return [*lines, *([] if remarks else [nothing]), ""]


def _sentence(text: str) -> str:
    """Text that may hold words of the account; names with underscores are spared, which emphasize at worst."""
    return prose(text).replace("\\_", "_").rstrip(".")
