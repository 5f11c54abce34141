"""What the command line tells a program: the worker's messages, one a line."""

from __future__ import annotations

from neural_style.protocol import Message


def emit(message: Message) -> None:
    """Print a message to standard output."""
    print(message.line(), end="", flush=True)
