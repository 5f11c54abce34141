# -*- coding: utf-8 -*-
"""What the new layer is like, with an engine that inverts the colours."""

import array
import os

import gimpenums

import gimp
import helpers
import wide
from helpers import (
    PRECISIONS,
    add_layer,
    add_mask,
    images,
    inverted,
    largest_difference,
    mistake_of,
    new_image,
    note_of,
    paint,
    part,
    pdb,
    picture_of,
    pixels,
    put,
    raw,
    refusal,
    repeat,
    select,
    stored_alpha,
    style_file,
    without_alpha,
)

TOLERANCES = {"U8": 1e-6, "U16": 1e-3, "U32": 1e-4, "HALF": 2e-3, "FLOAT": 1e-4, "DOUBLE": 1e-4}
TOLERANCES["U8_LINEAR"] = 0.05  # 8 bits of linear light are few in the shadows


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


# -- its place -----------------------------------------------------------------------------------


def case_place_name_and_active_layer():
    image = new_image(60, 50)
    add_layer(image, 60, 50, name="bottom")
    source = add_layer(image, 40, 30, offset=(7, -5))
    add_layer(image, 60, 50, name="top")
    before = raw(source)
    layer = paint(image, source)
    names = [item.name for item in image.layers]
    assert names == ["top", "Neural Style (style.png)", "photo", "bottom"], names
    assert image.active_layer == layer
    check_painted(source, layer)
    assert raw(source) == before
    assert layer.opacity == 100.0 and layer.mask is None


def case_inside_groups():
    image = new_image(40, 40)
    outer, inner = pdb.gimp_layer_group_new(image), pdb.gimp_layer_group_new(image)
    pdb.gimp_image_insert_layer(image, outer, None, 0)
    pdb.gimp_image_insert_layer(image, inner, outer, 0)
    source = add_layer(image, 20, 20, offset=(9, 4), parent=inner)
    add_layer(image, 20, 20, parent=inner, name="above")
    layer = paint(image, source)
    assert layer.parent == inner
    names = [item.name for item in inner.children]
    assert names == ["above", layer.name, "photo"], names
    check_painted(source, layer)


def case_group_as_source():
    image = new_image(40, 40)
    group = pdb.gimp_layer_group_new(image)
    pdb.gimp_image_insert_layer(image, group, None, 0)
    add_layer(image, 20, 10, offset=(5, 6), parent=group)
    add_layer(image, 10, 20, offset=(8, 2), parent=group)
    layer = paint(image, group)
    assert not pdb.gimp_item_is_group(layer) and layer.parent is None
    check_painted(group, layer)


def case_text_layer_as_source():
    image = new_image(120, 60)
    text = pdb.gimp_text_layer_new(image, "Gatys", "Sans", 24.0, 0)
    pdb.gimp_image_insert_layer(image, text, None, 0)
    text.set_offsets(4, 5)
    layer = paint(image, text)
    assert not pdb.gimp_item_is_text_layer(layer) and pdb.gimp_item_is_text_layer(text)
    check_painted(text, layer)


# -- its pixels ----------------------------------------------------------------------------------


def case_every_precision_keeps_alpha_exactly():
    for precision in PRECISIONS:
        for base in ("RGB", "GRAY"):
            image = new_image(21, 13, base, precision)
            source = add_layer(image, 17, 11, offset=(3, 2))
            layer = paint(image, source)
            tolerance = TOLERANCES.get(precision, TOLERANCES[precision.split("_")[0]])
            try:
                check_painted(source, layer, tolerance)
            except AssertionError as error:
                raise AssertionError("%s %s: %s" % (precision, base, error))


def case_layer_without_alpha():
    for precision in ("U8_NON_LINEAR", "U16_LINEAR"):
        image = new_image(20, 20, precision=precision)
        source = add_layer(image, 20, 20, alpha=False)
        check_painted(source, paint(image, source), 1e-3)


def case_larger_than_a_strip():
    image = new_image(1200, 1000)
    kind, mode = gimpenums.RGB_IMAGE, gimpenums.LAYER_MODE_NORMAL
    source = gimp.Layer(image, "big", 1200, 1000, kind, 100.0, mode)
    pdb.gimp_image_insert_layer(image, source, None, 0)
    source.fill(gimpenums.FILL_WHITE)
    layer = paint(image, source)
    assert raw(layer) == b"\0\0\0\xff" * (1200 * 1000)


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


# -- masks and selections ------------------------------------------------------------------------


def case_layer_mask_is_copied():
    for precision in ("U8_NON_LINEAR", "U16_LINEAR", "FLOAT_NON_LINEAR"):
        image = new_image(30, 30, precision=precision)
        source = add_layer(image, 20, 20, offset=(2, 3))
        select(image, 5, 5, 8, 8)
        add_mask(source)
        pdb.gimp_selection_none(image)
        layer = paint(image, source)
        assert len(set(raw(source.mask))) > 1, "no mask to copy"
        assert raw(layer.mask) == raw(source.mask)
        check_painted(source, layer, 1e-3)
        # the mask itself may be the active drawable
        again = paint(image, source.mask)
        assert raw(again.mask) == raw(source.mask)


def case_a_mask_that_does_not_count():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    source.add_mask(source.create_mask(gimpenums.ADD_BLACK_MASK))
    pdb.gimp_layer_set_apply_mask(source, False)
    assert paint(image, source).mask is None


def feathered_ellipse(image, x, y, width, height, radius):
    pdb.gimp_context_push()
    pdb.gimp_context_set_feather(True)
    pdb.gimp_context_set_feather_radius(radius, radius)
    replace = gimpenums.CHANNEL_OP_REPLACE
    pdb.gimp_image_select_ellipse(image, replace, x, y, width, height)
    pdb.gimp_context_pop()


def case_selection_becomes_the_mask():
    image = new_image(400, 300)
    source = add_layer(image, 300, 250, offset=(20, 10))
    feathered_ellipse(image, 120, 100, 80, 60, 12.0)
    chosen = crop(raw(image.selection), 400, 20, 10, 300, 250)
    layer = paint(image, source)
    assert raw(layer.mask) == chosen
    assert len(set(chosen)) > 10, "the selection was not feathered"
    # all that the selection touches is painted, what is far from it is the source's own
    old, new = bytearray(raw(source)), bytearray(raw(layer))
    assert new[3::4] == old[3::4]
    touched = same = 0
    for index, amount in enumerate(bytearray(chosen)):
        before, after = old[4 * index : 4 * index + 3], new[4 * index : 4 * index + 3]
        if amount:
            touched += 1
            assert list(after) == [255 - value for value in before]
        same += after == before
    assert touched > 1000 and same > 30000, (touched, same)
    assert not pdb.gimp_selection_is_empty(image)


def case_selection_in_other_precisions():
    for precision in ("U16_NON_LINEAR", "FLOAT_LINEAR", "HALF_NON_LINEAR"):
        image = new_image(60, 50, precision=precision)
        source = add_layer(image, 60, 50)
        feathered_ellipse(image, 10, 10, 30, 20, 5.0)
        layer = paint(image, source)
        assert raw(layer.mask) == raw(image.selection), precision


def case_selection_times_mask():
    for precision, most in (("U8_NON_LINEAR", 255), ("U16_LINEAR", 65535)):
        image = new_image(60, 60, precision=precision)
        source = add_layer(image, 60, 60)
        feathered_ellipse(image, 0, 0, 40, 60, 8.0)
        add_mask(source)
        feathered_ellipse(image, 0, 0, 60, 40, 8.0)
        layer = paint(image, source)
        code = "B" if most == 255 else "H"
        mask, selected, product = (
            array.array(code, raw(one)) for one in (source.mask, image.selection, layer.mask)
        )
        wanted = [one * other / float(most) for one, other in zip(mask, selected)]
        assert largest_difference(wanted, product) <= 1.0, precision
        assert len(set(product)) > 20 and min(product) == 0


def case_selection_outside_the_layer():
    image = new_image(60, 60)
    source = add_layer(image, 20, 20)
    select(image, 40, 40, 10, 10)
    message = mistake_of(image, source)
    assert "selection" in message and "[selection_outside]" in message, message


# -- meanwhile -----------------------------------------------------------------------------------


class Started(object):
    """A painting that has begun, in this process: `finish` waits for the engine and keeps it."""

    def __init__(self, image, source):
        self.painting = helpers.painting_of(image, source)
        self.style = helpers.uri_of(style_file())
        self.job = self.painting.start(self.style, {"seed": 5}, lambda message: None)

    def finish(self):
        try:
            while not self.job.tick(0.1):
                pass
            return self.painting.keep(self.style, {"seed": 5}, self.job.result)
        finally:
            self.painting.close()


def case_what_the_artist_does_meanwhile_changes_nothing():
    """Selection, size and place of the layer are those of the start."""
    image = new_image(60, 50)
    source = add_layer(image, 40, 30, offset=(7, 5))
    select(image, 10, 8, 12, 9)
    before, chosen = raw(source), crop(raw(image.selection), 60, 7, 5, 40, 30)
    started = Started(image, source)
    pdb.gimp_selection_none(image)
    source.resize(50, 44, 6, 9)
    source.set_offsets(-3, 2)
    source.fill(gimpenums.FILL_WHITE)
    layer = started.finish()
    assert layer.offsets == (7, 5) and (layer.width, layer.height) == (40, 30)
    assert raw(layer.mask) == chosen
    old, new = bytearray(before), bytearray(raw(layer))
    assert new[3::4] == old[3::4]
    inside = [index for index, amount in enumerate(bytearray(chosen)) if amount]
    assert len(inside) == 12 * 9
    for index in inside:
        wanted = [255 - value for value in old[4 * index : 4 * index + 3]]
        assert list(new[4 * index : 4 * index + 3]) == wanted


def case_another_precision_meanwhile():
    for first, then, alpha_tolerance in (
        ("U8_NON_LINEAR", "PRECISION_FLOAT_LINEAR", 1e-6),
        ("U16_LINEAR", "PRECISION_U8_GAMMA", 1 / 255.0),
    ):
        image = new_image(40, 30, precision=first)
        source = add_layer(image, 40, 30)
        select(image, 4, 4, 30, 20)
        before = pixels(source)
        started = Started(image, source)
        pdb.gimp_image_convert_precision(image, getattr(gimpenums, then))
        layer = started.finish()
        after = pixels(layer)
        assert largest_difference(inverted(before), without_alpha(after)) <= 0.005, then
        assert largest_difference(before[3::4], after[3::4]) <= alpha_tolerance, then
        assert raw(layer.mask) == raw(image.selection), then


def case_another_mode_meanwhile():
    image = new_image(40, 30)
    source = add_layer(image, 40, 30)
    started = Started(image, source)
    pdb.gimp_image_convert_grayscale(image)
    layer = started.finish()
    assert layer.type == gimpenums.GRAYA_IMAGE
    assert stored_alpha(layer) == stored_alpha(source)
    image = new_image(40, 30, "GRAY")
    source = add_layer(image, 40, 30)
    started = Started(image, source)
    pdb.gimp_image_convert_rgb(image)
    check_painted(source, started.finish(), 1 / 255.0)


def case_indexed_meanwhile():
    image = new_image(40, 30)
    started = Started(image, add_layer(image, 40, 30))
    none, generate = gimpenums.CONVERT_DITHER_NONE, gimpenums.CONVERT_PALETTE_GENERATE
    pdb.gimp_image_convert_indexed(image, none, generate, 8, False, False, "")
    assert fails_with(started) == "indexed"
    assert len(image.layers) == 1


def case_gone_meanwhile():
    image = new_image(40, 30)
    source = add_layer(image, 40, 30)
    started = Started(image, source)
    image.remove_layer(source)
    assert fails_with(started) == "layer_gone"
    assert not image.layers
    started = Started(image, add_layer(image, 40, 30))
    gimp.delete(image)
    assert fails_with(started) == "image_gone"
    assert not images()


def fails_with(started):
    """The code of the failure that the end of a painting must be."""
    from messages import PluginError

    try:
        layer = started.finish()
    except PluginError as error:
        return error.code
    raise AssertionError("%r instead of a failure" % (layer,))


def case_one_undo_step():
    """Nothing is pushed onto the image's history but the one step that inserts the layer."""
    image = new_image(30, 20)
    source = add_layer(image, 20, 20)
    select(image, 4, 4, 8, 8)
    add_mask(source)
    image.clean_all()
    started = Started(image, source)
    import layers

    insert, found = layers.pdb.gimp_image_insert_layer, []

    def watched(target, layer, parent, position):
        if target == image:
            found.append((image.dirty, layer.mask is not None, note_of(layer)["settings"]))
        insert(target, layer, parent, position)
        if target == image:
            found.append(image.dirty)
            image.clean_all()

    original, layers.pdb = layers.pdb, Watched(layers.pdb, watched)
    try:
        started.finish()
    finally:
        layers.pdb = original
    assert found == [(False, True, {"seed": 5}), True], found
    assert not image.dirty, "there is a step after that"


class Watched(object):
    """GIMP's procedures, with another one for inserting layers."""

    def __init__(self, pdb, insert):
        self._pdb = pdb
        self.gimp_image_insert_layer = insert

    def __getattr__(self, name):
        return getattr(self._pdb, name)


def case_the_layer_shown_while_it_is_painted():
    image = new_image(40, 30)
    source = add_layer(image, 30, 20, offset=(4, 3))
    before = picture_of(image)
    painting = helpers.painting_of(image, source)
    style, seen = helpers.uri_of(style_file()), []

    def show(message):
        painting.show_live(style, {}, message)
        seen.append([layer.name for layer in image.layers])
        if len(seen) == 2:
            painting.hide_live()
            assert picture_of(image) == before

    try:
        job = painting.start(style, {}, lambda message: None, show, previews=0.001)
        while not job.tick(0.1):
            pass
        layer = painting.keep(style, {}, job.result)
    finally:
        painting.close()
    assert seen == [["Neural Style (style.png)", "photo"]] * 5, seen
    assert image.layers == [layer, source] and image.active_layer == layer
    check_painted(source, layer)


def case_the_preview_is_painted_larger_than_shown():
    """Or as large as the picture will be: the smaller it is painted, the less it foretells."""
    image = new_image(900, 600)
    painting = helpers.painting_of(image, add_layer(image, 900, 600))
    try:
        for size, painted in ((2000, 576), (0, 0), (300, 300)):
            values = {"size": size, "strength": 40}
            style = helpers.uri_of(style_file())
            job = painting.start_preview(style, values, 256, lambda _: None, lambda _: None)
            request = job._message
            assert request["settings"] == {"size": painted, "strength": 40}, request
            assert (request["content"]["width"], request["content"]["height"]) == (576, 384)
            assert request["preview_size"] == 256
            while not job.tick(0.1):
                pass
    finally:
        painting.close()


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
    painting = helpers.painting_of(image, add_layer(image, 20, 20))
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
    message = painting.style_picture(helpers.uri_of(path))
    with open(message["file"], "rb") as file:
        got = array.array("f", file.read())
    assert len(got) == message["width"] * message["height"] * 4
    return got


def case_deep_style_with_a_profile():
    image = new_image(20, 20)
    painting = helpers.painting_of(image, add_layer(image, 20, 20))
    try:
        path = os.path.join(helpers.WORK, "deep.png")
        style = profiled_image(24, 16, "U16_NON_LINEAR")
        layer = add_layer(style, 24, 16, alpha=False)
        pdb.gimp_file_save(style, layer, path, path)
        difference = largest_difference(style_pixels(painting, path), pixels(layer))
        assert difference <= 1e-3, difference
        path = style_file("large.png", size=(5000, 8))
        message = painting.style_picture(helpers.uri_of(path))
        assert (message["width"], message["height"]) == (4096, 7), message
    finally:
        painting.close()


# -- remembering ---------------------------------------------------------------------------------


def case_settings_are_remembered():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    layer = paint(image, source, strength=70.0, preset="draft", seed=3)
    note = note_of(layer)
    assert note["style"].endswith("/style.png") and note["source"] == source.tattoo, note
    assert note["settings"]["strength"] == 70.0, note
    assert note["settings"]["preset"] == "draft" and "steps" not in note["settings"], note
    again = repeat(image, layer)
    assert note_of(again) == note
    check_painted(source, again)
    message = refusal(image, lambda: repeat(image, source))
    assert "[nothing_to_repeat]" in message, message
    # With its source gone, the layer itself is painted.
    image.remove_layer(source)
    check_painted(layer, repeat(image, layer))


def case_notes_with_and_without_the_end_of_a_string():
    """GIMP 3's have none; Python-Fu gives them one."""
    image = new_image(20, 20)
    layer = paint(image, add_layer(image, 20, 20), seed=3)
    text = layer.parasite_find("neural-style").data.rstrip(b"\0")
    for data in (text, text + b"\0"):
        attach(layer, data)
        assert note_of(repeat(image, layer))["settings"]["seed"] == 3
    for data in (b"[]", b"{}", b"\xff", b"no JSON"):
        attach(layer, data)
        message = refusal(image, lambda: repeat(image, layer))
        assert "[nothing_to_repeat]" in message, message


def attach(layer, data):
    layer.parasite_attach(gimp.Parasite("neural-style", 1, data))
    assert layer.parasite_find("neural-style").data == data
