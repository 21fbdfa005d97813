"""Text from outside: made safe to show, compared as people read it, matched against patterns."""
