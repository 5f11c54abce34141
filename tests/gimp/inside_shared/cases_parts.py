"""Previews of all and of a part, and going on with a layer.

In every GIMP; Python 2.7 runs it too.
"""

from helpers import (
    add_layer,
    gtk_ready,
    new_image,
    painting_of,
    plan_of,
    preview_of,
    style_file,
    tattoo_of,
    uri_of,
)

gtk_ready()
import arguments  # noqa: E402
import layers  # noqa: E402
import masks  # noqa: E402
import painting  # noqa: E402
import variations  # noqa: E402
from messages import PluginError  # noqa: E402
from region import Part, Region, zoomed  # noqa: E402


def asked(scene, values, rectangle=None):
    """The job of a preview."""
    part = scene.part_to_show(values, rectangle)
    return preview_of(scene, part, [uri_of(style_file())], values)


def request_of(scene, values, rectangle=None):
    """What the engine is asked for a preview, which it then paints."""
    job = asked(scene, values, rectangle)
    while not job.tick(0.1):
        pass
    return job._message


def size_of(file):
    return file["width"], file["height"]


def case_the_preview_is_painted_larger_than_shown():
    """Or as large as the picture will be: the smaller it is painted, the less it foretells."""
    image = new_image(900, 600)
    scene = painting_of(image, add_layer(image, 900, 600))
    try:
        for size, painted in ((2000, 576), (0, 0), (300, 300)):
            request = request_of(scene, {"size": size, "strength": 40})
            assert request["settings"] == {"size": painted, "strength": 40}, request
            assert size_of(request["content"]) == (576, 384)
            assert request["preview_size"] == 256 and "whole" not in request
    finally:
        scene.close()


def case_a_long_panorama_is_painted_as_large_as_it_must_be():
    """576 pixels long it would be 14 high, which is too little for the engine."""
    image = new_image(1600, 40)
    scene = painting_of(image, add_layer(image, 1600, 40))
    try:
        for size, painted in ((2000, 640), (0, 0)):
            request = request_of(scene, {"size": size})
            assert size_of(request["content"]) == (640, 16), request
            assert request["settings"]["size"] == painted, request
        nine = variations.Variations(scene, arguments.Choices(values={}), None)
        nine._request({}, [uri_of(style_file())], masks.NONE)
        assert size_of(nine._content) == (640, 16), nine._content
    finally:
        scene.close()


def case_a_part_is_painted_as_large_as_all_will_be():
    image = new_image(900, 600)
    scene = painting_of(image, add_layer(image, 900, 600))
    try:
        request = request_of(scene, {"strength": 40}, (0.5, 0.5, 1.0, 1.0))
        assert request["settings"] == {"size": 0, "strength": 40}, request
        assert size_of(request["content"]) == (320, 320), request
        assert request["whole"]["longest"] == 900
        assert size_of(request["whole"]["picture"]) == (576, 384)
        request = request_of(scene, {"size": 450}, (0.5, 0.5, 1.0, 1.0))
        assert request["whole"]["longest"] == 450
        assert size_of(request["content"]) == (225, 225), request
    finally:
        scene.close()


def case_parts_lie_within_the_region():
    region = Region(10, 20, 4000, 3000)
    part = zoomed(region, 4000, 320, (0.5, 0.5, 0.5, 0.5))
    assert part.region == Region(10 + 1920, 20 + 1420, 160, 160), part  # no smaller
    assert (part.longest, part.whole) == (160, 4000)
    part = zoomed(region, 4000, 320, (0.9, 0.9, 1.0, 1.0))
    assert part.region == Region(10 + 3640, 20 + 2680, 320, 320), part
    part = zoomed(region, 1000, 320, (0.0, 0.0, 1.0, 1.0))
    assert part.region == Region(10 + 1360, 20 + 860, 1280, 1280), part
    assert (part.longest, part.whole) == (320, 1000)
    part = zoomed(Region(0, 0, 50, 40), 50, 320, (0.0, 0.0, 0.1, 0.1))
    assert part.region == Region(0, 0, 50, 40), "a small picture is a part"
    assert part.whole == 50


def case_going_on_sends_the_layer():
    image = new_image(60, 40)
    source = add_layer(image, 60, 40)
    made = add_layer(image, 60, 40, name="made")
    scene = painting_of(image, source)
    scene.begun = made
    try:
        request = asked(scene, {})._message
        assert size_of(request["initial"]) == size_of(request["content"]) == (60, 40)
        with open(request["initial"]["file"], "rb") as file:
            own = file.read()
        expected = layers.write_picture(
            layers.pixels_with_filters(made), scene.region, scene.folder.path("expected.raw")
        )
        with open(expected["file"], "rb") as file:
            assert file.read() == own, "the layer's own pixels"
        with open(scene.write_before(Part(scene.region, None, None))["file"], "rb") as file:
            assert file.read() == own, "what is shown before"
        job = scene.start([uri_of(style_file())], {}, lambda message: None)
        assert size_of(job._message["initial"]) == (60, 40)
        plan = plan_of(scene)
        assert plan._message["begun"] is True
        assert tattoo_of(scene.begun) == tattoo_of(made)
        job.cancel()
    finally:
        scene.close()


def case_a_layer_of_another_size_cannot_be_gone_on_with():
    image = new_image(60, 40)
    source = add_layer(image, 60, 40)
    scene = painting.Painting(image, source, begun=add_layer(image, 50, 40, name="made"))
    code = ""
    try:
        scene.look()
    except PluginError as error:
        code = error.code
    finally:
        scene.close()
    assert code == "begun_changed", code
