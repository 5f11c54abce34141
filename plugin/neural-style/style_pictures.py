# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures out of GIMP: files, layers, other images, patterns and what was copied.

Each is named by a reference; see `styles`. Nothing here changes an image of the artist's.
"""

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, Gio  # noqa: E402

import layers  # noqa: E402
import style_files  # noqa: E402
import styles  # noqa: E402
from messages import PluginError  # noqa: E402
from region import Region  # noqa: E402
from words import style_words  # noqa: E402

MAX_SIDE = 4096
"""A style picture is read no larger: it is scaled to the painting's size anyway."""
PATTERN_MAX_SIDE = 2048


def name_of(reference, image):
    """A style picture's name, to be shown."""
    found = _find(reference, image)
    return found.get_name() if found else style_words(reference)


def lasting(reference, image):
    """The reference as a layer remembers it: an image by its file, and else with its name."""
    kind, _value, _name = styles.split(reference)
    found = _find(reference, image)
    if found and kind == "layer":
        return styles.layer(found.get_tattoo(), found.get_name())
    return lasting_image(found) if found and kind == "image" else reference


def lasting_image(image):
    """The reference of an image by its file, or else for as long as GIMP runs."""
    file = image.get_file()
    if file:
        return file.get_uri()
    return styles.image(image.get_id(), Gimp.getpid(), image.get_name())


def check(reference, image, is_there=style_files.is_there):
    """Raise `style_gone` or `file_missing` if a style picture is not there; the clipboard is not
    looked at. `is_there(path)` tells it of a file."""
    kind, value, _name = styles.split(reference)
    if kind == "file":
        file = Gio.File.new_for_uri(value)
        if file.is_native() and not is_there(file.get_path()):
            raise PluginError("file_missing", file.get_parse_name())
    elif kind != "clipboard" and _find(reference, image) is None:
        raise PluginError("style_gone", style_words(reference))


def _find(reference, image):
    """The layer, image or pattern that a reference means, or None."""
    kind, value, _name = styles.split(reference)
    if kind == "pattern":
        return Gimp.Pattern.get_by_name(value)
    if kind == "layer":
        return image.get_layer_by_tattoo(styles.number(value))
    if kind == "image":
        number = styles.number(value, Gimp.getpid())
        return Gimp.Image.get_by_id(number) if Gimp.Image.id_is_valid(number) else None
    return None


def load(reference, path, image):
    """Write what is visible of a style picture; returns the file for a job.

    Of a layer that is its own pixels with its mask, whether it is shown or not.

    Raises:
        PluginError: `style_gone`, `file_missing`, `file_unreachable`, `style_unreadable`.
    """
    check(reference, image)
    if styles.split(reference).kind == "layer":
        layer = _find(reference, image)
        pixels = layers.pixels_with_filters(layer, with_mask=True)
        whole = Region(0, 0, layer.get_width(), layer.get_height())
        return layers.write_picture(pixels, whole, path, MAX_SIDE)
    opened = _open(reference, image)
    try:
        visible = Gimp.Layer.new_from_visible(opened, opened, "visible")
        whole = Region(0, 0, visible.get_width(), visible.get_height())
        return layers.write_picture(visible.get_buffer(), whole, path, MAX_SIDE)
    finally:
        opened.delete()


def _open(reference, image):
    """A style picture as an image of the plug-in's own."""
    kind, value, _name = styles.split(reference)
    if kind == "file":
        return _open_file(Gio.File.new_for_uri(value))
    if kind == "clipboard":
        pasted = Gimp.edit_paste_as_new_image()
        if pasted is None:
            raise PluginError("style_gone", style_words(reference))
        return pasted
    found = _find(reference, image)
    return _filled(found, image) if kind == "pattern" else found.duplicate()


def _open_file(file):
    try:
        image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    except Exception:
        image = None
    finally:
        Gimp.progress_end()  # GIMP shows "Opening..." for ever otherwise
    if image is None:
        raise PluginError("style_unreadable", style_words(file.get_uri()))
    return image


def _filled(pattern, image):
    """An image full of a pattern, as large as the one to paint in: a single tile would be enlarged
    to that."""
    size = [min(side, PATTERN_MAX_SIDE) for side in (image.get_width(), image.get_height())]
    filled = Gimp.Image.new(*size, Gimp.ImageBaseType.RGB)
    kind = Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(filled, "pattern", *size, kind, 100.0, Gimp.LayerMode.NORMAL)
    filled.insert_layer(layer, None, 0)
    Gimp.context_push()
    Gimp.context_set_pattern(pattern)
    layer.fill(Gimp.FillType.PATTERN)
    Gimp.context_pop()
    return filled


# -- what there is to choose from ------------------------------------------------------------------


def layers_of(image):
    """Names and references of all layers, as the Layers dock shows them."""
    found, waiting = [], list(image.get_layers())
    while waiting:
        item = waiting.pop(0)
        found.append((item.get_name(), styles.layer(item.get_tattoo(), item.get_name())))
        waiting[:0] = item.get_children() if item.is_group() else []
    return found


def images_besides(image):
    """Names and references of the other open images."""
    others = [one for one in Gimp.get_images() if one.get_id() != image.get_id()]
    process = Gimp.getpid()
    return [(o.get_name(), styles.image(o.get_id(), process, o.get_name())) for o in others]
