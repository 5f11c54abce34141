"""The plug-in with the project's own engine, on very small pictures.

In every GIMP; Python 2.7 runs it too.
"""

from helpers import (
    add_layer,
    failure_of,
    largest_difference,
    mask_of,
    mistake_of,
    new_image,
    note_of,
    paint,
    pixels,
    select,
    without_alpha,
)

FAST = {"device": "cpu", "coarsest": 32, "steps": 3, "final_steps": 2}


def case_paints():
    image = new_image(72, 56)
    source = add_layer(image, 64, 48, offset=(3, 4))
    layer = paint(image, source, **FAST)
    old, new = pixels(source), pixels(layer)
    assert new[3::4] == old[3::4], "alpha differs"
    # More than the noise of 0.025 that it starts with; the style is much like the photo.
    assert largest_difference(without_alpha(old), without_alpha(new)) > 0.03
    assert len(set(new)) > 100


def case_same_seed_same_picture():
    # A precision that needs no conversion of colours: babl chooses among several ways by timing
    # them, and a last bit that differs is another picture.
    image = new_image(48, 48, precision="FLOAT_NON_LINEAR")
    source = add_layer(image, 48, 48)
    first, second, other = (pixels(paint(image, source, seed=seed, **FAST)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


def case_smaller_size_and_selection():
    image = new_image(120, 90)
    source = add_layer(image, 120, 90)
    select(image, 40, 30, 30, 20)
    layer = paint(image, source, size=40, **FAST)
    assert len(pixels(layer)) == 4 * 120 * 90 and mask_of(layer) is not None


def case_presets_and_own_values():
    image = new_image(40, 40)
    source = add_layer(image, 40, 40)
    for preset in ("draft", "gatys2015", "tutorial"):
        layer = paint(image, source, preset=preset, **FAST)
        settings = note_of(layer)["settings"]
        assert settings["steps"] == 3 and settings["preset"] == preset


def case_refusal():
    image = new_image(40, 40)
    source = add_layer(image, 40, 40)
    message = mistake_of(image, source, style_layers="conv9_9", **FAST)
    assert "conv9_9" in message and "[bad_settings]" in message, message
    message = failure_of(image, source, network="/nowhere/net.safetensors", **FAST)
    assert "/nowhere/net.safetensors" in message and "[weights_missing]" in message, message
