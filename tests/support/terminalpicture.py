"""Coloured terminal output as an SVG picture, and the text that such a picture holds."""

from __future__ import annotations

import re
from html import escape, unescape

STYLES = {"1": "b", "2": "d", "7": "i", "31": "r", "32": "g", "33": "y", "36": "c", "96": "c"}
"""ANSI code -> class."""
SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")
SIZE, STEP, LINE, EDGE = 13, 7.83, 19, 18
"""Font size, advance of a character, height of a line, margin: pixels."""

CSS = (
    "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6edf3;"
    "white-space:pre}.b{font-weight:700}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}"
    ".c{fill:#79c0ff}.i{text-decoration:underline}"
)


def draw(text: str, title: str) -> str:
    """`text` with ANSI colours as one SVG document that needs nothing from outside."""
    lines = text.rstrip("\n").split("\n")
    columns = max(len(SEQUENCE.sub("", line)) for line in lines)
    width, height = round(columns * STEP) + 2 * EDGE, len(lines) * LINE + 2 * EDGE
    rows = [
        f'<text x="{EDGE}" y="{EDGE + LINE * (number + 1) - 5}" xml:space="preserve">{spans(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title><style>{CSS}</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
            *rows,
            "</svg>\n",
        ]
    )


def spans(line: str) -> str:
    """One line as SVG text, each coloured stretch in a `tspan`."""
    parts = SEQUENCE.split(line)
    made = [escape(parts[0], quote=False)]
    for codes, text in zip(parts[1::2], parts[2::2], strict=True):
        names = " ".join(STYLES[code] for code in codes.split(";") if code in STYLES)
        body = escape(text, quote=False)
        made.append(f'<tspan class="{names}">{body}</tspan>' if names and body else body)
    return "".join(made)


def read(picture: str) -> str:
    """The text of a picture that `draw` made, a line a row."""
    rows = re.findall(r"<text [^>]*>(.*?)</text>", picture)
    return "\n".join(unescape(re.sub(r"<[^>]+>", "", row)) for row in rows) + "\n"
