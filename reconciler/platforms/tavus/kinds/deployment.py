"""Deployment: a persona put on a landing page, embedded in a site, or in a widget."""

from __future__ import annotations

from reconciler.types.kind import Bounds, ConditionalRequirement, Field, KindSpec, Type

DOCS = "vendor client, deployments"
PAGE = "/customization/landing_page"

LIMITS = (
    ("daily_call_limit", "Calls a day."),
    ("daily_call_limit_per_user", "Calls a day for one user."),
    ("concurrent_call_limit", "Calls at the same time."),
    ("max_call_duration", "Seconds that a call may last."),
)

KIND = KindSpec(
    name="deployment",
    manifest_kinds=("Deployment",),
    doc="A persona made public through a channel. While it exists, editing in the vendor's maker makes drafts.",
    id_members=("deployment_id", "uuid"),
    name_field="/name",
    level=3,
    # The client refuses such a page before it sends it, because it would be blank.
    conditional_requirements=(
        ConditionalRequirement((f"{PAGE}/title", f"{PAGE}/description"), "/channel", ("landing-page",)),
    ),
    fields=(
        Field("/deployment_id", Type.STRING, "The id.", DOCS, server_owned=True),
        Field("/name", Type.STRING, "The name people see. Not unique.", DOCS, example="Claims on the web"),
        Field(
            "/pal_id",
            Type.STRING,
            "The persona that answers.",
            DOCS,
            aliases=("persona_id",),
            ref="persona",
            required=True,
            bounds=Bounds(min_length=1),
        ),
        Field(
            "/channel",
            Type.STRING,
            "Where it is reached.",
            DOCS,
            required=True,
            enum=("landing-page", "embed", "widget"),
            closed=True,
        ),
        Field(
            "/status",
            Type.STRING,
            "Whether it answers.",
            DOCS,
            enum=("draft", "active", "inactive"),
        ),
        Field(
            "/allowed_origins",
            Type.STRINGS,
            "Sites that may embed it.",
            DOCS,
            default=[],
            set_like=True,
            example=["https://www.example.com"],
        ),
        Field("/limits", Type.OBJECT, "How much it may be used.", DOCS),
        *(Field(f"/limits/{name}", Type.INTEGER, doc, DOCS, bounds=Bounds(minimum=1)) for name, doc in LIMITS),
        Field("/customization", Type.OBJECT, "What it says and shows.", DOCS),
        Field("/customization/conversation", Type.OBJECT, "What each conversation starts with.", DOCS),
        Field(
            "/customization/conversation/unique_memory_tag",
            Type.BOOLEAN,
            "Whether each visitor has a memory of his own.",
            DOCS,
            tolerated_types=(Type.STRING,),
        ),
        Field("/customization/conversation/context", Type.STRING, "Further text for the LLM.", DOCS),
        Field(PAGE, Type.OBJECT, "The landing page.", DOCS),
        *(
            Field(f"{PAGE}/{name}", Type.STRING, doc, DOCS)
            for name, doc in (
                ("title", "Its title."),
                ("description", "Its text."),
                ("logo", "URL of its logo."),
            )
        ),
        Field(
            f"{PAGE}/cta", Type.LIST, "Buttons that lead elsewhere.", DOCS, default=[], tolerated_types=(Type.STRING,)
        ),
        *(
            Field(f"{PAGE}/cta/*/{name}", Type.STRING, doc, DOCS, required=True, bounds=Bounds(min_length=1))
            for name, doc in (("title", "What stands on the button."), ("url", "Where it leads."))
        ),
        Field(
            "/password",
            Type.STRING,
            "Asked of visitors. Never shown on read, only has_password.",
            DOCS,
            secret=True,
            presence_field="/has_password",
        ),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/has_password", "Whether a password is set."),
                ("/owner_id", "The account."),
                ("/url", "Where it is reached."),
                ("/embed_code", "What to paste into a site."),
                ("/usage", "How much it was used."),
                ("/usage_today", "Calls of today."),
                ("/usage_total", "Calls so far."),
                ("/thumbnail_url", "A picture of it."),
                ("/thumbnail_video_url", "A film of it."),
                ("/thumbnail_image_url", "A picture of it."),
                ("/replica_thumbnail_video_url", "A film of its face."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
