import gobject

ACTION_COPY: int
COLORSPACE_RGB: int
WINDOW_TYPE_HINT_NORMAL: int

class Pixbuf(gobject.GObject): ...

def pixbuf_new_from_data(
    data: bytes,
    colorspace: int,
    has_alpha: bool,
    bits_per_sample: int,
    width: int,
    height: int,
    rowstride: int,
    /,
) -> Pixbuf: ...
def pixbuf_new_from_file_at_size(filename: str | bytes, width: int, height: int, /) -> Pixbuf: ...

class Display: ...

def display_get_default() -> Display | None: ...
def screen_height() -> int: ...
