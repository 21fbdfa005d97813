"""Everything that the command line does, from Python: `open_project` and what it hands back.

One verb, one module with one function over a `Session`; `project.py` puts them behind one object. The command
line calls the same functions and adds questions, colours and exit codes.
"""
