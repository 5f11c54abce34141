"""Pictures to test with and ways to look at them, inside GIMP."""

import array
import json
import os
import sys

from gi.repository import Gegl, Gimp, Gio

from common import *  # noqa: F403 - cases import both from here

WORK = ""
PRECISIONS = [
    f"{kind}_{curve}"
    for kind in ("U8", "U16", "U32", "HALF", "FLOAT")
    for curve in ("LINEAR", "NON_LINEAR", "PERCEPTUAL")
]


def images():
    return {image.get_id(): image for image in Gimp.get_images()}


def delete(image):
    image.delete()


def select(image, *area):
    image.select_rectangle(Gimp.ChannelOps.REPLACE, *area)


def rectangle(x, y, width, height):
    return Gegl.Rectangle.new(x, y, width, height)


def whole(drawable):
    return rectangle(0, 0, drawable.get_width(), drawable.get_height())


def pixels(drawable, form="R'G'B'A float", area=None):
    data = drawable.get_buffer().get(area or whole(drawable), 1.0, form, Gegl.AbyssPolicy.NONE)
    return array.array("d" if "double" in form else "f" if "float" in form else "B", data)


def raw(drawable):
    """The pixels as they are stored, unconverted."""
    area = whole(drawable)
    return bytes(drawable.get_buffer().get(area, 1.0, None, Gegl.AbyssPolicy.NONE))


def new_image(width, height, base="RGB", precision="U8_NON_LINEAR"):
    kind, depth = getattr(Gimp.ImageBaseType, base), getattr(Gimp.Precision, precision)
    return Gimp.Image.new_with_precision(width, height, kind, depth)


def add_layer(image, width, height, kind=None, offset=(0, 0), parent=None, name="photo"):
    """A layer full of different colours and, where it has one, different alpha."""
    if kind is None:
        grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, 0)
    layer.set_offsets(*offset)
    data = array.array("f")
    for index in range(width * height):
        x, y = index % width, index // width
        data.extend([0.2 + 0.6 * x / width, 0.3 + 0.5 * y / height, 0.4, (index * 37 % 256) / 255])
    buffer = layer.get_buffer()
    buffer.set(whole(layer), "R'G'B'A float", data.tobytes())
    buffer.flush()
    return layer


def style_file(name="style.png"):
    path = os.path.join(WORK, name)
    if not os.path.exists(path):
        image = new_image(24, 16)
        add_layer(image, 24, 16)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path), None)
        image.delete()
    return Gio.File.new_for_path(path)


def call(image, drawables, mode=Gimp.RunMode.NONINTERACTIVE, name="plug-in-neural-style", **values):
    """Run the plug-in; returns status, and the layer or the message."""
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    if name == "plug-in-neural-style":
        values.setdefault("style", style_file())
    for key, value in values.items():
        config.set_property(key.replace("_", "-"), value)
    result = procedure.run(config)
    return result.index(0), result.index(1)


def paint(image, drawable, **values):
    """Run the plug-in, which must succeed; returns the new layer."""
    status, layer = call(image, [drawable], **values)
    assert status == Gimp.PDBStatusType.SUCCESS, layer
    assert isinstance(layer, Gimp.Layer)
    return layer


def plug_in():
    """Make the plug-in's own modules importable."""
    folder = os.path.join(Gimp.directory(), "plug-ins", "neural-style")
    if folder not in sys.path:
        sys.path.insert(0, folder)


def painting_of(image, drawable):
    """A run of the plug-in in this process, where a case can do something in the middle of it."""
    plug_in()
    from painting import Painting

    return Painting(image, drawable)


def fails(image, drawables, status="EXECUTION_ERROR", **values):
    """Run the plug-in, which must fail and leave the image alone; returns the message."""
    before = picture_of(image)
    got, message = call(image, drawables, **values)
    assert got == getattr(Gimp.PDBStatusType, status), (got, message)
    assert picture_of(image) == before, "the image was changed"
    return message


def failure_of(image, drawable, **values):
    return fails(image, [drawable], **values)


def mistake_of(image, drawable, **values):
    """A failure that is the caller's own mistake."""
    return fails(image, [drawable], "CALLING_ERROR", **values)


def mask_of(layer):
    return layer.get_mask()


def note_of(layer):
    """What a layer remembers of how it was made."""
    return json.loads(bytes(layer.get_parasite("neural-style").get_data()))


def picture_of(image):
    """Everything about the layers that a failure must not change."""

    def walk(items):
        for item in items:
            mask = item.get_mask()
            mask_bytes = raw(mask) if mask else None
            yield (item.get_id(), item.get_name(), raw(item), mask_bytes, item.get_offsets())
            if item.is_group():
                yield from walk(item.get_children())

    return list(walk(image.get_layers())), [x.get_id() for x in image.get_selected_layers()]
