"""Rebuilds the outcome files from the public repositories that hold them; see `scripts/data`."""
