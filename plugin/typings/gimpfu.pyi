from collections.abc import Callable, Sequence
from typing import Any

PF_DRAWABLE: int
PF_FILE: int
PF_FLOAT: int
PF_IMAGE: int
PF_LAYER: int
PF_RADIO: int
PF_SLIDER: int
PF_SPINNER: int
PF_STRING: int
RUN_INTERACTIVE: int
RUN_WITH_LAST_VALS: int

class error(RuntimeError): ...

def register(
    proc_name: str,
    blurb: str,
    help: str,
    author: str,
    copyright: str,
    date: str,
    label: str,
    imagetypes: str,
    params: Sequence[tuple[Any, ...]],
    results: Sequence[tuple[Any, ...]],
    function: Callable[..., object],
    menu: str | None = None,
    domain: tuple[str, str] | None = None,
    on_query: Callable[[], object] | None = None,
    on_run: Callable[[], object] | None = None,
    run_mode_param: bool = True,
) -> None: ...
def _query() -> None: ...
def _run(proc_name: str, params: tuple[Any, ...]) -> object: ...
