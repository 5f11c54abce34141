"""What the new layer is like, with an engine that inverts the colours."""

import os

from gi.repository import Gimp, Gio

from helpers import (
    PRECISIONS,
    add_half_mask,
    add_layer,
    call,
    inverted,
    largest_difference,
    new_image,
    note_of,
    paint,
    painting_of,
    pixels,
    plug_in,
    raw,
    rectangle,
    repeat,
    select_softly,
    style_file,
    without_alpha,
)


def check_painted(source, layer, tolerance):
    """Inverted colours, the very same alpha, the same place."""
    assert layer.get_width() == source.get_width()
    assert layer.get_height() == source.get_height()
    assert list(layer.get_offsets()) == list(source.get_offsets())
    old, new = pixels(source), pixels(layer)
    assert new[3::4] == old[3::4], "alpha differs"
    difference = largest_difference(inverted(old), without_alpha(new))
    assert difference <= tolerance, difference


def case_place_name_and_selected_layer():
    image = new_image(60, 50)
    add_layer(image, 60, 50, name="bottom")
    source = add_layer(image, 40, 30, offset=(7, -5))
    add_layer(image, 60, 50, name="top")
    before = raw(source)
    layer = paint(image, source)
    names = [item.get_name() for item in image.get_layers()]
    assert names == ["top", "Neural Style (style.png)", "photo", "bottom"], names
    assert [item.get_id() for item in image.get_selected_layers()] == [layer.get_id()]
    check_painted(source, layer, 1 / 255)
    assert raw(source) == before
    assert layer.get_opacity() == 100.0 and layer.get_mask() is None


def case_every_precision_keeps_alpha_exactly():
    for precision in PRECISIONS:
        for base in ("RGB", "GRAY") if precision.endswith("NON_LINEAR") else ("RGB",):
            image = new_image(21, 13, base, precision)
            source = add_layer(image, 17, 11, offset=(3, 2))
            layer = paint(image, source)
            coarse = 1 / 255 if precision.startswith("U8") else 2e-3
            # 8 bits of linear light are few in the shadows
            coarse = 0.05 if precision == "U8_LINEAR" else coarse
            old = pixels(source, "R'G'B'A double")[3::4]
            assert pixels(layer, "R'G'B'A double")[3::4] == old, (precision, base)
            try:
                check_painted(source, layer, coarse)
            except AssertionError as error:
                raise AssertionError(f"{precision} {base}: {error}") from error


def case_layer_without_alpha():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20, kind=Gimp.ImageType.RGB_IMAGE)
    layer = paint(image, source)
    check_painted(source, layer, 1 / 255)
    assert set(pixels(layer)[3::4]) == {1.0}


def case_inside_groups():
    image = new_image(40, 40)
    outer = Gimp.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    inner = Gimp.GroupLayer.new(image, "inner")
    image.insert_layer(inner, outer, 0)
    source = add_layer(image, 20, 20, offset=(9, 4), parent=inner)
    add_layer(image, 20, 20, parent=inner, name="above")
    layer = paint(image, source)
    assert layer.get_parent().get_id() == inner.get_id()
    names = [item.get_name() for item in inner.get_children()]
    assert names == ["above", layer.get_name(), "photo"], names
    check_painted(source, layer, 1 / 255)


def case_group_as_source():
    image = new_image(40, 40)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    add_layer(image, 20, 10, offset=(5, 6), parent=group)
    add_layer(image, 10, 20, offset=(8, 2), parent=group)
    layer = paint(image, group)
    assert not layer.is_group() and layer.get_parent() is None
    check_painted(group, layer, 1.5 / 255)


def case_text_layer_as_source():
    image = new_image(120, 60)
    font = Gimp.context_get_font()
    text = Gimp.TextLayer.new(image, "Gatys", font, 24.0, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    text.set_offsets(4, 5)
    layer = paint(image, text)
    assert not layer.is_text_layer() and text.is_text_layer()
    check_painted(text, layer, 1 / 255)


def case_link_layer_as_source():
    if not hasattr(Gimp, "LinkLayer"):
        return  # new in 3.2
    image = new_image(40, 40)
    link = Gimp.LinkLayer.new(image, style_file())
    image.insert_layer(link, None, 0)
    layer = paint(image, link)
    assert not isinstance(layer, Gimp.LinkLayer)
    check_painted(link, layer, 1 / 255)


def case_layer_mask_is_copied():
    image = new_image(30, 30)
    source = add_layer(image, 20, 20, offset=(2, 3))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 5, 5, 8, 8)
    source.add_mask(source.create_mask(Gimp.AddMaskType.SELECTION))
    Gimp.Selection.none(image)
    layer = paint(image, source)
    assert raw(layer.get_mask()) == raw(source.get_mask())
    check_painted(source, layer, 1 / 255)
    # the mask itself may be the active drawable
    again = paint(image, source.get_mask())
    assert raw(again.get_mask()) == raw(source.get_mask())


def case_live_filters_are_seen():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    plain = inverted(pixels(source))
    kept = Gimp.DrawableFilter.new(source, "gegl:invert-gamma", "invert")
    source.append_filter(kept)
    layer = paint(image, source)
    # inverted by the filter and again by the engine
    difference = largest_difference(without_alpha(pixels(layer)), [1 - value for value in plain])
    assert difference <= 2 / 255, difference
    assert len(source.get_filters()) == 1
    assert len(Gimp.get_images()) == 1, "a copy of the image was left"


def case_filters_of_a_group_are_seen():
    image = new_image(40, 40)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    add_layer(image, 20, 10, Gimp.ImageType.RGB_IMAGE, offset=(5, 6), parent=group)
    plain = inverted(pixels(group))
    add_filter(group, "gegl:invert-gamma")
    layer = paint(image, group)
    difference = largest_difference(without_alpha(pixels(layer)), [1 - value for value in plain])
    assert difference <= 2 / 255, difference
    assert len(group.get_filters()) == 1 and len(group.get_children()) == 1


def add_filter(layer, operation, **settings):
    """A live filter, which is in force."""
    added = Gimp.DrawableFilter.new(layer, operation, operation)
    layer.append_filter(added)
    set_filter(added, **settings)
    return added


def set_filter(added, **settings):
    config = added.get_config()
    for name, value in settings.items():
        config.set_property(name.replace("_", "-"), value)
    added.update()


def case_filters_are_applied_again_only_when_something_has_changed():
    plug_in()
    import layers

    merge, merged = layers._merged, []
    image = new_image(300, 200)
    source = add_layer(image, 300, 200)
    blur = add_filter(source, "gegl:gaussian-blur", std_dev_x=3.0, std_dev_y=3.0)

    def look(with_mask=False):
        """How many times filters are applied for it; what is seen is right in any case."""
        before = len(merged)
        seen = layers.pixels_with_filters(source, with_mask)
        fresh = merge(source, with_mask)
        parts = [one.get(one.get_extent(), 1.0, "R'G'B'A float", 0) for one in (seen, fresh)]
        assert parts[0] == parts[1], "an old picture"
        return len(merged) - before

    layers._merged = lambda *what: merged.append(what) or merge(*what)
    try:
        assert [look(), look(), look()] == [1, 0, 0]
        source.get_buffer().set(rectangle(7, 9, 1, 1), "R'G'B'A u8", bytes([255, 0, 255, 255]))
        assert [look(), look()] == [1, 0], "one pixel was painted"
        set_filter(blur, std_dev_x=5.0)
        assert [look(), look()] == [1, 0], "the filter was changed"
        blur.set_visible(False)
        blur.update()
        assert [look(), look()] == [1, 0], "the filter was hidden"
        add_filter(source, "gegl:invert-gamma")
        assert [look(), look()] == [1, 0], "another filter was added"
        source.set_offsets(3, 4)
        assert [look(), look()] == [1, 0], "the layer was moved"
        add_half_mask(source)
        assert [look(with_mask=True), look(with_mask=True), look()] == [1, 0, 0]
        source.get_mask().fill(Gimp.FillType.WHITE)
        assert [look(with_mask=True), look(with_mask=True), look()] == [1, 0, 0]
        layers.snapshot(image, source)
        assert len(merged) == 9, "what is painted is exact"
    finally:
        layers._merged = merge
        layers.forget()
    assert len(source.get_filters()) == 2
    assert len(Gimp.get_images()) == 1, "a copy was left"


def case_a_filter_that_grows_the_layer():
    """A shadow to the upper left: merged, the layer begins further up and left."""
    image = new_image(60, 60)
    source = add_layer(image, 20, 20, Gimp.ImageType.RGB_IMAGE, offset=(20, 20))
    plain = inverted(pixels(source))
    shadow = Gimp.DrawableFilter.new(source, "gegl:dropshadow", "shadow")
    config = shadow.get_config()
    for name, value in (("x", -9.0), ("y", -7.0), ("radius", 1.0)):
        config.set_property(name, value)
    shadow.update()
    source.append_filter(shadow)
    layer = paint(image, source)
    assert list(layer.get_offsets()) == list(source.get_offsets())
    assert (layer.get_width(), layer.get_height()) == (20, 20)
    difference = largest_difference(without_alpha(pixels(layer)), plain)
    assert difference <= 2 / 255, difference


def case_what_the_artist_does_meanwhile_changes_nothing():
    """Selection, size and place of the layer are those of the start."""
    image = new_image(60, 50)
    source = add_layer(image, 40, 30, offset=(7, 5))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 8, 12, 9)
    before, chosen = pixels(source), pixels(image.get_selection(), "Y u8", rectangle(7, 5, 40, 30))
    painting = painting_of(image, source)
    try:
        job = painting.start([style_file().get_uri()], {}, lambda message: None)
        Gimp.Selection.none(image)
        source.resize(50, 44, 6, 9)
        source.set_offsets(-3, 2)
        source.fill(Gimp.FillType.WHITE)
        while not job.tick(0.1):
            pass
        layer = painting.keep([style_file().get_uri()], {}, job.result)
    finally:
        painting.close()
    assert list(layer.get_offsets())[1:] == [7, 5]
    assert (layer.get_width(), layer.get_height()) == (40, 30)
    assert pixels(layer.get_mask(), "Y u8") == chosen
    after = pixels(layer)
    assert after[3::4] == before[3::4]
    inside = [index for index, amount in enumerate(chosen) if amount]
    assert len(inside) == 12 * 9
    for index in inside:
        wanted = [1 - value for value in before[4 * index : 4 * index + 3]]
        assert largest_difference(after[4 * index : 4 * index + 3], wanted) <= 1 / 255


def case_indexed_meanwhile():
    image = new_image(40, 30)
    source = add_layer(image, 40, 30)
    painting = painting_of(image, source)
    style = [style_file().get_uri()]
    try:
        job = painting.start(style, {}, lambda message: None)
        while not job.tick(0.1):
            pass
        none, generate = Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE
        image.convert_indexed(none, generate, 8, False, False, "")
        painting.keep(style, {}, job.result)
        raise AssertionError("it was painted")
    except Exception as error:
        if getattr(error, "code", "") != "indexed":
            raise
    finally:
        painting.close()
    assert len(image.get_layers()) == 1


def case_selection_becomes_the_mask():
    image = new_image(400, 300)
    source = add_layer(image, 300, 250, offset=(20, 10))
    Gimp.context_push()
    Gimp.context_set_feather(True)
    Gimp.context_set_feather_radius(12.0, 12.0)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 120, 100, 80, 60)
    Gimp.context_pop()
    chosen = pixels(image.get_selection(), "Y u8", rectangle(20, 10, 300, 250))
    layer = paint(image, source)
    assert pixels(layer.get_mask(), "Y u8") == chosen
    assert not layer.get_edit_mask(), "the next stroke would hit the mask"
    assert len(set(chosen)) > 10, "the selection was not feathered"
    old, new = pixels(source), pixels(layer)
    assert new[3::4] == old[3::4]
    # all that the selection touches is painted, what is far from it is the source's own
    touched = same = 0
    for index, amount in enumerate(chosen):
        colours = slice(4 * index, 4 * index + 3)
        if amount:
            touched += 1
            wanted = [1 - value for value in old[colours]]
            assert largest_difference(new[colours], wanted) <= 1 / 255
        same += new[colours] == old[colours]
    assert touched > 1000 and same > 30000, (touched, same)
    assert not Gimp.Selection.is_empty(image)


def case_selection_times_mask():
    image = new_image(60, 60)
    source = add_layer(image, 60, 60)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 30, 60)
    source.add_mask(source.create_mask(Gimp.AddMaskType.SELECTION))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 60, 30)
    layer = paint(image, source)
    mask = pixels(layer.get_mask(), "Y u8")
    corners = [mask[0], mask[59], mask[59 * 60], mask[59 * 60 + 59]]
    assert corners == [255, 0, 0, 0], corners


def case_soft_selection_times_soft_mask():
    for precision in ("U8_NON_LINEAR", "FLOAT_LINEAR"):
        image = new_image(60, 60, precision=precision)
        source = add_layer(image, 50, 40, offset=(5, 8))
        select_softly(image, (8, 10, 30, 30))
        source.add_mask(source.create_mask(Gimp.AddMaskType.SELECTION))
        select_softly(image, (20, 18, 30, 24))
        area = rectangle(5, 8, 50, 40)
        pair = [
            pixels(source.get_mask(), "Y float"),
            pixels(image.get_selection(), "Y float", area),
        ]
        wanted = [one * other for one, other in zip(*pair, strict=True)]
        mask = pixels(paint(image, source).get_mask(), "Y float")
        exact = 1e-6 if precision.startswith("FLOAT") else 0.51 / 255
        assert largest_difference(mask, wanted) <= exact, precision
        assert len(set(mask)) > 20, "nothing was soft"


def case_selection_outside_the_layer():
    image = new_image(60, 60)
    source = add_layer(image, 20, 20)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 40, 40, 10, 10)
    status, message = call(image, [source])
    assert status == Gimp.PDBStatusType.CALLING_ERROR, status
    assert "selection" in message and "[selection_outside]" in message, message


def wide_profile():
    """A profile other than sRGB that comes with no file: linear RGB with sRGB's primaries."""
    return Gimp.ColorProfile.new_rgb_adobe()


def case_profile_round_trip():
    for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR", "FLOAT_LINEAR", "FLOAT_NON_LINEAR"):
        image = new_image(200, 150, precision=precision)
        image.set_color_profile(wide_profile())
        source = add_layer(image, 200, 150)
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 5, 5, 20, 20)
        layer = paint(image, source)
        profile = image.get_color_profile()
        assert profile.get_label() == wide_profile().get_label()
        far = rectangle(100, 80, 100, 70)
        form = "R'G'B'A float"
        difference = largest_difference(pixels(source, form, far), pixels(layer, form, far))
        assert difference < 1e-3, (precision, difference)
        near = rectangle(5, 5, 20, 20)
        old, new = pixels(source, form, near), pixels(layer, form, near)
        # an inverted colour may lie outside what 8 bits of the wide profile hold exactly
        assert largest_difference(inverted(old), without_alpha(new)) < 0.02, precision


def case_one_undo_step():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    image.clean_all()
    paint(image, source)
    # There is no call for Undo; but a group or several steps would show as several dirty counts.
    assert image.is_dirty()


def case_strange_names():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20, name="Фото 사진")
    for name in ("my styles/Größe & Ж ö.png", "한국 화풍/별이 빛나는 밤.png", '100%\'s "x".png'):
        layer = paint(image, source, style=style_file(name))
        assert layer.get_name() == f"Neural Style ({os.path.basename(name)})", layer.get_name()


def case_any_file_that_gimp_opens_as_style():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    for name in ("style.xcf", "style.psd", "style.tif", "style.webp", "style.jpg", "style.bmp"):
        paint(image, source, style=style_file(name))
    assert len(Gimp.get_images()) == 1, "a style picture was left open"


def case_indexed_style():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    style = new_image(16, 16)
    add_layer(style, 16, 16)
    style.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 8, False, False, ""
    )
    import helpers

    path = Gio.File.new_for_path(os.path.join(helpers.WORK, "indexed.gif"))
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, style, path, None)
    paint(image, source, style=path)


def case_settings_are_remembered():
    image = new_image(20, 20)
    source = add_layer(image, 20, 20)
    layer = paint(image, source, strength=70.0, preset="draft", seed=3)
    note = note_of(layer)
    assert note["settings"]["strength"] == 70.0, note
    assert note["settings"]["preset"] == "draft" and "steps" not in note["settings"], note
    again = repeat(image, layer)
    repeated = note_of(again)
    assert repeated == note, repeated
    check_painted(source, again, 1 / 255)
    status, message = call(image, [source], name="plug-in-neural-style-repeat")
    assert status == Gimp.PDBStatusType.CALLING_ERROR and "[nothing_to_repeat]" in message


def case_larger_than_a_strip():
    image = new_image(1200, 1000)
    kind = Gimp.ImageType.RGB_IMAGE
    source = Gimp.Layer.new(image, "big", 1200, 1000, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(source, None, 0)
    source.fill(Gimp.FillType.WHITE)
    layer = paint(image, source)
    for x, y in ((0, 0), (1199, 0), (600, 873), (600, 874), (0, 999), (1199, 999)):
        assert list(pixels(layer, "R'G'B'A u8", rectangle(x, y, 1, 1))) == [0, 0, 0, 255], (x, y)
