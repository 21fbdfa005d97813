"""A plan carried out, step by step."""
