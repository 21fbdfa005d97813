"""What a lint rule is, and what it reads."""
