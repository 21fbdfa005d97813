"""The version of the program, where every module can read it: below all others."""

__version__ = "0.1.0"
