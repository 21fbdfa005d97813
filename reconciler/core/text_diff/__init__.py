"""Two long texts side by side: sections, lines, words, and what moved."""
