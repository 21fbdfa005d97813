"""Document: a file or website in the knowledge base, taken in by its URL and processed by the vendor."""

from __future__ import annotations

from reconciler.types.kind import Bounds, Field, KindSpec, Processing, Type

DOCS = "create-document"

KIND = KindSpec(
    name="document",
    manifest_kinds=("Document",),
    doc="A file or website that personas may draw on. Only name and tags can change; the content is never compared.",
    id_members=("document_id", "uuid"),
    name_field="/document_name",
    level=1,
    shared=True,
    lost_with_object="who used it beyond what is managed here",
    merge_patch=True,
    processing=Processing(
        status="/status",
        busy=("started", "processing", "recrawling"),
        failed=("error",),
        progress="/progress",
        message="/error_message",
        remedy="check that document_url can be fetched by anybody and is of a supported format, and correct it",
    ),
    fields=(
        Field("/document_id", Type.STRING, "The id, d, digits, - and 12 hex digits.", DOCS, server_owned=True),
        Field(
            "/document_url",
            Type.STRING,
            "Where the file or website is fetched from, once. Another URL is another document.",
            DOCS,
            required=True,
            immutable=True,
            bounds=Bounds(min_length=1),
            further_limits="at most 50 MB; pdf, txt, docx, doc, png, jpg, pptx, csv, xlsx or a website",
            example="https://docs.example.com/returns.pdf",
        ),
        Field(
            "/document_name",
            Type.STRING,
            "The name people see. Not unique.",
            DOCS,
            example="Returns policy",
        ),
        Field(
            "/tags",
            Type.STRINGS,
            "Labels; a persona draws on all documents of a tag with document_tags.",
            DOCS,
            default=[],
            set_like=True,
        ),
        Field("/callback_url", Type.STRING, "Told how processing goes.", DOCS, default="", immutable=True),
        Field(
            "/crawl",
            Type.OBJECT,
            "Follow the links of a website.",
            DOCS,
            aliases=("crawl_config",),
            atomic=True,
            immutable=True,
            example={"depth": 2, "max_pages": 10},
        ),
        Field(
            "/crawl/depth",
            Type.INTEGER,
            "How many links away from the page.",
            DOCS,
            bounds=Bounds(minimum=1, maximum=10),
        ),
        Field(
            "/crawl/max_pages", Type.INTEGER, "How many pages at most.", DOCS, bounds=Bounds(minimum=1, maximum=100)
        ),
        Field("/custom_description", Type.STRING, "What the document is about.", "vendor client", immutable=True),
        Field(
            "/participant_tags",
            Type.STRINGS,
            "Labels of the participants it is for.",
            "vendor client",
            default=[],
            set_like=True,
            immutable=True,
        ),
        *(
            Field(path, Type.ANY, doc, DOCS, server_owned=True)
            for path, doc in (
                ("/owner_id", "The account."),
                ("/status", "started, processing, ready, error or recrawling."),
                ("/progress", "Percent, while it is processed."),
                ("/error_message", "Why processing failed."),
                ("/document_type", "The kind of file that was found."),
                ("/crawled_urls", "Pages that were taken in."),
                ("/last_crawled_at", "When the website was last taken in."),
                ("/crawl_count", "How often it was taken in."),
                ("/created_at", "When it was created."),
                ("/updated_at", "When it was last changed."),
            )
        ),
    ),
)
