# -*- coding: utf-8 -*-
"""Images with profiles, and style pictures of all kinds."""

import array
import os

import helpers
import wide
from helpers import (
    add_layer,
    images,
    inverted,
    largest_difference,
    new_image,
    paint,
    painting_of,
    part,
    pdb,
    pixels,
    put,
    raw,
    repeat,
    select,
    stored_alpha,
    style_file,
    uri_of,
    without_alpha,
)

# -- profiles ------------------------------------------------------------------------------------


def profiled_image(width, height, precision):
    image = new_image(width, height, precision=precision)
    profile = wide.profile()
    pdb.gimp_image_set_color_profile(image, len(profile), profile)
    return image


def case_profile_round_trip():
    """What is not painted is the very same; what is, is inverted as sRGB has it."""
    profile = wide.profile()
    for precision, tolerance in (
        ("U8_NON_LINEAR", 0.01),
        ("U16_NON_LINEAR", 5e-4),
        ("FLOAT_LINEAR", 5e-4),
        ("FLOAT_NON_LINEAR", 5e-4),
    ):
        image = profiled_image(120, 90, precision)
        source = add_layer(image, 120, 90)
        select(image, 5, 5, 20, 20)
        layer = paint(image, source)
        _count, kept = pdb.gimp_image_get_color_profile(image)
        assert tuple(kept) == profile, precision
        row = 120 * layer.bpp
        assert raw(layer)[60 * row :] == raw(source)[60 * row :], precision
        assert stored_alpha(layer) == stored_alpha(source), precision
        old, new = (part(pixels(one), 120, 5, 5, 20, 20) for one in (source, layer))
        difference = largest_difference(inverted(old), without_alpha(new))
        assert difference <= tolerance, (precision, difference)


def case_profile_of_known_colours():
    """Colours as Adobe RGB has them, inverted in sRGB, and their 8 bits in Adobe RGB."""
    image = profiled_image(2, 1, "U8_NON_LINEAR")
    source = add_layer(image, 2, 1)
    put(source, bytes(bytearray([127, 127, 127, 255, 150, 120, 80, 77])))
    # In sRGB 128, 128, 128 and 162, 121, 77 are seen, and 127, 127, 127 and 93, 134, 178 wanted.
    wanted = [126, 126, 126, 255, 107, 133, 175, 77]
    got = list(bytearray(raw(paint(image, source))))
    assert got == wanted, got


def case_profile_of_a_grey_image():
    image = new_image(2, 1, "GRAY")
    source = add_layer(image, 2, 1)
    profile = wide.grey_profile(1.8)
    pdb.gimp_image_set_color_profile(image, len(profile), profile)
    put(source, bytes(bytearray([51, 0, 128, 74])))
    # In sRGB 67 and 147 are seen, and 188 and 108 wanted.
    assert list(bytearray(raw(paint(image, source)))) == [174, 0, 89, 74]


# -- style pictures ------------------------------------------------------------------------------


def case_strange_names():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20, name="Фото 사진")
    for name in ("my styles/Größe & Ж ö.png", "한국 화풍/별이 빛나는 밤.png", '100%\'s "x".png'):
        layer = paint(image, source, style=style_file(name))
        assert layer.name == "Neural Style (%s)" % os.path.basename(name), layer.name
    assert repeat(image, layer).name.startswith("Neural Style (")


def case_any_file_that_gimp_opens_as_style():
    image = new_image(20, 20)
    painting = painting_of(image, add_layer(image, 20, 20))
    try:
        wanted = pixels(add_layer(new_image(24, 16), 24, 16))
        for name, tolerance in (
            ("style.xcf", 1e-6),
            ("style.psd", 1e-6),
            ("style.tif", 1e-6),
            ("style.webp", 0.15),
            ("style.jpg", 0.15),
            ("style.bmp", 1e-6),
            ("style.gif", 0.4),
        ):
            got = style_pixels(painting, style_file(name))
            visible = [index for index in range(24 * 16) if wanted[4 * index + 3] > 0.9]
            for index in visible:
                one, other = (values[4 * index : 4 * index + 3] for values in (got, wanted))
                assert largest_difference(one, other) <= tolerance, (name, list(one), list(other))
    finally:
        painting.close()
    assert len(images()) == 2, "a style picture was left open"


def style_pixels(painting, path):
    """The floats of a style picture as the engine gets them."""
    message = painting.style_picture(uri_of(path))
    with open(message["file"], "rb") as file:
        got = array.array("f", file.read())
    assert len(got) == message["width"] * message["height"] * 4
    return got


def case_deep_style_with_a_profile():
    image = new_image(20, 20)
    painting = painting_of(image, add_layer(image, 20, 20))
    try:
        path = os.path.join(helpers.WORK, "deep.png")
        style = profiled_image(24, 16, "U16_NON_LINEAR")
        layer = add_layer(style, 24, 16, alpha=False)
        pdb.gimp_file_save(style, layer, path, path)
        difference = largest_difference(style_pixels(painting, path), pixels(layer))
        assert difference <= 1e-3, difference
        path = style_file("large.png", size=(5000, 8))
        message = painting.style_picture(uri_of(path))
        assert (message["width"], message["height"]) == (4096, 7), message
    finally:
        painting.close()
