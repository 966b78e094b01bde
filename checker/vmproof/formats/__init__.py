"""Formats of other tools, and how states are written in all of them; one file each."""
