"""The kinds of the Tavus API, a file each."""
