"""Neural style transfer (Gatys, Ecker and Bethge 2015), in GIMP, on the command line and here.

import neural_style as ns

ns.stylize("photo.jpg", "painting.jpg", strength=60).save("painted.png")
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "NeuralStyleError",
    "NeuralStyleWarning",
    "Progress",
    "Settings",
    "__version__",
    "batch",
    "film",
    "matrix",
    "stylize",
]

if TYPE_CHECKING:
    from neural_style.api import batch, film, matrix, stylize
    from neural_style.errors import NeuralStyleError, NeuralStyleWarning
    from neural_style.job import Progress
    from neural_style.settings import Settings

SPINS = "1000"
"""How long threads wait for each other at full speed before they let others run (GNU OpenMP).
Without a limit, one other busy program makes a job on two cores take eight times as long; with
this one 1.5 times, and on an idle computer as long as before within a tenth."""

os.environ.setdefault("GOMP_SPINCOUNT", SPINS)  # before PyTorch is loaded

_HOMES = {
    "NeuralStyleError": "errors",
    "NeuralStyleWarning": "errors",
    "Progress": "job",
    "Settings": "settings",
    "batch": "api",
    "film": "api",
    "matrix": "api",
    "stylize": "api",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, so that `import neural_style` itself takes no time."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
