"""Measures the engine beside a textbook implementation; not installed with the package."""
