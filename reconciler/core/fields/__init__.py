"""What the field tables of the kinds say, put to use: checks, the JSON Schema, the pages of `explain`."""
