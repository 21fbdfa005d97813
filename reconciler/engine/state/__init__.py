"""The state of a run: read, locked, journaled, saved, repaired."""
