from collections.abc import Callable

import gtk

class Dialog(gtk.Dialog):
    def __init__(
        self,
        title: str | bytes,
        role: str,
        parent: gtk.Widget | None = None,
        flags: int = 0,
        help_func: Callable[..., object] | None = None,
        help_id: str | None = None,
        /,
    ) -> None: ...
    def set_transient(self) -> None: ...

def gimp_ui_init() -> None: ...
