"""The fields under a persona's `skills`: what each of the platform's own abilities takes."""

from __future__ import annotations

from reconciler.types.kind import Bounds, Field, Type

SOURCE = "vendor client, capabilities"
CANVAS, SLIDES = "/skills/magic_canvas", "/skills/presentation"
COMPONENTS = (
    ("question", "A question with answers to choose from."),
    ("input", "A form."),
    ("calendar", "Preferences of date and time; books nothing."),
    ("scheduling_embed", "A booking page."),
    ("text", "Text and links."),
    ("image", "A picture."),
    ("video", "A film."),
    ("chart", "A chart."),
    ("alert", "A notice."),
)

SKILLS = (
    Field(CANVAS, Type.OBJECT, "Shows forms, charts, questions and text during the call.", SOURCE),
    Field(
        f"{CANVAS}/components",
        Type.OBJECT,
        "What may be shown, each with its configuration. A component that is not named is on, scheduling_embed only "
        "with its scheduling_url.",
        SOURCE,
        tolerated_types=(Type.LIST,),
    ),
    *(Field(f"{CANVAS}/components/{name}", Type.OBJECT, doc, SOURCE, open_ended=True) for name, doc in COMPONENTS),
    *(
        Field(f"{CANVAS}/components/{name}/enabled", Type.BOOLEAN, "Whether it may be shown.", SOURCE, default=True)
        for name, _ in COMPONENTS
    ),
    Field(
        f"{CANVAS}/components/scheduling_embed/scheduling_url",
        Type.STRING,
        "The booking page, without which there is none to show.",
        SOURCE,
        example="https://calendly.com/northwind/intro",
    ),
    Field(f"{CANVAS}/components/scheduling_embed/provider", Type.STRING, "Whose page it is.", SOURCE),
    Field(f"{CANVAS}/usage_guidance", Type.STRING, "When to show what, in a line or two.", SOURCE),
    Field(SLIDES, Type.OBJECT, "Walks participants through documents.", SOURCE),
    Field(
        f"{SLIDES}/document_ids",
        Type.STRINGS,
        "The documents, in order: ids, or {ref: document.name}.",
        SOURCE,
        bounds=Bounds(min_items=1),
    ),
    Field(
        f"{SLIDES}/slides_trigger",
        Type.STRING,
        "on_demand: when asked. walk_the_deck: page by page.",
        SOURCE,
        enum=("on_demand", "walk_the_deck"),
        closed=True,
    ),
    Field(f"{SLIDES}/prompt", Type.STRING, "How to present.", SOURCE),
    *(
        Field(f"/skills/{name}", Type.OBJECT, doc, SOURCE, bounds=Bounds(max_members=0))
        for name, doc in (
            ("internet_search", "Looks things up on the web during the call."),
            ("memory", "Carries what it knows of a person from call to call."),
        )
    ),
)
