# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixels from one form into another, by GIMP itself, in an image of the plug-in's own.

Python-Fu hands out a drawable's bytes as they are stored: 8 to 64 bits a channel, linear or not, in
the image's profile. GIMP knows how to convert all that; here it is given the bytes, told what they
are, and asked for others.
"""

import array
import collections
import contextlib
import sys

from gimpenums import (
    COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC,
    GRAY,
    GRAY_IMAGE,
    GRAYA_IMAGE,
    INTERPOLATION_LINEAR,
    LAYER_MODE_NORMAL,
    PRECISION_DOUBLE_GAMMA,
    PRECISION_DOUBLE_LINEAR,
    PRECISION_FLOAT_GAMMA,
    PRECISION_FLOAT_LINEAR,
    PRECISION_U8_GAMMA,
    RGB,
    RGB_IMAGE,
    RGBA_IMAGE,
)

import gimp
import rawfile

pdb = gimp.pdb

Form = collections.namedtuple("Form", "base precision profile")
"""What bytes mean: RGB or GRAY with alpha, GIMP's precision, and an ICC profile or ()."""

KINDS = {
    (RGB, True): RGBA_IMAGE,
    (RGB, False): RGB_IMAGE,
    (GRAY, True): GRAYA_IMAGE,
    (GRAY, False): GRAY_IMAGE,
}
ENGINE = Form(RGB, PRECISION_FLOAT_GAMMA, ())
"""The engine's raw files: four floats a pixel, non-linear sRGB."""
SCREEN = Form(RGB, PRECISION_U8_GAMMA, ())
MASK_VALUES = Form(GRAY, PRECISION_FLOAT_LINEAR, ())
FLOATS = {False: PRECISION_FLOAT_LINEAR, True: PRECISION_FLOAT_GAMMA}
DOUBLES = {False: PRECISION_DOUBLE_LINEAR, True: PRECISION_DOUBLE_GAMMA}
BYTES = {1: 1, 2: 2, 3: 4, 5: 2, 6: 4, 7: 8}
"""Of a channel, by the hundreds of GIMP's number of the precision; from 50 on it is non-linear."""


def form_of(image):
    """The form of an image's layers, where they have alpha."""
    # To have asked for the precision is also what makes Python-Fu hand out more than 8 bits.
    precision = pdb.gimp_image_get_precision(image)
    _count, profile = pdb.gimp_image_get_color_profile(image)
    return Form(image.base_type, precision, tuple(profile))


def pixel_bytes(form):
    """Bytes of one pixel with alpha."""
    return channel_bytes(form.precision) * (4 if form.base == RGB else 2)


def channel_bytes(precision):
    return BYTES[precision // 100]


# -- bytes of a drawable -------------------------------------------------------------------------


def fresh(drawable):
    """A new object of a drawable: the old one has size and depth of when it was first used, and
    reading by those of a drawable that has changed ends the process."""
    return gimp._id2drawable(drawable.ID)


def read(drawable, x, y, width, height):
    """A rectangle's bytes, row by row."""
    drawable = fresh(drawable)
    region = drawable.get_pixel_rgn(x, y, width, height, False, False)
    strips = [
        region[x : x + width, y + top : y + bottom]
        for top, bottom in rawfile.strips(width * region.bpp, height)
    ]
    return strips[0] if len(strips) == 1 else b"".join(strips)


def write(drawable, x, y, width, height, data):
    """Set a rectangle's bytes, without a step in GIMP's history."""
    drawable = fresh(drawable)
    region = drawable.get_pixel_rgn(x, y, width, height, True, False)
    row = width * region.bpp
    for top, bottom in rawfile.strips(row, height):
        strip = bytes(data[top * row : bottom * row])
        region[x : x + width, y + top : y + bottom] = strip
    drawable.flush()


# -- conversion ----------------------------------------------------------------------------------


@contextlib.contextmanager
def image_of(form, width, height):
    """An image of that form without layers, which is deleted afterwards."""
    image = pdb.gimp_image_new_with_precision(width, height, form.base, form.precision)
    try:
        image.disable_undo()
        if form.profile:
            pdb.gimp_image_set_color_profile(image, len(form.profile), form.profile)
        yield image
    finally:
        gimp.delete(image)


@contextlib.contextmanager
def image_with(form, width, height, data, has_alpha=True):
    """An image with one layer of these bytes."""
    with image_of(form, width, height) as image:
        kind = KINDS[form.base, has_alpha]
        layer = gimp.Layer(image, "scratch", width, height, kind, 100.0, LAYER_MODE_NORMAL)
        pdb.gimp_image_insert_layer(image, layer, None, 0)
        write(layer, 0, 0, width, height, data)
        yield image


def converted(data, width, height, form, wanted):
    """Bytes of a picture with alpha in another form."""
    if form == wanted:
        return data
    with image_with(form, width, height, data) as image:
        convert(image, wanted)
        return read_layer(image)


def with_alpha(data, width, height, form):
    """Bytes without alpha as bytes of an opaque picture."""
    with image_with(form, width, height, data, has_alpha=False) as image:
        image.layers[0].add_alpha()
        return read_layer(image)


def scale(image, width, height):
    """Scale an image and its layer."""
    if (image.width, image.height) != (width, height):
        pdb.gimp_context_set_interpolation(INTERPOLATION_LINEAR)
        pdb.gimp_image_scale(image, width, height)


def read_layer(image):
    """The bytes of an image's one layer."""
    layer = image.layers[0]
    return read(layer, 0, 0, layer.width, layer.height)


def convert(image, wanted):
    """Bring an image into a form, with as many bits as there are on the way."""
    # GIMP adapts a profile when linear becomes non-linear: so the profile comes after that.
    _set_precision(image, _wide(wanted.precision))
    if image.base_type != wanted.base:
        _set_profile(image, ())
        if wanted.base == GRAY:
            pdb.gimp_image_convert_grayscale(image)
        else:
            pdb.gimp_image_convert_rgb(image)
    _set_profile(image, wanted.profile)
    _set_precision(image, wanted.precision)


def _wide(precision):
    """The precision of the same curve in which conversions lose nothing."""
    floats = DOUBLES if channel_bytes(precision) > 2 and precision // 100 != 6 else FLOATS
    return floats[precision % 100 >= 50]


def _set_precision(image, wanted):
    if pdb.gimp_image_get_precision(image) != wanted:
        pdb.gimp_image_convert_precision(image, wanted)


def _set_profile(image, wanted):
    """Convert the colours to a profile, or with () to GIMP's own."""
    _count, profile = pdb.gimp_image_get_color_profile(image)
    if tuple(profile) == wanted:
        return
    if not wanted:
        own = Form(image.base_type, pdb.gimp_image_get_precision(image), ())
        with image_of(own, 1, 1) as plain:
            _count, wanted = pdb.gimp_image_get_effective_color_profile(plain)
    intent = COLOR_RENDERING_INTENT_RELATIVE_COLORIMETRIC
    pdb.gimp_image_convert_color_profile(image, len(wanted), wanted, intent, True)


# -- masks ---------------------------------------------------------------------------------------


def mask_form(form):
    """What the bytes of a layer's mask mean, in an image of that form: always linear."""
    return Form(GRAY, form.precision // 100 * 100, ())


def mask_values(data, size, form):
    """A mask's values from 0 to 1."""
    opaque = with_alpha(data, size[0], size[1], form)
    values = array.array("f", converted(opaque, size[0], size[1], form, MASK_VALUES))
    return values[0::2]


def mask_bytes(values, size, form):
    """The bytes of a mask of these values."""
    pairs = array.array("f", [1.0]) * (2 * len(values))
    pairs[0::2] = values
    pixels = pairs.tobytes() if sys.version_info[0] > 2 else pairs.tostring()
    data = converted(pixels, size[0], size[1], MASK_VALUES, form)
    channel = channel_bytes(form.precision)
    mask = bytearray(len(data) // 2)
    for offset in range(channel):
        mask[offset::channel] = data[offset :: 2 * channel]
    return mask
