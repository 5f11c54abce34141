"""What the new layer is like, with an engine that inverts the colours."""

import array

import gimpenums

import gimp
from helpers import (
    PRECISIONS,
    add_layer,
    add_mask,
    check_painted,
    crop,
    largest_difference,
    mistake_of,
    new_image,
    note_of,
    paint,
    pdb,
    raw,
    refusal,
    repeat,
    select,
)

TOLERANCES = {"U8": 1e-6, "U16": 1e-3, "U32": 1e-4, "HALF": 2e-3, "FLOAT": 1e-4, "DOUBLE": 1e-4}
TOLERANCES["U8_LINEAR"] = 0.05  # 8 bits of linear light are few in the shadows


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
    assert not pdb.gimp_layer_get_edit_mask(layer), "the next stroke would hit the mask"
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


# -- remembering ---------------------------------------------------------------------------------


def case_settings_are_remembered():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    layer = paint(image, source, strength=70.0, preset="draft", seed=3)
    note = note_of(layer)
    assert note["styles"][0].endswith("/style.png") and note["source"] == source.tattoo, note
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
