"""Where files come from: the work tree, a commit, the repository around a folder."""
