"""Draws the style pictures that come with the program; not installed with it."""
