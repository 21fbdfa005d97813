"""Frozen records that cross a boundary; no behaviour beyond their own invariants."""
