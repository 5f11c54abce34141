"""Style pictures from files, layers, other images, patterns and the clipboard, one or several.

In every GIMP; Python 2.7 runs it too.
"""

import array
import os

from helpers import (
    add_half_mask,
    add_layer,
    copy,
    delete,
    hide,
    images,
    largest_difference,
    make_indexed,
    mistake_of,
    names_of,
    new_image,
    note_of,
    number_of,
    paint,
    painting_of,
    picture_of,
    pixels,
    plug_in,
    remove,
    repeat,
    repeat_refusal,
    style_file,
    tattoo_of,
    uri_of,
)

plug_in()
import arguments  # noqa: E402
import note  # noqa: E402
import styles  # noqa: E402
import words  # noqa: E402


def picture():
    image = new_image(40, 30)
    return image, add_layer(image, 40, 30)


def loaded(image, source, reference):
    """The floats of a style picture as the engine gets them, and its size."""
    painting = painting_of(image, source)
    try:
        message = painting.style_picture(reference)
        with open(message["file"], "rb") as file:
            data = file.read()
    finally:
        painting.close()
    values = array.array("f")
    getattr(values, "frombytes", getattr(values, "fromstring", None))(data)
    return values, (message["width"], message["height"])


# -- texts ---------------------------------------------------------------------------------------


def case_references():
    text = (
        "\n /a b/c.png \nfile:///d.png\n\npattern:Pine\nlayer:7#sky%20line\nimage:3\nclipboard:\n"
    )
    found = styles.parse(text)
    assert found[0] == "file:///a%20b/c.png", found
    assert styles.parse(styles.join(found)) == found
    kinds = [styles.split(one).kind for one in found]
    assert kinds == ["file", "file", "pattern", "layer", "image", "clipboard"], kinds
    assert styles.split(found[3]) == ("layer", "7", "sky line")
    name = b"50% of #1 \xed\x95\x9c".decode("utf-8")
    assert styles.split(styles.pattern(name)) == ("pattern", name, "")
    assert styles.split(styles.layer(7, name)) == ("layer", "7", name)
    assert styles.parse("") == [] and styles.parse(" \n") == []


def case_numbers():
    assert styles.number("12") == 12
    assert styles.number("12/34", 34) == 12
    for wrong in ("", "x", "-3", "0", "12/33", "12/", "99999999999"):
        assert styles.number(wrong, 34) in (0, 12 if wrong == "12/" else 0), wrong


def case_weights():
    assert styles.weights_of("", 3) == [100.0] * 3
    assert styles.weights_of("2,1", 2) == [100.0, 50.0]
    for unfit in ("2,1", "2,x,1", "0,0,0", "1,-1,2", "1,nan,2", "1,inf,2"):
        assert styles.weights_of(unfit, 3) == [100.0] * 3, unfit
    assert styles.blend_of([]) == styles.blend_of([30.0]) == styles.blend_of([5.0, 5.0]) == ""
    assert styles.blend_of([100.0, 12.5]) == "100,12.5"


def case_choices():
    choices = arguments.Choices(["file:///a.png"])
    choices.choose_styles(["file:///a.png", "pattern:Pine"], [100.0, 25.0])
    assert choices.get("blend") == "100,25" and choices.weights == [100.0, 25.0]
    choices.choose_styles(choices.styles[:1], [100.0])
    assert choices.get("blend") == "" and choices.collect().get("blend") is None


def case_old_notes_are_read():
    old = b'{"style": "file:///a.png", "settings": {"seed": 3}, "source": 5}'
    assert note.read(old)["styles"] == ["file:///a.png"]
    new = note.read(note.write(["pattern:Pine", "layer:3"], {}, 5))
    wanted = {"styles": ["pattern:Pine", "layer:3"], "settings": {}, "source": 5}
    assert new == dict(wanted, masks="", image=""), new


def case_names_of_layers_are_no_novels():
    assert words.layer_name(["a.png"]) == "Neural Style (a.png)"
    assert words.layer_name(["a", "b"]) == "Neural Style (a + b)"
    assert words.layer_name(["a", "b", "c", "d", "e"]) == "Neural Style (a + b + c + ...)"
    assert len(words.layer_name(["a" * 200, "b" * 200])) < 70


# -- sources -------------------------------------------------------------------------------------


def case_a_layer():
    image, source = picture()
    other = add_layer(image, 24, 18, offset=(30, -5), name="sky")
    hide(other)
    values, size = loaded(image, source, styles.layer(tattoo_of(other)))
    assert size == (24, 18), "its own, also where it is outside the image"
    assert largest_difference(values, pixels(other)) < 1e-6
    layer = paint(image, source, styles=[styles.layer(tattoo_of(other))])
    assert names_of(image)[0] == "sky" and names_of(image)[1] == "Neural Style (sky)"
    assert note_of(layer)["styles"] == ["layer:%d#sky" % tattoo_of(other)]


def case_a_layer_with_a_mask():
    image, source = picture()
    other = add_layer(image, 24, 18, name="sky")
    add_half_mask(other)
    before = picture_of(image)
    values, _size = loaded(image, source, styles.layer(tattoo_of(other)))
    assert picture_of(image) == before
    seen = pixels(other)
    alpha, whole = values[3::4], seen[3::4]
    part = max(alpha) / max(whole)
    assert 0.15 < part < 0.85, part
    assert largest_difference(alpha, [part * value for value in whole]) < 0.01
    for start in range(0, len(seen), 4):
        if seen[start + 3] > 0.2:
            assert largest_difference(values[start : start + 3], seen[start : start + 3]) < 0.01


def case_the_layer_itself():
    image, source = picture()
    layer = paint(image, source, styles=[styles.layer(tattoo_of(source))])
    assert names_of(image) == ["Neural Style (photo)", "photo"]
    again = repeat(image, layer)
    assert note_of(again)["styles"] == note_of(layer)["styles"]


def case_another_image():
    image, source = picture()
    other = new_image(20, 16)
    add_layer(other, 20, 16)
    before = picture_of(other)
    values, size = loaded(image, source, styles.image(number_of(other)))
    assert size == (20, 16)
    assert largest_difference(values, pixels(other_layers(other)[0])) < 0.01
    layer = paint(image, source, styles=[styles.image(number_of(other))])
    assert picture_of(other) == before
    assert len(images()) == 2
    # It has no file, so it is remembered for this run of GIMP only.
    reference = note_of(layer)["styles"][0]
    assert reference.startswith("image:%d/" % number_of(other)), reference
    repeat(image, layer)
    elsewhere = reference.replace("/", "/9")
    assert "[style_gone]" in mistake_of(image, source, styles=[elsewhere])


def other_layers(image):
    return image.layers if hasattr(image, "layers") else image.get_layers()


def case_another_image_that_is_indexed():
    image, source = picture()
    other = new_image(20, 16)
    layer = add_layer(other, 20, 16)
    seen = pixels(layer)
    make_indexed(other)
    values, size = loaded(image, source, styles.image(number_of(other)))
    assert size == (20, 16)
    solid = [i for i in range(0, len(seen), 4) if values[i + 3] > 0.99]
    assert solid
    for start in solid:
        assert largest_difference(values[start : start + 3], seen[start : start + 3]) < 0.3
    assert len(images()) == 2


def case_a_clipboard_with_nothing():
    """By its name before all cases that copy."""
    image, source = picture()
    message = mistake_of(image, source, styles=["clipboard:"])
    assert "[style_gone]" in message and "Clipboard" in message, message


def case_what_was_copied():
    image, source = picture()
    small = new_image(20, 16)
    copy(add_layer(small, 20, 16))
    values, size = loaded(image, source, "clipboard:")
    assert size == (20, 16)
    assert largest_difference(values, pixels(other_layers(small)[0])) < 0.01
    layer = paint(image, source, styles=["clipboard:"])
    assert note_of(layer)["styles"] == ["clipboard:"]
    assert names_of(image)[0] == "Neural Style (Clipboard)"
    assert len(images()) == 2


def case_a_pattern_fills_the_image():
    image, source = picture()
    small = new_image(20, 16)
    copy(add_layer(small, 20, 16))  # becomes GIMP's pattern "Clipboard Image"
    values, size = loaded(image, source, "pattern:Clipboard%20Image")
    assert size == (40, 30)
    assert len(set(values)) > 20, "one colour only"
    for x, y in ((0, 0), (7, 3), (19, 13)):
        first = values[4 * (40 * y + x) :][:4]
        assert first == values[4 * (40 * y + x + 20) :][:4]
        assert first == values[4 * (40 * (y + 16) + x) :][:4] or y + 16 >= 30
    layer = paint(image, source, styles=["pattern:Clipboard%20Image"])
    assert note_of(layer)["styles"] == ["pattern:Clipboard%20Image"]
    assert names_of(image)[0] == "Neural Style (Clipboard Image)"
    assert len(images()) == 2


def case_a_missing_pattern():
    image, source = picture()
    message = mistake_of(image, source, styles=["pattern:No%20Such"])
    assert "The style picture No Such is not there any more" in message, message
    assert "[style_gone]" in message, message


def case_gone_layers_and_images():
    image, source = picture()
    other = add_layer(image, 20, 16, name="sky")
    layer = paint(image, source, styles=[styles.layer(tattoo_of(other))])
    remove(image, other)
    message = repeat_refusal(image, layer)
    assert "The style picture sky is not there any more" in message, message
    second = new_image(20, 16)
    add_layer(second, 20, 16)
    layer = paint(image, source, styles=[styles.image(number_of(second))])
    delete(second)
    assert "[style_gone]" in repeat_refusal(image, layer)
    for wrong in ("layer:x", "layer:", "image:-1", "layer:123456789012345"):
        assert "[style_gone]" in mistake_of(image, source, styles=[wrong]), wrong


# -- several -------------------------------------------------------------------------------------


def case_several_with_weights():
    image, source = picture()
    other = add_layer(image, 20, 16, name="sky")
    file = uri_of(style_file())
    references = [file, styles.layer(tattoo_of(other))]
    layer = paint(image, source, styles=references, blend="2,1")
    kept = note_of(layer)
    assert kept["styles"] == [file, "layer:%d#sky" % tattoo_of(other)], kept
    assert kept["settings"]["blend"] == "2,1"
    assert "Neural Style (style.png + sky)" in names_of(image)
    assert note_of(repeat(image, layer)) == kept


def case_a_plain_path():
    image, source = picture()
    path = uri_of(style_file())[len("file://") :]
    layer = paint(image, source, styles=[path, "/" + path])
    assert note_of(layer)["styles"][0] == uri_of(style_file())
    message = mistake_of(image, source, styles=[path, "/nowhere/wave.png"])
    assert "/nowhere/wave.png" in message and "[file_missing]" in message, message


def case_a_layer_painted_on_meanwhile():
    """What the preview has seen of a layer is not what the picture is painted with."""
    image, source = picture()
    painting = painting_of(image, source)
    reference = styles.layer(tattoo_of(source))
    try:
        first = painting.style_picture(reference)
        assert painting.style_picture(reference) is first
        painting.start([reference], {}, lambda message: None)
        assert painting.style_picture(reference) is not first
    finally:
        painting.close()
    assert not os.path.exists(first["file"])
