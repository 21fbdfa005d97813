"""Words on the command line: the only floor that knows click, screens, prompts and exit codes."""
