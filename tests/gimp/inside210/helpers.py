"""Pictures to test with and ways to look at them, inside GIMP 2.10."""

import array
import json
import os
import re
import sys

import gimpenums

import gimp
import numbers210
from common import *  # noqa: F403 - cases import both from here

pdb = gimp.pdb
WORK = ""
NAME = "python-fu-neural-style"
KINDS = {
    (gimpenums.RGB, True): gimpenums.RGBA_IMAGE,
    (gimpenums.RGB, False): gimpenums.RGB_IMAGE,
    (gimpenums.GRAY, True): gimpenums.GRAYA_IMAGE,
    (gimpenums.GRAY, False): gimpenums.GRAY_IMAGE,
}
PRECISIONS = [
    kind + "_" + curve
    for kind in ("U8", "U16", "U32", "HALF", "FLOAT", "DOUBLE")
    for curve in ("LINEAR", "NON_LINEAR")
]
"""GIMP 3's names for them."""


def images():
    return dict((image.ID, image) for image in gimp.image_list())


def delete(image):
    gimp.delete(image)


def select(image, x, y, width, height):
    pdb.gimp_image_select_rectangle(image, gimpenums.CHANNEL_OP_REPLACE, x, y, width, height)


# -- pixels --------------------------------------------------------------------------------------


def raw(drawable):
    """The pixels as they are stored."""
    # Python-Fu hands out 8 bits a channel until it has been asked for the precision.
    pdb.gimp_image_get_precision(drawable.image)
    drawable = gimp._id2drawable(drawable.ID)  # the object keeps a size and depth it once had
    width, height = drawable.width, drawable.height
    return drawable.get_pixel_rgn(0, 0, width, height, False, False)[0:width, 0:height]


def put(drawable, data):
    width, height = drawable.width, drawable.height
    drawable.get_pixel_rgn(0, 0, width, height, True, False)[0:width, 0:height] = data
    drawable.flush()


def form_of(image):
    """How numbers210 is to read and write an image's bytes."""
    precision = pdb.gimp_image_get_precision(image)
    return precision, image.base_type == gimpenums.GRAY, has_profile(image)


def has_profile(image):
    return pdb.gimp_image_get_color_profile(image)[0] > 0


def pixels(drawable):
    """Non-linear sRGB and alpha as floats, converted without GIMP."""
    precision, grey, profile = form_of(drawable.image)
    return numbers210.decoded(raw(drawable), precision, grey, drawable.has_alpha, profile)


def stored_alpha(drawable):
    """The alpha's very bytes."""
    data, pixel = raw(drawable), drawable.bpp
    channel = pixel // (2 if drawable.image.base_type == gimpenums.GRAY else 4)
    return [data[start + pixel - channel : start + pixel] for start in range(0, len(data), pixel)]


def part(values, width, x, y, columns, rows):
    """A rectangle of what `pixels` returns."""
    found = array.array("f")
    for row in range(y, y + rows):
        start = 4 * (row * width + x)
        found.extend(values[start : start + 4 * columns])
    return found


def check_painted(source, layer, tolerance=1e-6):
    """Inverted colours, the very same alpha, the same place."""
    assert (layer.width, layer.height) == (source.width, source.height)
    assert layer.offsets == source.offsets
    difference = largest_difference(inverted(pixels(source)), without_alpha(pixels(layer)))
    assert difference <= tolerance, difference
    if source.has_alpha:
        assert stored_alpha(layer) == stored_alpha(source), "alpha differs"
    else:
        assert set(pixels(layer)[3::4]) == set([1.0])


def crop(data, width, x, y, columns, rows):
    """A rectangle of a channel with one byte a pixel."""
    starts = [row * width + x for row in range(y, y + rows)]
    return b"".join([data[start : start + columns] for start in starts])


# -- images --------------------------------------------------------------------------------------


def new_image(width, height, base="RGB", precision="U8_NON_LINEAR"):
    kind = getattr(gimpenums, base)
    depth = getattr(gimpenums, "PRECISION_" + precision.replace("NON_LINEAR", "GAMMA"))
    return pdb.gimp_image_new_with_precision(width, height, kind, depth)


def add_layer(image, width, height, alpha=True, offset=(0, 0), parent=None, name="photo"):
    """A layer full of different colours and, where it has one, different alpha."""
    grey = image.base_type == gimpenums.GRAY
    kind = KINDS[image.base_type, alpha]
    layer = gimp.Layer(image, name, width, height, kind, 100.0, gimpenums.LAYER_MODE_NORMAL)
    pdb.gimp_image_insert_layer(image, layer, parent, 0)
    layer.set_offsets(*offset)
    values = array.array("f")
    for index in range(width * height):
        red = 0.2 + 0.6 * (index % width) / width
        green, blue = 0.3 + 0.5 * (index // width) / height, 0.4
        colour = [red] * 3 if grey else [red, green, blue]
        values.extend(colour + [(index * 37 % 256) / 255.0])
    precision, grey, profile = form_of(image)
    put(layer, numbers210.encoded(values, precision, grey, alpha, profile))
    return layer


def add_mask(layer):
    """Make the selection the layer's mask."""
    layer.add_mask(layer.create_mask(gimpenums.ADD_SELECTION_MASK))


def add_channel(image, name, area, value=255):
    """A channel that has that value in a rectangle and is black else."""
    size = image.width, image.height
    channel = pdb.gimp_channel_new(image, size[0], size[1], name, 50.0, (0, 0, 0))
    pdb.gimp_image_insert_channel(image, channel, None, 0)
    data = bytearray(size[0] * size[1])
    for row in range(area[1], min(size[1], area[1] + area[3])):
        start = row * size[0] + area[0]
        end = min((row + 1) * size[0], start + area[2])
        data[start:end] = bytearray([value]) * (end - start)
    if channel.bpp == 2:
        data = [byte for one in data for byte in (one, one)]
    put(channel, bytes(bytearray(data)))
    return channel


def add_plain_layer(image, size, offset, colour, name="plain"):
    """A layer of one colour, four bytes."""
    layer = add_layer(image, size[0], size[1], offset=offset, name=name)
    put(layer, bytes(bytearray(colour)) * (size[0] * size[1]))
    return layer


def select_softly(image, area):
    """Select an ellipse with soft edges, or nothing."""
    if area is None:
        pdb.gimp_selection_none(image)
        return
    pdb.gimp_context_push()
    pdb.gimp_context_set_feather(True)
    pdb.gimp_context_set_feather_radius(6.0, 6.0)
    pdb.gimp_image_select_ellipse(image, gimpenums.CHANNEL_OP_REPLACE, *area)
    pdb.gimp_context_pop()


def select_channel(image, channel):
    pdb.gimp_image_select_item(image, gimpenums.CHANNEL_OP_REPLACE, channel)


def selected(image):
    """The selection's values, 0 to 255, over all of the image."""
    return bytearray(raw(image.selection))


def guided(protect="", regions=()):
    """Masks as arguments for `paint`."""
    plug_in()
    import masks

    return {"protect": protect, "regions": masks.join(masks.Masks("", list(regions)))}


def style_file(name="style.png", size=(24, 16)):
    path = os.path.join(WORK, name)
    if not os.path.exists(path):
        image = new_image(*size)
        layer = add_layer(image, *size)
        if name.endswith(".gif"):
            none, generate = gimpenums.CONVERT_DITHER_NONE, gimpenums.CONVERT_PALETTE_GENERATE
            pdb.gimp_image_convert_indexed(image, none, generate, 255, False, False, "")
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        pdb.gimp_file_save(image, layer, path, path)
        delete(image)
    return path


def uri_of(path):
    plug_in()
    import uris

    return uris.from_path(path)


# -- the plug-in ---------------------------------------------------------------------------------


def plug_in():
    """Make the plug-in's own modules importable; returns its folder."""
    folder = os.path.join(gimp.directory, "plug-ins", "neural-style")
    if folder not in sys.path:
        sys.path.append(folder)
    return folder


def gtk_ready():
    """Make the plug-in's windows importable."""
    plug_in()
    import pygtk

    pygtk.require("2.0")


def arguments(values):
    """Style picture and settings in the procedure's order; those not given have their defaults."""
    plug_in()
    from arguments import POSITIONAL, default

    values = dict(values)
    style = values.pop("style", None)
    style = "\n".join(values.pop("styles")).encode("utf-8") if "styles" in values else style
    given = [style_file() if style is None else style]
    given += [values.pop(name, default(name)) for name in POSITIONAL]
    given += [values.pop(name, "").encode("utf-8") for name in ("protect", "regions")]
    assert not values, values
    return given


def paint(image, drawable, **values):
    """Run the plug-in, which must succeed; returns the new layer."""
    layer = pdb[NAME](image, drawable, *arguments(values))
    assert isinstance(layer, gimp.Layer), layer
    return layer


def repeat(image, drawable):
    return pdb[NAME + "-repeat"](image, drawable)


def repeat_refusal(image, drawable):
    """What is told when that fails, which it must."""
    return refusal(image, lambda: repeat(image, drawable))


def painting_of(image, drawable):
    """A run of the plug-in in this process, where a case can do something in the middle of it."""
    plug_in()
    from painting import Painting

    return Painting(image, drawable)


def failure_of(image, drawable, **values):
    """Run the plug-in, which must fail and leave the image alone; returns what it told."""
    message = refusal(image, lambda: pdb[NAME](image, drawable, *arguments(values)))
    assert "Log: " in message, message
    return message


def mistake_of(image, drawable, **values):
    """The same for what is the caller's own mistake."""
    message = refusal(image, lambda: pdb[NAME](image, drawable, *arguments(values)))
    assert "Log: " not in message, message
    return message


def refusal(image, work):
    """What is told when the work fails, which it must; and it must leave the image alone."""
    before, opened, heard = picture_of(image), set(images()), len(_standard_error())
    try:
        result = work()
    except RuntimeError:
        pass
    else:
        raise AssertionError("%r instead of a failure" % (result,))
    assert picture_of(image) == before, "the image was changed"
    assert set(images()) == opened, "an image was left open"
    return _told(_standard_error()[heard:])


def _standard_error():
    # This process writes to the very file that GIMP does.
    with open("/proc/self/fd/2", "rb") as file:
        return file.read()


def _told(text):
    """What GIMP tells the artist."""
    found = re.findall(r"Neural Style[^\n]*-Warning: (.*?\](?:\nLog: [^\n]*)?)\n", text, re.S)
    assert len(found) == 1, text
    return found[0].decode("utf-8")


# -- what differs between GIMPs ------------------------------------------------------------------


def tattoo_of(layer):
    return layer.tattoo


def number_of(image):
    return image.ID


def names_of(image):
    return [layer.name for layer in image.layers]


def hide(layer):
    layer.visible = False


def remove(image, layer):
    image.remove_layer(layer)


def remove_channel(image, channel):
    image.remove_channel(channel)


def rename(item, name):
    item.name = name


def copy(layer):
    pdb.gimp_edit_copy(layer)


def add_half_mask(layer):
    """A mask of grey, half through."""
    mask = layer.create_mask(gimpenums.ADD_WHITE_MASK)
    layer.add_mask(mask)
    pdb.gimp_context_push()
    pdb.gimp_context_set_background((0.5, 0.5, 0.5))
    pdb.gimp_drawable_fill(mask, gimpenums.FILL_BACKGROUND)
    pdb.gimp_context_pop()


def make_indexed(image):
    none, generate = gimpenums.CONVERT_DITHER_NONE, gimpenums.CONVERT_PALETTE_GENERATE
    pdb.gimp_image_convert_indexed(image, none, generate, 8, False, False, "")


def mask_of(layer):
    return layer.mask


def finish_of(layer):
    """Its opacity and its mode's name."""
    names = [name for name in dir(gimpenums) if name.startswith("LAYER_MODE_")]
    found = [name for name in names if getattr(gimpenums, name) == layer.mode]
    return layer.opacity, found[0][len("LAYER_MODE_") :]


def note_of(layer):
    """What a layer remembers of how it was made."""
    return json.loads(layer.parasite_find("neural-style").data.rstrip(b"\0"))


def picture_of(image):
    """Everything about the layers that a failure must not change."""

    def walk(items):
        found = []
        for item in items:
            mask = raw(item.mask) if item.mask else None
            found.append((item.ID, item.name, raw(item), mask, item.offsets, item.parasite_list()))
            if pdb.gimp_item_is_group(item):
                found += walk(item.children)
        return found

    active = image.active_layer
    return walk(image.layers), active and active.ID, image.base_type, len(image.channels)


def set_note(layer, data):
    """Give a layer a note, as anybody's file may bring it."""
    layer.attach_new_parasite("neural-style", 1, data)


def copy_into(image, layer):
    """Copy a layer into another image, as dragging it there does."""
    copy = pdb.gimp_layer_new_from_drawable(layer, image)
    image.add_layer(copy, 0)
    return copy


def is_dirty(image):
    return bool(image.dirty)


def make_clean(image):
    image.clean_all()


def float_selection(image, layer):
    """Paste a part of a layer, so that it floats."""
    pdb.gimp_edit_copy(layer)
    return pdb.gimp_edit_paste(layer, False)
