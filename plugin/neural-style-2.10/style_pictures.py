# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures out of GIMP 2.10: files, layers, other images, patterns and what was copied.

Each is named by a reference; see `styles`. Nothing here changes an image of the artist's.
"""

from gimpenums import FILL_PATTERN, INDEXED, LAYER_MODE_NORMAL, MASK_APPLY, RGB, RGBA_IMAGE

import gimp
import layers
import scratch
import style_files
import styles
import uris
from messages import PluginError
from paths import native
from region import Region
from words import style_words

pdb = gimp.pdb
MAX_SIDE = 4096
"""A style picture is read no larger: it is scaled to the painting's size anyway."""
PATTERN_MAX_SIDE = 2048


def name_of(reference, image):
    """A style picture's name, to be shown."""
    kind, value, _name = styles.split(reference)
    found = None
    if kind == "layer":
        found = _layer(value, image)
    elif kind == "image":
        found = _image(value)
    return found.name.decode("utf-8") if found else style_words(reference)


def lasting(reference, image):
    """The reference as a layer remembers it: an image by its file, and else with its name."""
    kind, value, _name = styles.split(reference)
    name = name_of(reference, image)
    if kind == "layer":
        layer = _layer(value, image)
        return styles.layer(layer.tattoo, name) if layer else reference
    opened = _image(value) if kind == "image" else None
    return reference if opened is None else lasting_image(opened)


def lasting_image(image):
    """The reference of an image by its file, or else for as long as GIMP runs."""
    if image.uri:
        return image.uri.decode("ascii")
    return styles.image(image.ID, _process(), image.name.decode("utf-8"))


def check(reference, image, is_there=style_files.is_there):
    """Raise `style_gone` or `file_missing` if a style picture is not there; the clipboard is not
    looked at. `is_there(path)` tells it of a file."""
    kind, value, _name = styles.split(reference)
    if kind == "file":
        file = uris.to_path(value)
        if value.startswith("file:") and not is_there(native(file)):
            raise PluginError("file_missing", file.decode("utf-8", "replace"))
    elif (
        (kind == "layer" and _layer(value, image) is None)
        or (kind == "image" and _image(value) is None)
        or (kind == "pattern" and value not in _patterns())
    ):
        raise PluginError("style_gone", style_words(reference))


def _layer(value, image):
    number = styles.number(value)
    return pdb.gimp_image_get_layer_by_tattoo(image, number) if number else None


def _image(value):
    number = styles.number(value, _process())
    opened = [one for one in gimp.image_list() if number == one.ID]
    return opened[0] if opened else None


def _patterns():
    _count, names = pdb.gimp_patterns_get_list("")
    return [name.decode("utf-8") for name in names]


def _process():
    return pdb.gimp_getpid()


def load(reference, path, image):
    """Write what is visible of a style picture; returns the file for a job.

    Of a layer that is its own pixels with its mask, whether it is shown or not.

    Raises:
        PluginError: `style_gone`, `file_missing`, `file_unreachable`, `style_unreadable`.
    """
    check(reference, image)
    kind, value, _name = styles.split(reference)
    if kind == "layer":
        return _write_layer(_layer(value, image), path)
    opened = _open(reference, image)
    try:
        if opened.base_type == INDEXED:
            pdb.gimp_image_convert_rgb(opened)
        visible = pdb.gimp_layer_new_from_visible(opened, opened, "visible")
        return _write(visible, path)
    finally:
        gimp.delete(opened)


def _write(layer, path):
    pixels = layers.pixels_with_filters(layer)
    return layers.write_picture(pixels, Region(0, 0, pixels.width, pixels.height), path, MAX_SIDE)


def _write_layer(layer, path):
    layer = scratch.fresh(layer)
    if layer.mask is None or not pdb.gimp_layer_get_apply_mask(layer):
        return _write(layer, path)
    form = scratch.form_of(layer.image)
    with scratch.image_of(form, layer.width, layer.height) as copy:
        twin = pdb.gimp_layer_new_from_drawable(layer, copy)
        pdb.gimp_image_insert_layer(copy, twin, None, 0)
        pdb.gimp_layer_remove_mask(twin, MASK_APPLY)
        return _write(twin, path)


def _open(reference, image):
    """A style picture as an image of the plug-in's own."""
    kind, value, _name = styles.split(reference)
    if kind == "file":
        file = uris.to_path(value)
        try:
            return pdb.gimp_file_load(file, file)
        except RuntimeError:
            raise PluginError("style_unreadable", style_words(reference))
    if kind == "clipboard":
        pasted = pdb.gimp_edit_paste_as_new_image()
        if pasted is None:
            raise PluginError("style_gone", style_words(reference))
        return pasted
    if kind == "pattern":
        return _filled(value.encode("utf-8"), image)
    return pdb.gimp_image_duplicate(_image(value))


def _filled(pattern, image):
    """An image full of a pattern, as large as the one to paint in: a single tile would be enlarged
    to that."""
    width, height = [min(side, PATTERN_MAX_SIDE) for side in (image.width, image.height)]
    filled = pdb.gimp_image_new(width, height, RGB)
    layer = gimp.Layer(filled, "pattern", width, height, RGBA_IMAGE, 100.0, LAYER_MODE_NORMAL)
    pdb.gimp_image_insert_layer(filled, layer, None, 0)
    pdb.gimp_context_push()
    pdb.gimp_context_set_pattern(pattern)
    pdb.gimp_drawable_fill(layer, FILL_PATTERN)
    pdb.gimp_context_pop()
    return filled


# -- what there is to choose from ------------------------------------------------------------------


def layers_of(image):
    """Names and references of all layers, as the Layers dock shows them."""
    found, waiting = [], list(image.layers)
    while waiting:
        item = waiting.pop(0)
        name = item.name.decode("utf-8")
        found.append((name, styles.layer(item.tattoo, name)))
        waiting[:0] = item.children if pdb.gimp_item_is_group(item) else []
    return found


def images_besides(image):
    """Names and references of the other open images."""
    others = [(one.ID, one.name.decode("utf-8")) for one in gimp.image_list() if one.ID != image.ID]
    return [(name, styles.image(number, _process(), name)) for number, name in others]


def patterns():
    """Names and references of GIMP's patterns."""
    return [(name, styles.pattern(name)) for name in _patterns()]
