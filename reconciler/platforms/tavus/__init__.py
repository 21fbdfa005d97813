"""Tavus personas and PALs: kinds, rules, migrations, catalogue, client and simulator."""
