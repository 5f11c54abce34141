"""Nine pictures over two settings: which ones, in which order, and what becomes of them.

In every GIMP; Python 2.7 runs it too.
"""

import os
import time

from helpers import add_layer, gtk_ready, new_image, painting_of, style_file, uri_of

gtk_ready()
import arguments  # noqa: E402
import variations  # noqa: E402


class View(object):
    def __init__(self):
        self.axes, self.shown, self.status = None, [], ""

    def show_axes(self, rows, columns):
        self.axes = rows, columns

    def show_cell(self, row, column, message):
        self.shown.append(((row, column), message is not None))

    def show_status(self, text):
        self.status = text


class Scene(object):
    def __init__(self, **values):
        image = new_image(40, 30)
        self.painting = painting_of(image, add_layer(image, 40, 30))
        self.choices = arguments.Choices(values=values)
        self.choices.choose_styles([uri_of(style_file())], [])
        self.view = View()
        self.variations = variations.Variations(self.painting, self.choices, self.view)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.variations.close()
        self.painting.close()

    def wait(self):
        """Until all pictures are there."""
        end = time.time() + 60
        while "Painting;" in self.view.status:
            assert time.time() < end, self.view.status
            self.variations.tick()
            time.sleep(0.02)


def case_three_values_around_the_present_one():
    three = variations.three
    assert three("strength", 50.0) == (25, 50, 75)
    assert three("strength", 90.0) == (50, 75, 100), "within the range"
    assert three("strength", 0.0) == (0, 25, 50)
    assert three("palette", 100.0) == (0, 50, 100)
    assert three("style_scale", 1.0) == (0.5, 1, 2)
    assert three("style_scale", 4.0) == (1, 2, 4)
    assert three("style_scale", 0.1) == (0.1, 0.2, 0.4)
    assert three("seed", 0) == (0, 1, 2)
    assert three("seed", 7) == (6, 7, 8)
    for name in variations.AXES:
        setting = arguments.BY_NAME[name]
        values = three(name, arguments.Choices().effective(name))
        assert len(set(values)) == 3, values
        for value in values:
            arguments.check(setting, value)
            assert variations.value_in_words(name, value)


def case_all_nine_are_painted_and_the_middle_first():
    with Scene(strength=60.0) as scene:
        scene.variations.choose("strength", "style_scale")
        assert scene.view.axes == (["35", "60", "85"], ["0.5", "1", "2"]), scene.view.axes
        scene.wait()
        painted = [cell for cell, there in scene.view.shown if there]
        assert painted[0] == (1, 1) and len(set(painted)) == 9, painted
        assert scene.variations.settings_of(2, 0) == {"strength": 85.0, "style_scale": 0.5}


def case_what_was_painted_is_not_painted_again():
    with Scene() as scene:
        scene.variations.choose("strength", "style_scale")
        scene.wait()
        del scene.view.shown[:]
        scene.variations.choose("style_scale", "strength")
        assert all(there for _, there in scene.view.shown), "the same nine, the other way round"
        assert "Painting;" not in scene.view.status


def case_their_files_go():
    with Scene() as scene:
        scene.variations.choose("strength", "style_scale")
        scene.wait()
        folder = scene.painting.folder.path()
        results = [name for name in os.listdir(folder) if name.endswith("-result.raw")]
        assert len(results) == 9 and len(os.listdir(folder)) == 9 + 3, os.listdir(folder)
        scene.variations.close()
        assert len(os.listdir(folder)) == 2, "the lock and the style picture"


def case_another_axis_in_the_middle_of_it():
    with Scene() as scene:
        scene.variations.choose("strength", "style_scale")
        for _ in range(5):
            scene.variations.tick()
        scene.variations.choose("colours", "content_layers")
        scene.wait()
        assert scene.variations.settings_of(2, 2) == {
            "colours": "luminance",
            "content_layers": "conv5_1",
        }
