"""Objectives: a set of steps that a conversation goes through, each naming the next."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from reconciler.types.json import Object, escape
from reconciler.types.kind import Bounds, Field, KindSpec, Type

DOCS = "create-objectives"

STEP = (
    Field(
        "/data/*/objective_name",
        Type.STRING,
        "What other steps call it; unique in the set.",
        DOCS,
        required=True,
        bounds=Bounds(
            min_length=1,
            max_length=100,
            pattern=r"[a-zA-Z0-9_]*",
            pattern_description="letters, digits or underscores",
        ),
        example="ask_if_new_patient",
    ),
    Field(
        "/data/*/objective_prompt",
        Type.STRING,
        "What the step is to accomplish.",
        DOCS,
        required=True,
        bounds=Bounds(min_length=1, max_length=10_000),
        example="Ask whether the patient has been here before.",
    ),
    Field(
        "/data/*/confirmation_mode",
        Type.STRING,
        "auto: the model decides when it is done. manual: the user is asked.",
        DOCS,
        default="auto",
        enum=("auto", "manual"),
        closed=True,
    ),
    Field(
        "/data/*/output_variables",
        Type.STRINGS,
        "What is noted down during the step.",
        DOCS,
        default=[],
        bounds=Bounds(max_items=50),
        example=["patient_status"],
    ),
    Field(
        "/data/*/modality",
        Type.STRING,
        "verbal: met by what is said. visual: met by what the camera shows.",
        DOCS,
        default="verbal",
        enum=("verbal", "visual", "audio"),
        closed=True,
    ),
    Field(
        "/data/*/next_required_objective",
        Type.STRING,
        "The step that follows. Not together with next_conditional_objectives.",
        DOCS,
        sibling_reference=True,
        example="get_patient_name",
    ),
    Field(
        "/data/*/next_conditional_objectives",
        Type.OBJECT,
        "Steps that may follow, each with its condition.",
        DOCS,
        sibling_reference=True,
        atomic=True,
        default={},
        example={"new_patient": "If the patient has never been here"},
    ),
    Field("/data/*/next_conditional_objectives/*", Type.STRING, "When this step follows.", DOCS),
    Field(
        "/data/*/callback_url",
        Type.STRING,
        "Told when the step is done.",
        DOCS,
        default="",
        bounds=Bounds(max_length=2048),
    ),
    Field(
        "/data/*/tool_call",
        Type.OBJECT,
        "A tool called when the step is done.",
        "vendor client",
        default={},
        atomic=True,
        verbatim=True,
    ),
    *(
        Field(f"/data/*/{name}", Type.ANY, doc, DOCS, server_owned=True)
        for name, doc in (
            ("uuid", "The id of the step, where one is shown."),
            ("objectives_id", "The id of the set."),
            ("created_at", "When it was created."),
            ("updated_at", "When it was last changed."),
        )
    ),
)


def next_steps(step: Object) -> list[str]:
    """The names of the steps that may follow."""
    required, conditional = step.get("next_required_objective"), step.get("next_conditional_objectives")
    found = [required] if isinstance(required, str) and required else []
    return [*found, *(conditional if isinstance(conditional, dict) else ())]


def circle_of(follow: dict[str, list[str]]) -> list[str]:
    """Names on a way that ends where it began; empty when there is none. Without recursion: sets may be deep."""
    try:
        TopologicalSorter({name: set(targets) & set(follow) for name, targets in follow.items()}).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def refused_flow(document: Object) -> tuple[str, str] | None:
    """Why the API would refuse a set: two ways out of one step, a way back, or not one beginning."""
    steps = document.get("data")
    items = {name: item for name, item in steps.items() if isinstance(item, dict)} if isinstance(steps, dict) else {}
    for name, item in items.items():
        if item.get("next_required_objective") and item.get("next_conditional_objectives"):
            why = "would have next_required_objective and next_conditional_objectives; a step has one of the two"
            return f"/data/{escape(name)}", why
    if document.get("allow_loops") is True or not items:
        return None
    follow = {name: next_steps(item) for name, item in items.items()}
    if circle := circle_of(follow):
        return f"/data/{escape(circle[0])}", f"the steps would lead back: {' -> '.join(circle)}"
    targets = {target for several in follow.values() for target in several}
    roots = [name for name in follow if name not in targets]
    if len(roots) > 1:
        return f"/data/{escape(roots[1])}", f"there would be {len(roots)} steps to begin with: {', '.join(roots)}"
    return None


KIND = KindSpec(
    name="objectives",
    manifest_kinds=("Objectives",),
    doc="Steps that a conversation goes through: one to begin with, each naming the next, no way back.",
    id_members=("objectives_id", "uuid"),
    name_field="/name",
    level=1,
    item_name_member="objective_name",
    shared=True,
    find_refusal=refused_flow,
    lost_with_object="who used them beyond what is managed here",
    fields=(
        Field("/objectives_id", Type.STRING, "The id, o followed by letters and digits.", DOCS, server_owned=True),
        Field(
            "/name",
            Type.STRING,
            "The name people see. Not unique.",
            "vendor client",
            aliases=("objectives_name", "objective_name"),
            bounds=Bounds(max_length=100),
            example="Patient intake",
        ),
        Field(
            "/data",
            Type.LIST,
            "The steps, each known by its objective_name.",
            DOCS,
            required=True,
            item_key="objective_name",
            bounds=Bounds(min_items=1, max_items=50),
        ),
        *STEP,
        Field(
            "/allow_loops",
            Type.BOOLEAN,
            "Whether steps may lead back to earlier ones.",
            "vendor client",
            default=False,
        ),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/status", "active."),
                ("/owner_id", "The account."),
                ("/objectives_type", "user or system."),
                ("/uuid", "The id once more."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
