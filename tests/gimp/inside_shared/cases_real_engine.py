"""The plug-in with the project's own engine, on very small pictures.

In every GIMP; Python 2.7 runs it too.
"""

from helpers import (
    add_channel,
    add_layer,
    add_plain_layer,
    failure_of,
    guided,
    largest_difference,
    mask_of,
    mistake_of,
    new_image,
    note_of,
    paint,
    pixels,
    plug_in,
    select,
    style_file,
    tattoo_of,
    uri_of,
    without_alpha,
)

plug_in()
import masks  # noqa: E402
import styles  # noqa: E402

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


def case_what_is_protected_stays():
    """And the rest is painted, though a region has a style of its own."""
    image = new_image(96, 72)
    source = add_layer(image, 88, 64, offset=(5, 3))
    add_channel(image, "face", (40, 20, 30, 30))
    add_channel(image, "sky", (0, 0, 96, 16))
    red = add_plain_layer(image, (40, 40), (0, 0), (200, 60, 20, 255), "red")
    regions = [masks.Region("sky", styles.layer(tattoo_of(red)), 80.0)]
    layer = paint(image, source, **dict(FAST, steps=20, **guided("face", regions)))
    old, new = pixels(source), pixels(layer)
    inside, outside = [], []
    for index in range(88 * 64):
        x, y = index % 88 + 5, index // 88 + 3
        is_protected = 40 <= x < 70 and 20 <= y < 50
        before, after = (values[4 * index : 4 * index + 3] for values in (old, new))
        (inside if is_protected else outside).append(largest_difference(before, after))
    assert max(inside) <= 2.0 / 255, max(inside)
    assert sum(outside) / len(outside) > 10.0 / 255, sum(outside) / len(outside)


def case_presets_and_own_values():
    image = new_image(40, 40)
    source = add_layer(image, 40, 40)
    for preset in ("draft", "gatys2015", "tutorial"):
        layer = paint(image, source, preset=preset, **FAST)
        settings = note_of(layer)["settings"]
        assert settings["steps"] == 3 and settings["preset"] == preset


def case_two_styles_with_weights():
    image = new_image(40, 40)
    source = add_layer(image, 40, 40)
    both = [uri_of(style_file()), styles.layer(tattoo_of(source))]
    for blend in ("", "2,1"):
        layer = paint(image, source, styles=both, blend=blend, **FAST)
        assert note_of(layer)["settings"].get("blend", "") == blend
    message = mistake_of(image, source, styles=both, blend="1,2,3", **FAST)
    assert "blend has 3 weights, and there are 2 style pictures" in message, message


def case_refusal():
    image = new_image(40, 40)
    source = add_layer(image, 40, 40)
    message = mistake_of(image, source, style_layers="conv9_9", **FAST)
    assert "conv9_9" in message and "[bad_settings]" in message, message
    message = failure_of(image, source, network="/nowhere/net.safetensors", **FAST)
    assert "/nowhere/net.safetensors" in message and "[weights_missing]" in message, message
