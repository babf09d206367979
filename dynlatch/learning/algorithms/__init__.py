"""Algorithms, a file each: how parameters change after a presentation, or after a candidate."""
