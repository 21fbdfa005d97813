"""The export target `livekit`: for each persona a folder with an agent that runs."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.export.target import Generated, Knowledge, Subject, Target, TargetFile
from reconciler.platforms.livekit.agent_files import environment_text, module_text, remarks_text, requirements_text
from reconciler.platforms.livekit.agent_settings import AgentSettings, agent_settings, settings_text
from reconciler.platforms.livekit.handler_stubs import handlers_text, stems
from reconciler.platforms.livekit.installed_models import installed_models


def generate(subjects: Sequence[Subject], knowledge: Knowledge) -> list[Generated]:
    """The agents of `subjects`, in their order."""
    names = stems(subject.address.name for subject in subjects)
    return [_agent(subject, names[subject.address.name], knowledge) for subject in subjects]


def _agent(subject: Subject, stem: str, knowledge: Knowledge) -> Generated:
    if subject.spec.get("pipeline_mode") == "echo":
        return Generated(subject.address, skipped="pipeline_mode is echo: what it says comes from your own program")
    settings = agent_settings(subject, stem, knowledge.catalogue)
    texts = {
        f"{stem}_agent.py": module_text(settings, stem),
        f"{stem}_agent.json": settings_text(settings.values),
        "requirements.txt": requirements_text(settings),
        ".env.example": environment_text(settings),
        "NOT_CARRIED.md": remarks_text(settings),
    }
    files = [TargetFile(f"{stem}/{name}", text) for name, text in texts.items()]
    handlers = handlers_text(settings.tools, str(subject.address))
    return Generated(
        address=subject.address,
        files=(*files, TargetFile(f"{stem}/{stem}_tools.py", handlers, yours=True)),
        model=settings.model,
        not_carried=settings.not_carried,
        adjusted=settings.adjusted,
        environment=settings.environment,
        handlers=tuple(tool.name for tool in settings.tools),
        warnings=tuple(_warnings(settings, knowledge)),
    )


def _warnings(settings: AgentSettings, knowledge: Knowledge) -> list[str]:
    """What may go wrong when the agent runs: a model that nobody lists."""
    if settings.service("llm") != "inference":
        return []
    listed = knowledge.models
    source = knowledge.source
    if listed is None:
        listed, source = (
            knowledge.catalogue.livekit.listed(),
            f"the catalogue ({knowledge.catalogue.livekit.release})",
        )
    if settings.model in listed:
        return []
    return [f"{settings.model} is not among the models of LiveKit Inference that {source} lists: try it out first"]


STEPS = (
    "Fill in the handlers in *_tools.py and set the variables of .env.example; then, in the folder of an agent:",
    "  pip install -r requirements.txt && python NAME_agent.py dev",
    "Tavus has to keep to the face then: `reconciler migrate --only livekit-handover PERSONA` shows how.",
)


TARGET = Target(
    name="livekit",
    what="an agent of livekit-agents for each persona, with Tavus as its face",
    folder="livekit-agents",
    generate=generate,
    kind="persona",
    languages=("python",),
    package="livekit-agents",
    installed=installed_models,
    next_steps=STEPS,
)
