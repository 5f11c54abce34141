"""The dialog's rows for masks, without a window: what is chosen there arrives in the choices."""

from helpers import add_channel, add_layer, gtk_ready, new_image, painting_of, select

gtk_ready()
import arguments  # noqa: E402
import masks  # noqa: E402
from masks_form import MasksForm  # noqa: E402


class Scene:
    """The rows over an image with a photo."""

    def __init__(self):
        self.image = new_image(40, 30)
        self.choices = arguments.Choices()
        source = add_layer(self.image, 40, 30)
        self.painting = painting_of(self.image, source)
        self.form = MasksForm(self.choices, self.painting, lambda: None, print)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.painting.close()

    def add(self):
        """Add a region; returns the kind of its mask and its name."""
        self.form.show_looked(self.form.look())
        self.form._on_add()
        kind, _tattoo, name = masks.split(self.choices.masks.regions[-1].mask)
        return kind, name


def case_the_mask_of_a_new_region():
    with Scene() as scene:
        assert scene.add() == ("selection", ""), "there is nothing but the photo itself"
        scene.form.remove(scene.form._rows[0])
        add_layer(scene.image, 20, 20, name="clouds")
        assert scene.add() == ("layer", "clouds"), "not the photo itself"
        add_channel(scene.image, "sky", (0, 0, 40, 9))
        assert scene.add() == ("channel", "sky")
        select(scene.image, 0, 0, 20, 20)
        assert scene.add() == ("selection", "")
        add_channel(scene.image, "face", (0, 0, 20, 9))
        assert scene.add() == ("channel", "face"), "each once"
        assert scene.add() == ("layer", "photo"), "for want of others"


def case_a_strength_of_its_own():
    with Scene() as scene:
        scene.choices.set("strength", 70.0)
        scene.add()
        (row,) = scene.form._rows
        assert not row.own.get_active() and not row.strength.get_sensitive()
        assert row.strength.get_value() == 70, "that of the rest"
        row.own.set_active(True)
        assert row.strength.get_sensitive()
        assert scene.choices.masks.regions[0].strength == 70
        row.strength.set_value(20)
        assert scene.choices.masks.regions[0].strength == 20
        row.own.set_active(False)
        assert scene.choices.masks.regions[0].strength is None
        assert row.strength.get_value() == 70
