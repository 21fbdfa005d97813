"""Manifest files to records: finding, parsing, references, overlays, and the project file."""
