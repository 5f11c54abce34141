"""Layers with notes that somebody else wrote, layers of other images, and images that are to be as
they were; in every GIMP.

Python 2.7 runs it too.
"""

import json

from helpers import (
    add_layer,
    copy_into,
    float_selection,
    is_dirty,
    make_clean,
    mistake_of,
    names_of,
    new_image,
    note_of,
    paint,
    painting_of,
    picture_of,
    plug_in,
    repeat,
    repeat_refusal,
    select,
    set_note,
    style_file,
    tattoo_of,
    uri_of,
)

plug_in()

NONSENSE = [
    {"styles": 7},
    {"styles": [7]},
    {"styles": ["x" * 70000]},
    {"styles": ["pattern:Pine"] * 101},
    {"settings": {"strength": "abc"}},
    {"settings": {"strength": 1e300}},
    {"settings": {"preset": "nothing"}},
    {"settings": {"steps": 2.5}},
    {"settings": []},
    {"source": "x"},
    {"source": -1},
    {"source": True},
    {"masks": 7},
    {"masks": "sky|pattern:Pine|much"},
    {"image": "no name"},
]

ELSEWHERE = [
    "http://example.org/a.png",
    "smb://server/share/a.png",
    "file://server/share/a.png",
    "file:////server/share/a.png",
    "file:///net/server/a.png",
]


def scene():
    image = new_image(20, 20)
    return image, add_layer(image, 20, 20)


def note_with(layer, **changes):
    note = dict(note_of(layer), **changes)
    set_note(layer, json.dumps(note).encode("ascii"))


def case_a_note_that_is_none():
    image, source = scene()
    layer = paint(image, source)
    good = note_of(layer)
    for changes in NONSENSE:
        note_with(layer, **dict(good, **changes))
        message = repeat_refusal(image, layer)
        assert "[nothing_to_repeat]" in message, (changes, message)
    for data in (b"", b"[]", b"7", b"{" * 200000, b"[" * 200000, b'{"settings":' * 9999):
        set_note(layer, data)
        message = repeat_refusal(image, layer)
        assert "[nothing_to_repeat]" in message, (data[:20], message)
    note_with_good = dict(good, settings=dict(good["settings"], of_another_version=3))
    set_note(layer, json.dumps(note_with_good).encode("ascii"))
    repeat(image, layer)


def case_nothing_on_a_server_is_looked_for():
    image, source = scene()
    layer = paint(image, source)
    here = uri_of(style_file())
    for place in ELSEWHERE:
        for changes in ({"styles": [here, place]}, {"masks": "selection:|%s|" % place}):
            note_with(layer, styles=[here], masks="")
            note_with(layer, **changes)
            message = repeat_refusal(image, layer)
            assert "[note_elsewhere]" in message and place in message, (place, message)


def case_a_network_is_not_taken_from_a_note():
    image, source = scene()
    layer = paint(image, source)
    note_with(layer, settings=dict(note_of(layer)["settings"], network="/somewhere/weights.pth"))
    message = repeat_refusal(image, layer)
    assert "[network_unasked]" in message and "weights.pth" in message, message


def case_a_layer_copied_into_another_image():
    """There its source's tattoo is that of a stranger's layer."""
    image, source = scene()
    layer = paint(image, source)
    other = new_image(20, 20)
    strangers = [add_layer(other, 20, 20, name="stranger %d" % number) for number in range(4)]
    assert tattoo_of(source) in [tattoo_of(one) for one in strangers]
    copy = copy_into(other, layer)
    again = repeat(other, copy)
    assert note_of(again)["source"] == tattoo_of(copy), "painted is the layer itself"
    note_with(layer, masks="layer:%d#sky|pattern:Pine|" % tattoo_of(source))
    assert "[mask_gone]" in repeat_refusal(other, copy_into(other, layer))
    note_with(layer, masks="", styles=["layer:%d#sky" % tattoo_of(source)])
    assert "[style_gone]" in repeat_refusal(other, copy_into(other, layer))


def case_a_note_from_before_images_had_names():
    image, source = scene()
    layer = paint(image, source)
    note = note_of(layer)
    del note["image"]
    set_note(layer, json.dumps(note).encode("ascii"))
    assert note_of(repeat(image, layer))["source"] == tattoo_of(source)


def case_cancel_leaves_the_image_as_it_was():
    """Also after the painting was shown in it, hidden, and shown again."""
    image, source = scene()
    before = picture_of(image)
    make_clean(image)
    painting = painting_of(image, source)
    styles, seen = [uri_of(style_file())], []
    try:
        job = painting.start(styles, {}, lambda message: None, seen.append, previews=0.001)
        while not job.tick(0.1):
            pass
        for _ in range(2):
            painting.show_live(styles, {}, seen[0])
            assert len(names_of(image)) == 2
            painting.hide_live()
            assert picture_of(image) == before
            assert not is_dirty(image)
        painting.show_live(styles, {}, seen[0])
    finally:
        painting.close()
    assert picture_of(image) == before
    assert not is_dirty(image)


def case_a_floating_selection_is_anchored_first():
    image, source = scene()
    select(image, 2, 2, 8, 8)
    floating = float_selection(image, source)
    for drawable in (source, floating):
        message = mistake_of(image, drawable)
        assert "[floating_selection]" in message and "nchor" in message, message
