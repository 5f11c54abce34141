"""Protection and regions by the selection, channels, layer masks and layers.

The fake engine leaves what is protected as it is, and fills a region with its style's first colour.
In every GIMP; Python 2.7 runs it too.
"""

import array
import os
import time

from helpers import (
    add_channel,
    add_layer,
    add_mask,
    add_plain_layer,
    failure_of,
    guided,
    largest_difference,
    mask_of,
    mistake_of,
    new_image,
    note_of,
    paint,
    painting_of,
    picture_of,
    pixels,
    plan_of,
    plug_in,
    preview_of,
    remove,
    remove_channel,
    rename,
    repeat,
    repeat_refusal,
    select,
    select_channel,
    select_softly,
    selected,
    style_file,
    tattoo_of,
    uri_of,
    without_alpha,
)

plug_in()
import gallery  # noqa: E402
import host  # noqa: E402
import masks  # noqa: E402
import note  # noqa: E402
import running  # noqa: E402
import styles  # noqa: E402
from messages import PluginError  # noqa: E402

SIZE, OFFSET = (40, 30), (7, -5)
"""Of the layer to paint, in an image of 60 x 50."""
RECTANGLE = (12, 4, 14, 9)
"""Of what a mask chooses, in the image."""
RED, BLUE = (220, 30, 10, 255), (10, 40, 200, 255)


def picture():
    image = new_image(60, 50)
    return image, add_layer(image, SIZE[0], SIZE[1], offset=OFFSET)


def reference(kind, thing):
    return masks.reference(kind, tattoo_of(thing), "name")


def is_within(area, x, y):
    return area[0] <= x < area[0] + area[2] and area[1] <= y < area[1] + area[3]


def rectangle(area=RECTANGLE, amount=1.0):
    """How much a mask means a pixel of the image, if it is white in a rectangle only."""
    return lambda x, y: amount if is_within(area, x, y) else 0.0


def check(source, layer, protected=None, regions=(), tolerance=1.5 / 255):
    """The layer is what the fake engine makes of it; `regions` are pairs of a function, as
    `protected`, and a colour."""
    old, new = pixels(source), pixels(layer)
    assert new[3::4] == old[3::4], "alpha differs"
    for index in range(SIZE[0] * SIZE[1]):
        x, y = index % SIZE[0] + OFFSET[0], index // SIZE[0] + OFFSET[1]
        before = old[4 * index : 4 * index + 3]
        wanted = [1.0 - value for value in before]
        for amount, colour in regions:
            part = amount(x, y)
            wanted = [w + part * (c / 255.0 - w) for w, c in zip(wanted, colour)]
        part = protected(x, y) if protected else 0.0
        wanted = [w + part * (b - w) for w, b in zip(wanted, before)]
        difference = largest_difference(new[4 * index : 4 * index + 3], wanted)
        assert difference <= tolerance, (x, y, difference)


# -- texts ---------------------------------------------------------------------------------------


def case_texts():
    text = (
        "protect:channel:5#face\n layer:7#sky|/a b.png| 70\r\nselection:|pattern:Pine|\nx\t/c\t0\n"
    )
    found = masks.parse(text)
    assert found.protect == "channel:5#face", found
    assert found.regions == [
        ("layer:7#sky", "file:///a%20b.png", 70.0),
        ("selection:", "pattern:Pine", None),
        ("x", "file:///c", 0.0),
    ], found
    assert masks.parse(masks.join(found)) == found
    assert masks.references(found) == ["channel:5#face", "layer:7#sky", "selection:", "x"]
    assert masks.use_selection(found)
    assert masks.parse("") == masks.parse(" \n") == masks.NONE and masks.join(masks.NONE) == ""
    for wrong in ("x|y|z", "x|y|-1", "x|y|100.5", "x|y|nan"):
        try:
            found = masks.parse(wrong)
        except PluginError as error:
            found = error.text()
        assert found == (
            "The strength of a region is '%s'. Give a number from 0 to 100. [bad_settings]"
            % wrong.split("|")[2]
        ), found


def case_they_count_in_one_image():
    kept = masks.join(masks.Masks("channel:5#face", []), "image:3/77")
    assert masks.parse(kept, "image:3/77").protect == "channel:5#face"
    assert masks.parse(kept, "image:4/77") == masks.parse(kept) == masks.NONE


def case_old_notes_have_none():
    old = b'{"styles": ["file:///a.png"], "settings": {}, "source": 5}'
    assert note.read(old)["masks"] == ""


# -- every kind, and where it is -----------------------------------------------------------------


def case_a_channel():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    before = picture_of(image)
    layer = paint(image, source, **guided(reference("channel", channel)))
    check(source, layer, rectangle())
    remove(image, layer)
    assert picture_of(image)[0] == before[0]


def case_a_channel_by_its_name():
    image, source = picture()
    add_channel(image, "face", RECTANGLE)
    layer = paint(image, source, **guided("face"))
    check(source, layer, rectangle())
    assert note_of(layer)["masks"].startswith("protect:channel:"), note_of(layer)
    check(source, repeat(image, layer), rectangle())


def case_grey_is_what_gimp_would_select_of_it():
    for precision in ("U8_NON_LINEAR", "U16_NON_LINEAR"):
        image = new_image(60, 50, precision=precision)
        source = add_layer(image, SIZE[0], SIZE[1], offset=OFFSET)
        channel = add_channel(image, "face", RECTANGLE, 128)
        if precision.startswith("U8"):
            select_channel(image, channel)
            chosen = selected(image)
            assert set(chosen) == {0, 128}, set(chosen)
            select_nothing(image)
        layer = paint(image, source, **guided(reference("channel", channel)))
        check(source, layer, rectangle(amount=128 / 255.0))


def case_the_mask_of_another_layer():
    """It begins and ends elsewhere, and is black outside."""
    image, source = picture()
    other = add_layer(image, 20, 18, offset=(15, 2), name="sky")
    select(image, 10, 6, 40, 5)
    add_mask(other)
    select_nothing(image)
    layer = paint(image, source, **guided(reference("mask", other)))
    check(source, layer, rectangle((15, 6, 20, 5)))


def select_nothing(image):
    select(image, 0, 0, 60, 50)
    select_softly(image, None)


def case_the_layers_own_mask():
    image, source = picture()
    select(image, *RECTANGLE)
    add_mask(source)
    select_nothing(image)
    layer = paint(image, source, **guided(reference("mask", source)))
    check(source, layer, rectangle())
    assert mask_of(layer) is not None, "it is still the layer's mask"


def case_a_layers_grey_times_its_alpha():
    image, source = picture()
    plain = add_plain_layer(image, (14, 9), (12, 4), (128, 128, 128, 255))
    layer = paint(image, source, **guided(reference("layer", plain)))
    check(source, layer, rectangle(amount=128 / 255.0))
    thin = add_plain_layer(image, (14, 9), (12, 4), (255, 255, 255, 128))
    layer = paint(image, source, **guided(reference("layer", thin)))
    check(source, layer, rectangle(amount=128 / 255.0))


def case_a_layer_with_a_mask():
    image, source = picture()
    plain = add_plain_layer(image, (14, 9), (12, 4), (255, 255, 255, 255))
    select(image, 12, 4, 5, 50)
    add_mask(plain)
    select_nothing(image)
    layer = paint(image, source, **guided(reference("layer", plain)))
    check(source, layer, rectangle((12, 4, 5, 9)))


def case_the_selection():
    """It does not say what is painted then."""
    image, source = picture()
    select_softly(image, (14, 3, 18, 14))
    chosen = selected(image)
    assert len(set(chosen)) > 10, "it is not soft"
    layer = paint(image, source, **guided(masks.SELECTION))
    # The image's size, not the layer's; outside of the image nothing is selected.
    check(source, layer, lambda x, y: chosen[60 * y + x] / 255.0 if x < 60 and y >= 0 else 0.0)
    assert mask_of(layer) is None


def case_other_masks_and_a_selection():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    select(image, 14, 6, 6, 6)
    layer = paint(image, source, **guided(reference("channel", channel)))
    assert mask_of(layer) is not None, "the selection is the new layer's mask as ever"
    check(source, layer, rectangle())


def case_deep_images():
    for precision in ("U16_NON_LINEAR", "FLOAT_LINEAR"):
        image = new_image(60, 50, precision=precision)
        source = add_layer(image, SIZE[0], SIZE[1], offset=OFFSET)
        select(image, *RECTANGLE)
        layer = paint(image, source, **guided(masks.SELECTION))
        check(source, layer, rectangle(), tolerance=2e-3)


def case_grey_images():
    image = new_image(60, 50, "GRAY")
    source = add_layer(image, SIZE[0], SIZE[1], offset=OFFSET)
    other = add_layer(image, 20, 18, offset=(15, 2), name="sky")
    select(image, *RECTANGLE)
    add_mask(other)
    select_nothing(image)
    layer = paint(image, source, **guided(reference("mask", other)))
    check(source, layer, rectangle((15, 4, 11, 9)))


# -- regions -------------------------------------------------------------------------------------


def case_regions():
    image, source = picture()
    left = add_channel(image, "left", (7, 0, 10, 50))
    right = add_channel(image, "right", (30, 0, 30, 12), 128)
    red = add_plain_layer(image, (16, 16), (0, 0), RED, "red")
    blue = add_plain_layer(image, (16, 16), (0, 0), BLUE, "blue")
    regions = [
        masks.Region(reference("channel", left), styles.layer(tattoo_of(red)), None),
        masks.Region(reference("channel", right), styles.layer(tattoo_of(blue)), 30.0),
    ]
    select(image, 10, 2, 30, 3)
    chosen = rectangle((10, 2, 30, 3))
    layer = paint(image, source, **guided(masks.SELECTION, regions))
    wanted = [(rectangle((7, 0, 10, 50)), RED), (rectangle((30, 0, 30, 12), 128 / 255.0), BLUE)]
    check(source, layer, chosen, wanted)
    text = note_of(layer)["masks"]
    numbers = [tattoo_of(one) for one in (left, red, right, blue)]
    assert text == (
        "protect:selection:\nchannel:%d#left|layer:%d#red|\nchannel:%d#right|layer:%d#blue|30"
        % tuple(numbers)
    ), text
    check(source, repeat(image, layer), chosen, wanted)


def case_what_is_sent_to_the_engine():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    region = masks.Region(reference("channel", channel), uri_of(style_file()), 70.0)
    painting = painting_of(image, source)
    try:
        painting.masks = masks.Masks("face", [region])
        plan = plan_of(painting)
        asked = plan._message
        assert (asked["regions"], asked["protect"], asked["begun"]) == (1, True, False), asked
        while not plan.tick(0.1):
            pass
        job = painting.start([uri_of(style_file())], {}, lambda message: None)
        request = job._message
        while not job.tick(0.1):
            pass
        assert request["protect"]["name"] == "mask face", request
        assert request["regions"][0]["strength"] == 70.0
        assert request["regions"][0]["mask"]["width"] == SIZE[0], request
    finally:
        painting.close()


def case_the_preview_has_small_masks():
    """Where they are in the small content, as in the large."""
    image = new_image(1300, 900)
    source = add_layer(image, 1200, 800, offset=(37, 51))
    channel = add_channel(image, "face", (637, 251, 300, 400))
    painting = painting_of(image, source)
    try:
        painting.masks = masks.Masks(reference("channel", channel), [])
        part = painting.part_to_show({})
        style = [uri_of(style_file())]
        job = preview_of(painting, part, style, {})
        content, mask = job._message["content"], job._message["protect"]
        assert (content["width"], content["height"]) == (576, 384), content
        assert (mask["width"], mask["height"]) == (576, 384), mask
        with open(mask["file"], "rb") as file:
            values = array.array("B", file.read())
        assert len(values) == 576 * 384
        for x, y, wanted in (
            (290, 100, 255), (285, 100, 0), (429, 286, 255), (434, 286, 0), (300, 94, 0),
            (300, 98, 255), (300, 290, 0),
        ):  # fmt: skip
            assert values[576 * y + x] == wanted, (x, y, values[576 * y + x])
        while not job.tick(0.1):
            pass
    finally:
        painting.close()


def case_a_part_has_what_of_the_masks_is_in_it():
    image = new_image(900, 600)
    source = add_layer(image, 900, 600)
    add_channel(image, "left", (0, 0, 200, 600))
    add_channel(image, "right", (700, 0, 200, 600))
    style = uri_of(style_file())
    painting = painting_of(image, source)
    try:
        regions = [masks.Region(name, style, None) for name in ("left", "right")]
        painting.masks = masks.Masks("left", regions)
        part = painting.part_to_show({}, (0.7, 0.4, 1.0, 0.7))
        job = preview_of(painting, part, [style], {})
        request = job._message
        assert request["protect"] is None, "it is elsewhere"
        assert [one["mask"]["name"] for one in request["regions"]] == ["mask right"]
        mask, content = request["regions"][0]["mask"], request["content"]
        assert (mask["width"], mask["height"]) == (content["width"], content["height"])
        while not job.tick(0.1):
            pass
    finally:
        painting.close()


class Window(object):
    """The window with the progress, which ends by itself."""

    live_wanted = False

    def __init__(self, painting):
        self.said = None
        self.running = running.Running(painting, [uri_of(style_file())], {}, self)

    def __getattr__(self, _name):
        return lambda *_shown: None

    def end(self, how):
        self.said = how

    def answer(self):
        while not self.said:
            self.running.tick()
            time.sleep(0.01)
        return self.said


def case_a_regions_style_is_among_those_used_last():
    image, source = picture()
    add_channel(image, "face", RECTANGLE)
    path = host.config_file(gallery.FILE)
    painting = painting_of(image, source)
    try:
        other = uri_of(style_file("other.png"))
        painting.masks = masks.Masks("", [masks.Region("face", other, None)])
        window = Window(painting)
        window.running.wait(window.answer)
        assert gallery.load(path)["recent"][:2] == [uri_of(style_file()), other]
    finally:
        painting.close()
        os.remove(path)


def case_what_the_artist_does_meanwhile_changes_nothing():
    image, source = picture()
    select(image, *RECTANGLE)
    painting = painting_of(image, source)
    style = [uri_of(style_file())]
    try:
        painting.masks = masks.Masks(masks.SELECTION, [])
        job = painting.start(style, {}, lambda message: None)
        select(image, 0, 0, 5, 5)
        while not job.tick(0.1):
            pass
        layer = painting.keep(style, {}, job.result)
    finally:
        painting.close()
    check(source, layer, rectangle())
    assert mask_of(layer) is None


def refused(image, source, protect, regions=()):
    """What the dialog says of these masks."""
    painting = painting_of(image, source)
    try:
        painting.masks = masks.Masks(protect, list(regions))
        painting.check_masks()
        plan_of(painting)
    except PluginError as error:
        return error.text()
    finally:
        painting.close()
    raise AssertionError("they are taken")


# -- mistakes ------------------------------------------------------------------------------------


def case_gone_masks():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    other = add_layer(image, 20, 18, name="sky")
    red = add_plain_layer(image, (60, 50), (0, 0), RED, "red")
    regions = [masks.Region(reference("layer", red), uri_of(style_file()), None)]
    layer = paint(image, source, **guided(reference("channel", channel), regions))
    remove_channel(image, channel)
    message = repeat_refusal(image, layer)
    assert "The mask face is not there any more" in message and "[mask_gone]" in message, message
    remove(image, red)
    wrong = ["channel:x#a", "layer:", "mask:99#a", "nobody", reference("mask", other)]
    wrong.append(reference("layer", red))
    for one in wrong:
        assert "[mask_gone]" in refused(image, source, one), one
    for one in ("channel:99", "layer:sky"):
        assert "The mask %s is not there" % one in refused(image, source, one), one


def case_a_renamed_channel_is_found():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    layer = paint(image, source, **guided("face"))
    rename(channel, "nose")
    again = repeat(image, layer)
    check(source, again, rectangle())
    assert "#nose" in note_of(again)["masks"]


def case_a_name_of_several():
    image, source = picture()
    add_channel(image, "face", RECTANGLE)
    add_layer(image, 20, 18, name="face")
    message = refused(image, source, "face")
    assert "named face" in message and "[mask_ambiguous]" in message, message


def case_black_masks():
    image, source = picture()
    black = add_channel(image, "nothing", RECTANGLE, 0)
    message = mistake_of(image, source, **guided(reference("channel", black)))
    assert "The mask nothing is black" in message and "[mask_empty]" in message, message
    outside = add_channel(image, "outside", (50, 40, 5, 5))
    for one in (reference("channel", black), reference("channel", outside)):
        assert "[mask_empty]" in refused(image, source, one), one
    message = refused(image, source, masks.SELECTION)
    assert message.startswith("Nothing is selected") and "[nothing_selected]" in message, message


def case_masks_of_what_is_not_selected():
    """They are white on the layer, though not where it is painted."""
    image = new_image(200, 150)
    source = add_layer(image, 200, 150)
    add_channel(image, "sky", (0, 0, 40, 30))
    add_channel(image, "face", (170, 120, 10, 10))
    add_channel(image, "nothing", RECTANGLE, 0)
    select(image, 160, 110, 30, 30)
    style = uri_of(style_file())
    regions = [masks.Region("sky", style, None), masks.Region("face", style, None)]
    painting = painting_of(image, source)
    try:
        for protect, is_there in (("face", True), ("sky", False)):
            painting.masks = masks.Masks(protect, regions)
            asked = plan_of(painting)._message
            assert (asked["regions"], asked["protect"]) == (1, is_there), asked
        job = painting.start([style], {}, lambda message: None)
        request = job._message
        while not job.tick(0.1):
            pass
        assert request["protect"] is None, request
        assert [one["mask"]["name"] for one in request["regions"]] == ["mask face"], request
    finally:
        painting.close()
    assert "[mask_empty]" in refused(image, source, "nothing")


def case_incomplete_regions():
    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    one = masks.Region(reference("channel", channel), "", None)
    message = mistake_of(image, source, **guided("", [one]))
    assert "The region face has no style picture" in message, message
    assert "[region_style_missing]" in message, message
    style = uri_of(style_file())
    message = refused(image, source, "", [one._replace(style=style)] * 9)
    assert "no more than 8 regions" in message and "[too_many_regions]" in message, message
    message = refused(image, source, "", [one._replace(style="layer:99#sky")])
    assert "[style_gone]" in message and "sky" in message, message


def case_nothing_is_left_of_a_failure():
    import helpers

    image, source = picture()
    channel = add_channel(image, "face", RECTANGLE)
    helpers.engine("crash")
    failure_of(image, source, **guided(reference("channel", channel)))
    assert not helpers.folders()


def case_protected_colours_are_exact():
    image, source = picture()
    channel = add_channel(image, "all", (0, 0, 60, 50))
    add_plain_layer(image, (5, 5), (0, 0), (0, 0, 0, 255))
    layer = paint(image, source, **guided(reference("channel", channel)))
    inside = rectangle((0, 0, 60, 50))
    check(source, layer, inside)
    old, new = without_alpha(pixels(source)), without_alpha(pixels(layer))
    start = 3 * SIZE[0] * 5  # the image's upper edge
    assert largest_difference(old[start:], new[start:]) < 1e-6
