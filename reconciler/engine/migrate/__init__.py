"""Migrations carried out on the files of a project, in memory."""
