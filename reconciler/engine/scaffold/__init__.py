"""What `init` writes: the files of a new project, and pipelines for the project that is there."""
