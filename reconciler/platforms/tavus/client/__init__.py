"""The Tavus API: how it is called, and how its answers are read."""
