"""The project file, and the folders and trees that it belongs to."""
