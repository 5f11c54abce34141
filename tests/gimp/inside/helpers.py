"""Pictures to test with and ways to look at them, inside GIMP."""

import array
import json
import os
import sys

from gi.repository import Gegl, Gimp, Gio

from common import *  # noqa: F403 - cases import both from here

WORK = ""
NAME = "plug-in-neural-style"
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


def call(image, drawables, run_mode=Gimp.RunMode.NONINTERACTIVE, name=NAME, **values):
    """Run the plug-in; returns status, and the layer or the message."""
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", run_mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    if name == NAME:
        values.setdefault("style", None if "styles" in values else style_file())
        values["styles"] = "\n".join(values.get("styles", []))
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


def repeat(image, drawable):
    """Run Repeat without its dialog; returns the new layer or raises."""
    status, layer = call(image, [drawable], name="plug-in-neural-style-repeat")
    assert status == Gimp.PDBStatusType.SUCCESS, layer
    return layer


def repeat_refusal(image, drawable):
    """What is told when that fails, which it must."""
    return fails(image, [drawable], "CALLING_ERROR", name="plug-in-neural-style-repeat")


def plug_in():
    """Make the plug-in's own modules importable."""
    folder = os.path.join(Gimp.directory(), "plug-ins", "neural-style")
    if folder not in sys.path:
        sys.path.insert(0, folder)


def gtk_ready():
    """Make the plug-in's windows importable."""
    plug_in()
    import gi

    gi.require_version("Gtk", "3.0")
    from gi.repository import Gtk

    assert Gtk.init_check(None)[0], "no display"


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


# -- what differs between GIMPs ------------------------------------------------------------------


def uri_of(file):
    return file.get_uri()


def tattoo_of(layer):
    return layer.get_tattoo()


def number_of(image):
    return image.get_id()


def names_of(image):
    return [layer.get_name() for layer in image.get_layers()]


def hide(layer):
    layer.set_visible(False)


def remove(image, layer):
    image.remove_layer(layer)


def remove_channel(image, channel):
    image.remove_channel(channel)


def rename(item, name):
    item.set_name(name)


def copy(layer):
    Gimp.edit_copy([layer])


def add_half_mask(layer):
    """A mask of grey, half through."""
    Gimp.context_push()
    Gimp.context_set_background(Gegl.Color.new("rgb(0.5,0.5,0.5)"))
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    mask.fill(Gimp.FillType.BACKGROUND)
    Gimp.context_pop()


def add_mask(layer):
    """Make the selection the layer's mask."""
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.SELECTION))


def add_channel(image, name, area, value=255):
    """A channel that has that value in a rectangle and is black else."""
    size = image.get_width(), image.get_height()
    channel = Gimp.Channel.new(image, name, *size, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    buffer = channel.get_buffer()
    is_coarse = image.get_precision() == Gimp.Precision.U8_NON_LINEAR
    form = "Y' u8" if is_coarse else "Y u8"  # in which the stored numbers are these
    for place, byte in ((whole(channel), 0), (rectangle(*area), value)):
        buffer.set(place, form, bytes([byte]) * (place.width * place.height))
    buffer.flush()
    return channel


def add_plain_layer(image, size, offset, colour, name="plain"):
    """A layer of one colour, four bytes."""
    layer = add_layer(image, *size, Gimp.ImageType.RGBA_IMAGE, offset, name=name)
    buffer = layer.get_buffer()
    buffer.set(whole(layer), "R'G'B'A u8", bytes(colour) * (size[0] * size[1]))
    buffer.flush()
    return layer


def select_softly(image, area):
    """Select an ellipse with soft edges, or nothing."""
    if area is None:
        Gimp.Selection.none(image)
        return
    Gimp.context_push()
    Gimp.context_set_feather(True)
    Gimp.context_set_feather_radius(6.0, 6.0)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, *area)
    Gimp.context_pop()


def select_channel(image, channel):
    image.select_item(Gimp.ChannelOps.REPLACE, channel)


def selected(image):
    """The selection's values, 0 to 255, over all of the image."""
    return pixels(image.get_selection(), "Y u8")


def guided(protect="", regions=()):
    """Masks as arguments for `paint`."""
    plug_in()
    import masks

    return {"regions": masks.join(masks.Masks(protect, list(regions)))}


def make_indexed(image):
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 8, False, False, ""
    )


def mask_of(layer):
    return layer.get_mask()


def finish_of(layer):
    """Its opacity and its mode's name."""
    return layer.get_opacity(), layer.get_mode().value_nick.replace("-", "_").upper()


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


def set_note(layer, data):
    """Give a layer a note, as anybody's file may bring it."""
    layer.attach_parasite(Gimp.Parasite.new("neural-style", Gimp.PARASITE_PERSISTENT, data))


def copy_into(image, layer):
    """Copy a layer into another image, as dragging it there does."""
    copy = Gimp.Layer.new_from_drawable(layer, image)
    image.insert_layer(copy, None, 0)
    return copy


def is_dirty(image):
    return image.is_dirty()


def make_clean(image):
    image.clean_all()


def float_selection(image, layer):
    """Paste a part of a layer, so that it floats."""
    Gimp.edit_copy([layer])
    return Gimp.edit_paste(layer, False)[0]
