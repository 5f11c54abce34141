"""Films: frames that are painted one after the other, each going on from the last.

Empty of names, so that a mistake in a command is told before PyTorch is loaded.
"""
