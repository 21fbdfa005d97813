"""The comparison with the vendors' newest packages finds what they know and the tables do not; all of it offline."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest
from upstream.__main__ import compare, main
from upstream.tables import LIMITS

from reconciler.api.offline import load_catalogue
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.kinds.persona_skills import COMPONENTS

WITNESS = sorted(
    {
        row.path.rpartition("/")[2]
        for spec in KINDS.all().values()
        for row in spec.fields
        if row.source == "vendor client"
    }
)
MODULES: dict[str, str] = {
    "pal.py": """
Mode = Literal["full", "echo"]
MAX_PAL_TOOLS = 50
class LLM(BaseModel):
    model: str | None = None
    headers: dict[str, Any] | None = None
class Flow(BaseModel):
    face_interruptibility: str | None = None
class Layers(BaseModel):
    llm: LLM | None = None
    conversational_flow: Flow | None = None
class Witness(BaseModel):
"""
    + "".join(f"    {word}: str\n" for word in WITNESS if word.isidentifier())
    + """
class PalCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pal_name: str | None = None
    pipeline_mode: Mode = "full"
    layers: Layers | None = None
    tool_ids: list[str] | None = None
""",
    "guardrail.py": """
MAX_GUARDRAILS_NAME_LENGTH = 100
MAX_GUARDRAIL_TAGS_PER_ITEM = 32
class GuardrailCreate(BaseModel):
    guardrail_name: str = Field(..., min_length=1)
""",
    "objective.py": """
MAX_OBJECTIVE_NAME_LEN = 100
MAX_OBJECTIVE_CALLBACK_URL_LEN = 2048
MAX_OBJECTIVE_OUTPUT_VARIABLES = 50
MAX_OBJECTIVES_NAME_LEN = 100
MAX_OBJECTIVES_COUNT = 50
class Item(BaseModel):
    objective_name: str
    confirmation_mode: Literal["manual", "auto"] = "auto"
class ObjectivesCreate(BaseModel):
    data: list[Item] = Field(..., min_length=1)
""",
    "pronunciation.py": """
MAX_RULES_PER_DICTIONARY = 10000
MAX_TEXT_LEN = 200
class Rule(BaseModel):
    text: str = Field(..., min_length=1, max_length=MAX_TEXT_LEN)
class PronunciationDictionaryCreate(BaseModel):
    rules: list[Rule] = Field(default_factory=list)
""",
    "tool.py": """
MAX_TOOL_SIZE = 10000
class AuthBearer(BaseModel):
    type: Literal["bearer"] = "bearer"
    token: str = Field(..., min_length=1)
ToolAuth = AuthBearer | AuthBearer
class Api(BaseModel):
    url: str = Field(..., min_length=1)
    auth: ToolAuth | None = None
class Delivery(BaseModel):
    api: Api | None = None
class ToolCreate(BaseModel):
    delivery: Delivery = Field(default_factory=Delivery)
""",
    "deployment.py": """
class PageButton(BaseModel):
    title: str = Field(..., min_length=1)
class DeploymentLimits(BaseModel):
    daily_call_limit: int | None = Field(default=None, ge=1)
""",
}
SKILLS = f"""
MAGIC_CANVAS_COMPONENT_IDS = {tuple(name for name, _ in COMPONENTS)!r}
ALL = {{'a': {{'rqh_skill_id': 'memory'}}}}
"""
MODELS = (
    "AnyModels = Literal[\n" + "".join(f"  {one!r},\n" for one in sorted(load_catalogue().livekit.listed())) + "]\n"
)
AVATAR = "class AvatarSession(Base):\n    def __init__(self, *, face_id=None, pal_id=None): ...\n"


def packed(folder: Path, **changes: tuple[str, str]) -> Path:
    """Three wheels; `changes` replace a text in a module (its name without `.py`)."""

    def text(name: str, source: str) -> str:
        old, new = changes.get(name, ("", ""))
        assert old in source
        return source.replace(old, new) if old else source

    wheels = {
        "tavus_cli-0.11.0": {
            **{f"tavus_mcp/sdk/schemas/{name}": text(name[:-3], source) for name, source in MODULES.items()},
            "tavus_mcp/sdk/recipes/capabilities.py": text("skills", SKILLS),
        },
        "livekit_agents-1.8.9": {"livekit/agents/inference/llm.py": text("models", MODELS)},
        "livekit_plugins_tavus-1.8.9": {
            "livekit/plugins/tavus/avatar.py": text("avatar", AVATAR),
            "livekit/plugins/tavus/api.py": text("api", "key = os.getenv('TAVUS_API_KEY')\n"),
        },
    }
    for name, files in wheels.items():
        with ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
            for where, source in files.items():
                archive.writestr(where, source)
    return folder


def test_nothing_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(packed(tmp_path))]) == 0
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()] == ["nothing differs"] * 3


DIFFERENT = {
    "a member": ("pal", "    model: str", "    model: str\n    brand_new: str", "persona /layers/llm/brand_new"),
    "a member of a list's items": (
        "objective",
        "    objective_name: str",
        "    mood: str",
        "objectives /data/*/mood",
    ),
    "a member of one of several": (
        "tool",
        "    token:",
        "    audience: str\n    token:",
        "/delivery/api/auth/audience",
    ),
    "a word of a closed list": ("pal", '"echo"]', '"echo", "duet"]', "persona /pipeline_mode: the client takes duet"),
    "a limit of a member": ("pronunciation", "MAX_TEXT_LEN = 200", "MAX_TEXT_LEN = 250", "max_length is 250"),
    "a limit of its own": ("guardrail", "PER_ITEM = 32", "PER_ITEM = 40", "MAX_GUARDRAIL_TAGS_PER_ITEM is 40"),
    "the size of a tool": ("tool", "10000", "20000", "MAX_TOOL_SIZE is 20000"),
    "a kind": (
        "deployment",
        "class PageButton",
        "class ConnectorCreate(X):\n    name: str\nclass PageButton",
        "Connector",
    ),
    "a field's last witness": ("pal", "    disable_vision: str\n", "", "/layers/llm/disable_vision"),
    "a component": ("skills", "'question'", "'question', 'hologram'", "component hologram"),
    "a component that is gone": ("skills", "'chart', ", "", "no component chart"),
    "a skill": ("skills", "'memory'", "'telepathy'", "skill telepathy"),
    "a model": ("models", "[\n", "[\n  'openai/gpt-9',\n", "serves openai/gpt-9"),
    "a model that is gone": ("models", "  'openai/gpt-4o',\n", "", "openai/gpt-4o any more"),
    "an argument": ("avatar", "pal_id", "agent_id", "no pal_id any more"),
    "a variable": ("api", "TAVUS_API_KEY", "TAVUS_KEY", "TAVUS_API_KEY"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_is_new_or_gone_is_named(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module, old, new, said = DIFFERENT[what]
    assert compare(packed(tmp_path, **{module: (old, new)})) == 1
    (line,) = [one for one in capsys.readouterr().out.splitlines() if not one.endswith("nothing differs")]
    assert said in line


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("tool", "class ToolCreate", "class Renamed"),
        ("pal", "class PalCreate", "class ("),
        ("models", "AnyModels", "anything"),
        ("skills", "MAGIC_CANVAS_COMPONENT_IDS", "OTHER"),
        ("avatar", "AvatarSession", "Avatar"),
    ],
)
def test_a_package_built_otherwise_is_no_success(
    module: str, old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(packed(tmp_path, **{module: (old, new)})) == 2
    assert capsys.readouterr().err


def test_a_package_that_is_not_there_is_no_success(tmp_path: Path) -> None:
    assert compare(tmp_path) == 2


def test_what_is_no_wheel_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (packed(tmp_path) / "livekit_agents-1.8.9-py3-none-any.whl").write_text("no archive")
    assert compare(tmp_path) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "pointer", "which"), LIMITS.values())
def test_a_limit_that_is_compared_is_one_of_the_table(kind: str, pointer: str, which: str) -> None:
    (row,) = [row for row in KINDS.get(kind).fields if row.path == pointer]
    assert row.bounds is not None
    assert getattr(row.bounds, which)
