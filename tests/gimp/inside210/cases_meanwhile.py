"""What the artist does while it is painted, and what shows of it then."""

import gimpenums

import gimp
from helpers import (
    add_layer,
    add_mask,
    check_painted,
    crop,
    finish_of,
    images,
    inverted,
    largest_difference,
    new_image,
    note_of,
    painting_of,
    pdb,
    picture_of,
    pixels,
    raw,
    select,
    stored_alpha,
    style_file,
    uri_of,
    without_alpha,
)


class Started(object):
    """A painting that has begun, in this process: `finish` waits for the engine and keeps it."""

    def __init__(self, image, source):
        self.painting = painting_of(image, source)
        self.style = [uri_of(style_file())]
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


def change_precision(image, _source):
    pdb.gimp_image_convert_precision(image, gimpenums.PRECISION_FLOAT_LINEAR)


def change_mode(image, _source):
    pdb.gimp_image_convert_grayscale(image)


def crop_image(image, _source):
    pdb.gimp_image_crop(image, 20, 15, 5, 5)


def scale_image(image, _source):
    pdb.gimp_image_scale(image, 80, 60)


def flatten_layer(_image, source):
    pdb.gimp_layer_flatten(source)


CHANGES = (change_precision, change_mode, crop_image, scale_image, flatten_layer)


def case_changed_while_the_dialog_is_open():
    """The dialog has read the layer for its preview before."""
    for change in CHANGES:
        image = new_image(40, 30)
        source = add_layer(image, 40, 30)
        painting = painting_of(image, source)
        painting.write_part(painting.part_to_show({}))
        change(image, source)
        layer = painted(painting)
        fresh = gimp._id2drawable(source.ID)
        assert (layer.width, layer.height) == (fresh.width, fresh.height), change
        check_painted(fresh, layer, 0.01)


def case_changed_while_it_shows_in_the_image():
    """The result is kept, whatever has become of the layer that showed it."""
    for change in CHANGES:
        image = new_image(40, 30)
        source = add_layer(image, 40, 30)
        before = pixels(source)
        painting = painting_of(image, source)
        style = [uri_of(style_file())]
        seen = []
        job = painting.start(style, {}, lambda message: None, seen.append, previews=0.01)
        while not job.tick(0.1):
            pass
        painting.show_live(style, {}, seen[0])
        change(image, source)
        layer = painting.keep(style, {}, job.result)
        painting.close()
        assert [layer.name, source.name] == [each.name for each in image.layers], change
        if change is not change_mode:
            now = pixels(gimp._id2drawable(layer.ID))
            assert largest_difference(without_alpha(now), inverted(before)) < 0.01, change


def painted(painting):
    style = [uri_of(style_file())]
    try:
        job = painting.start(style, {}, lambda message: None)
        while not job.tick(0.1):
            pass
        return painting.keep(style, {}, job.result)
    finally:
        painting.close()


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
    started.painting.finish = {"opacity": 40.0, "mode": "screen"}
    import layers

    insert, found = layers.pdb.gimp_image_insert_layer, []

    def watched(target, layer, parent, position):
        if target == image:
            found.append((image.dirty, layer.mask is not None, finish_of(layer)))
            assert note_of(layer)["settings"]["seed"] == 5
        insert(target, layer, parent, position)
        if target == image:
            found.append(image.dirty)
            image.clean_all()

    original, layers.pdb = layers.pdb, Watched(layers.pdb, watched)
    try:
        started.finish()
    finally:
        layers.pdb = original
    assert found == [(False, True, (40.0, "SCREEN")), True], found
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
    painting = painting_of(image, source)
    style, seen = [uri_of(style_file())], []

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
