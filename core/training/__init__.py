"""Trains the compact network; stands beside the package and is not installed with it."""
