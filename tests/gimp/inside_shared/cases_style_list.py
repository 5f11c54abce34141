"""The dialog's list of style pictures, without a window: what is changed arrives in the choices.

In every GIMP; Python 2.7 runs it too.
"""

import os

import helpers
from helpers import (
    add_layer,
    finished,
    gtk_ready,
    new_image,
    painting_of,
    style_file,
    tattoo_of,
    uri_of,
)

gtk_ready()
import arguments  # noqa: E402
import styles  # noqa: E402
from style_list import StyleList  # noqa: E402


class Scene(object):
    """A list over an image with two layers, and what it has said."""

    def __init__(self, references=(), weights=()):
        self.image = new_image(40, 30)
        source = add_layer(self.image, 40, 30)
        self.layer = styles.layer(tattoo_of(add_layer(self.image, 20, 16, name="sky")), "sky")
        self.file = uri_of(style_file())
        self.changes, self.told = [], []
        self.choices = arguments.Choices()
        self.choices.choose_styles(references, weights)
        self.painting = painting_of(self.image, source)
        change = lambda: self.changes.append(None)  # noqa: E731
        self.list = StyleList(self.choices, self.painting, change, self.told.append)
        assert not self.changes, "showing is no change"

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.painting.close()

    def use(self, references, row=None):
        """Add style pictures and wait until they have been looked at."""
        self.list.use(references, row)
        finished(self.painting)

    @property
    def rows(self):
        return self.list._rows


def case_first_second_and_none_again():
    with Scene() as scene:
        assert len(scene.rows) == 1, "an empty one, to choose a file"
        scene.use([scene.file])
        assert scene.choices.styles == [scene.file] and len(scene.rows) == 1
        scene.use([scene.layer])
        assert scene.choices.styles == [scene.file, scene.layer]
        assert scene.choices.get("blend") == ""
        scene.use([scene.layer])
        assert len(scene.choices.styles) == 2, "the same one again"
        scene.list.remove(scene.rows[0])
        assert scene.choices.styles == [scene.layer] and len(scene.rows) == 1
        scene.list.remove(scene.rows[0])
        assert scene.choices.styles == [] and len(scene.rows) == 1
        assert len(scene.changes) >= 4 and not scene.told


def case_weights_keep_their_places():
    with Scene() as scene:
        scene.use([scene.file, scene.layer])
        scene.rows[0].weight.set_value(40)
        assert scene.choices.get("blend") == "40,100"
        scene.rows[1].weight.set_value(20)
        assert scene.choices.get("blend") == "40,20"
        assert scene.rows[0].weight.get_value() == 40, "it must not move by itself"
        scene.use([styles.layer(tattoo_of(scene.painting.source))])
        assert scene.choices.get("blend") == "40,20,100"
        scene.list.remove(scene.rows[1])
        assert scene.choices.get("blend") == "40,100"
        scene.list.remove(scene.rows[1])
        assert scene.choices.get("blend") == "", "of one there is nothing to blend"


def case_one_in_the_place_of_another():
    with Scene() as scene:
        scene.use([scene.file, scene.layer])
        scene.rows[1].weight.set_value(30)
        own = styles.layer(tattoo_of(scene.painting.source))
        scene.use([own], scene.rows[0])
        assert scene.choices.styles == [own, scene.layer]
        assert scene.choices.get("blend") == "100,30"


def case_what_is_no_picture_is_told():
    path = os.path.join(helpers.WORK, "no picture.png")
    with open(path, "w") as file:
        file.write("text")
    wrong = "file://" + path.replace(" ", "%20")
    with Scene() as scene:
        scene.use([wrong])
        assert scene.choices.styles == []
        assert "no picture.png" in scene.told[0] and "[style_unreadable]" in scene.told[0]
        scene.use([wrong, scene.file, "layer:999"])
        assert scene.choices.styles == [scene.file], "the others are taken"
        assert len(scene.told) == 2


def case_what_was_chosen_before_is_shown():
    with Scene(["file:///nowhere/a.png", "layer:77#gone", "pattern:None"], [2, 1, 0]) as scene:
        assert len(scene.rows) == 3
        assert [row.weight.get_value() for row in scene.rows] == [100, 50, 0]
        scene.choices.choose_styles([scene.file])
        scene.list.refresh()
        assert len(scene.rows) == 1


def case_a_row_between_is_replaced_by_a_file():
    with Scene() as scene:
        scene.use([scene.layer, scene.file])
        scene.list.put("file:///nowhere/b.png", scene.rows[1])
        assert scene.choices.styles == [scene.layer, "file:///nowhere/b.png"]
