"""What goes on beside the dialog: what its preview shows, and what is said.

In every GIMP; Python 2.7 runs it too.
"""

import os
import time

import helpers
from helpers import add_channel, add_layer, new_image, painting_of, select, style_file, uri_of

helpers.gtk_ready()
import arguments  # noqa: E402
import masks  # noqa: E402
from planning import Planning  # noqa: E402
from region import Region  # noqa: E402

ALL = Region(0, 0, 200, 150)
CORNER = Region(118, 68, 82, 82)
"""What is painted of the layer with what `select_the_corner` selects."""


class Pane(object):
    """The preview: what it shows is the sizes of the pictures."""

    zoom = None

    def __init__(self):
        self.is_wanted = False
        self.photo = self.painted = None

    def want(self, wanted):
        self.is_wanted = wanted

    def show_fraction(self, fraction):
        pass

    def show_photo(self, message):
        self.photo = message["width"], message["height"]

    def show_painted(self, message):
        self.painted = message and (message["width"], message["height"])

    def show_faces(self, faces, content):
        pass


class Scene(object):
    """A dialog over a layer with two channels, as its planning sees it."""

    def __init__(self):
        self.image = new_image(200, 150)
        add_channel(self.image, "nothing", (0, 0, 40, 30), 0)
        add_channel(self.image, "sky", (0, 0, 40, 30))
        self.painting = painting_of(self.image, add_layer(self.image, 200, 150))
        self.choices = arguments.Choices()
        self.choices.choose_styles([uri_of(style_file())])
        self.preview = Pane()
        self.status, self.may_paint = "", False
        self.planning = Planning(self.painting, self.choices, self)
        self.planning.show_part()
        self.planning.change()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.planning.stop()
        self.painting.close()

    def show_status(self, text, may_paint):
        self.status, self.may_paint = text, may_paint

    def offer_networks(self, names):
        pass

    def look(self):
        pass

    def show_looked(self, looked):
        pass

    def wait_for(self, condition):
        end = time.time() + 30
        # What a case asks GIMP then, no thread may ask at the same time.
        while not condition() or self.painting.turns.is_asking:
            assert time.time() < end, self.status
            self.planning.tick()
            time.sleep(0.01)

    def wait_for_the_plan(self):
        self.wait_for(lambda: "Expected time" in self.status)

    def wait_for_the_preview(self):
        """Until one is there and painted to its end."""
        self.wait_for(lambda: self.preview.painted and not self.planning._task)

    def protect(self, reference):
        self.choices.choose_masks(masks.Masks(reference, []))
        self.planning.change()

    def show_preview(self):
        self.preview.want(True)
        self.planning.settle()
        self.wait_for_the_preview()


def select_the_corner(image):
    select(image, 150, 100, 50, 50)


def case_the_preview_follows_the_selection():
    with Scene() as scene:
        scene.show_preview()
        assert scene.preview.photo == (200, 150), scene.preview.photo
        select_the_corner(scene.image)
        scene.wait_for(lambda: scene.preview.photo == (82, 82))
        assert scene.preview.painted is None, "that was another part"
        scene.wait_for_the_preview()
        assert scene.painting.region == CORNER, scene.painting.region


def case_a_selection_in_the_same_second_as_a_slider():
    with Scene() as scene:
        scene.wait_for_the_plan()
        select_the_corner(scene.image)
        scene.choices.set("strength", 20.0)
        scene.planning.change()
        scene.wait_for(lambda: scene.preview.photo == (82, 82))


def case_the_selection_becomes_a_mask():
    """Then all of the layer is painted, and the preview must not show the selected part still."""
    with Scene() as scene:
        select_the_corner(scene.image)
        scene.show_preview()
        assert scene.preview.photo == scene.preview.painted == (82, 82), vars(scene.preview)
        scene.protect(masks.SELECTION)
        scene.wait_for(lambda: scene.preview.photo == (200, 150))
        assert scene.preview.painted is None
        scene.wait_for_the_preview()
        assert scene.painting.region == ALL and scene.preview.painted == (200, 150)


def case_what_is_seen_is_not_planned_twice():
    with Scene() as scene:
        scene.wait_for_the_plan()
        plan = scene.planning._planned
        for _tick in range(25):
            scene.planning.tick()
            time.sleep(0.01)
        scene.wait_for(lambda: True)
        assert scene.planning._planned is plan


def case_a_refusal_leaves_the_preview_wanted():
    with Scene() as scene:
        scene.show_preview()
        scene.protect("nothing")
        scene.wait_for(lambda: "[mask_empty]" in scene.status)
        assert scene.preview.is_wanted and not scene.may_paint
        scene.preview.show_painted(None)
        scene.protect("sky")
        scene.wait_for_the_preview()


def case_a_warning_is_said():
    with Scene() as scene:
        helpers.engine("warning")
        scene.show_preview()
        assert scene.status == "The picture was painted smaller." and scene.may_paint, scene.status
        helpers.engine("good")
        scene.choices.set("strength", 20.0)
        scene.planning.change()
        scene.wait_for_the_plan()


def case_previews_leave_no_files():
    """Whole ones and parts, finished and cancelled, with masks and of a layer to go on with."""
    with Scene() as scene:
        scene.painting.begun = add_layer(scene.image, 200, 150)
        scene.protect("sky")
        helpers.engine("slow")
        for strength in (10.0, 20.0, 30.0):
            scene.preview.zoom = (0.0, 0.0, 0.5, 0.5) if strength == 20 else None
            scene.choices.set("strength", strength)
            scene.planning.change()
            scene.preview.want(True)
            scene.preview.show_painted(None)
            scene.wait_for(lambda: scene.preview.painted)
        helpers.engine("good")
        scene.choices.set("strength", 40.0)
        scene.planning.change()
        scene.preview.show_painted(None)
        scene.wait_for_the_preview()
        left = sorted(os.listdir(scene.painting.folder.path()))
        assert len(left) == 2 and left[0] == "in-use" and left[1].startswith("style-"), left


def case_what_is_not_chosen_yet_has_no_code():
    with Scene() as scene:
        scene.choices.choose_masks(masks.Masks("", [masks.Region("sky", "", None)]))
        scene.planning.change()
        assert scene.status.startswith("The region sky has no style picture."), scene.status
        assert "[" not in scene.status and not scene.may_paint, scene.status
        scene.protect(masks.SELECTION)
        scene.wait_for(lambda: scene.status.startswith("Nothing is selected"))
        assert "[" not in scene.status and not scene.may_paint, scene.status


def case_a_preview_that_fails_is_not_begun_again():
    with Scene() as scene:
        scene.wait_for_the_plan()
        helpers.engine("error")
        scene.preview.want(True)
        scene.planning.settle()
        scene.wait_for(lambda: "[out_of_memory]" in scene.status)
        assert not scene.preview.is_wanted
