"""Resources, state and live objects -> the changes of a plan: what is whose, what comes first, the saved file."""
