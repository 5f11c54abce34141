"""The strip of style pictures at hand, without a window, and how fast it is."""

import os
import shutil
import tempfile
import time

import gi

gi.require_version("GdkPixbuf", "2.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GdkPixbuf, GLib, Gtk  # noqa: E402

import helpers  # noqa: E402
from helpers import add_layer, gtk_ready, new_image, painting_of, style_file, uri_of  # noqa: E402

gtk_ready()
import arguments  # noqa: E402
import gallery  # noqa: E402
import host  # noqa: E402
import pixbuf  # noqa: E402
import thumbnails  # noqa: E402
import uris  # noqa: E402
from masks import Masks, Region  # noqa: E402
from masks_form import MasksForm  # noqa: E402
from strip import Strip  # noqa: E402
from style_files import answers  # noqa: E402
from style_list import StyleList  # noqa: E402
from style_menu import style_menu  # noqa: E402


class Scene:
    """A strip with its list, and a cache and a memory of its own."""

    def __init__(self, **state):
        self.cache = tempfile.mkdtemp(dir=helpers.WORK)
        self._before = os.environ.get("XDG_CACHE_HOME")
        self.path = host.config_file(gallery.FILE)
        gallery.change(self.path, recent=[], favourites=[], folder="", group="")
        gallery.change(self.path, **state)

    def __enter__(self):
        os.environ["XDG_CACHE_HOME"] = self.cache
        image = new_image(40, 30)
        self.painting = painting_of(image, add_layer(image, 40, 30))
        self.choices = arguments.Choices()
        self.list = StyleList(self.choices, self.painting, lambda: None, print)
        self.strip = Strip(self.list, self.painting)
        self.load()
        return self

    def __exit__(self, *_error):
        self.strip.widget.destroy()
        self.painting.close()
        os.remove(self.path)
        del os.environ["XDG_CACHE_HOME"]
        if self._before is not None:
            os.environ["XDG_CACHE_HOME"] = self._before

    @property
    def shown(self):
        return [row[2] for row in self.strip._rows]

    @property
    def loaded(self):
        """Whether each row has its thumbnail."""
        return [row[0].get_width() == 64 for row in self.strip._rows]

    def load(self):
        """Let the thumbnails load; returns the seconds that each turn of the loop took."""
        turns = []
        loop = GLib.MainContext.default()
        asked = self.painting.turns
        while (
            answers._waiting or answers._news or asked.is_asking or asked._waiting or loop.pending()
        ):
            started = time.monotonic()
            loop.iteration(False)
            answers.tick()
            asked.tick()
            self.strip.look()
            turns.append(time.monotonic() - started)
            time.sleep(0.001)
        return turns


def case_choosing_replaces_and_adding_adds():
    with Scene() as scene:
        first, second, third = scene.shown[:3]
        scene.strip._use(0)
        scene.load()
        scene.strip._use(1)
        scene.load()
        assert scene.choices.styles == [second]
        scene.strip._add(2)
        scene.strip._add(2)
        scene.load()
        assert scene.choices.styles == [second, third]
        scene.list.touch(scene.list._rows[0])
        scene.strip._use(2)
        assert scene.choices.styles == [second, third], "it is there already"
        scene.strip._use(0)
        scene.load()
        assert scene.choices.styles == [first, third], "the one touched last is replaced"


def case_groups():
    file = uri_of(style_file())
    state = {"recent": [file, "file:///gone.png", "pattern:Pine"], "group": gallery.RECENT}
    with Scene(**state) as scene:
        assert scene.strip._combo.get_active_id() == gallery.RECENT
        assert scene.shown[0] == file and "file:///gone.png" not in scene.shown
        scene.load()
        scene.strip._favour(file, True)
        assert scene.shown[0] == file
        scene.strip._combo.set_active_id(gallery.FAVOURITES)
        assert scene.shown == [file]
        assert gallery.load(scene.path)["group"] == gallery.FAVOURITES
        scene.strip._favour(file, False)
        assert scene.shown == [] and "favourite" in scene.strip._words.get_text()
        scene.strip._combo.set_active_id(gallery.FOLDER)
        assert "Choose a folder" in scene.strip._words.get_text()


def case_a_group_that_is_gone():
    with Scene(group="file:///no/such/folder") as scene:
        assert scene.strip._combo.get_active_id() == gallery.DRAWN
        assert len(scene.shown) == 12


def case_thumbnails_are_kept_and_made_anew():
    path = style_file("kept.png")
    uri = uri_of(path)
    with Scene():
        place = thumbnails.path_of(uri, 128)
        assert pixbuf.thumbnail(uri, 64).get_width() == 64
        assert thumbnails.is_valid(place, thumbnails.facts(uri, path))
        assert GdkPixbuf.Pixbuf.new_from_file(place).get_width() == 24, "enlarged"
        shutil.copy(thumbnails.path_of(uri, 128), path)  # another picture, later
        os.utime(path, (1000000000, 1000000000))
        assert not thumbnails.is_valid(place, thumbnails.facts(uri, path))
        pixbuf.thumbnail(uri, 64)
        assert thumbnails.is_valid(place, thumbnails.facts(uri, path))
        with open(place, "r+b") as file:
            file.truncate(os.path.getsize(place) - 30)
        assert pixbuf.thumbnail(uri, 64), "a damaged thumbnail is made anew"
        before = os.listdir(os.path.dirname(place))
        pixbuf.thumbnail(uris.from_path(place), 64)
        assert os.listdir(os.path.dirname(place)) == before, "a thumbnail of a thumbnail"
        assert pixbuf.thumbnail("file:///nowhere/a.png", 64) is None
    os.remove(path)


def case_five_hundred_pictures():
    folder = tempfile.mkdtemp(dir=helpers.WORK)
    drawn = [uris.to_path(one).decode() for one in gallery.drawn()]
    for number in range(500):
        shutil.copy(drawn[number % 12], os.path.join(folder, f"{number:03}.jpg"))
    state = {"folder": uris.from_path(folder), "group": gallery.FOLDER}
    try:
        with Scene(**state) as scene:
            window = Gtk.Window(default_width=700)
            window.add(scene.strip.widget)
            window.show_all()
            for which in ("made", "kept"):
                started = time.monotonic()
                scene.strip._regroup()
                shown = time.monotonic() - started
                turns = scene.load()
                print(
                    f"500 {which}: shown in {shown:.3f} s, those in sight in {sum(turns):.2f} s, "
                    f"longest turn {max(turns):.3f} s"
                )
                assert shown < 2 and max(turns) < 1
                assert scene.loaded[0] and not any(scene.loaded[100:]), "none but those in sight"
                place = scene.strip._scrolled.get_hadjustment()
                place.set_value(place.get_upper())
                scene.load()
                assert scene.loaded[-1] and not any(scene.loaded[100:400])
            window.remove(scene.strip.widget)
            window.destroy()
    finally:
        shutil.rmtree(folder)


def case_they_are_in_the_menus_too():
    """Where there is no strip, as for a region."""
    own = uri_of(style_file())
    with Scene(recent=[own, "file:///gone.png"]) as scene:
        scene.choices.choose_masks(Masks("", [Region("photo", "", None)]))
        form = MasksForm(scene.choices, scene.painting, lambda: None, print)
        menu = style_menu(scene.painting, None, form._rows[0]._use)
        groups = {item.get_label(): item.get_submenu() for item in menu.get_children()[-4:]}
        assert list(groups) == ["Last used", "Favourites", "My folder", "Comes with it"], list(
            groups
        )
        assert len(groups["Comes with it"].get_children()) == 12
        (entry,) = groups["Last used"].get_children()
        entry.activate()
        scene.load()
        assert scene.choices.masks.regions[0].style == own
        form.use(form._rows[0], ["file:///gone.png"])
        scene.load()
        assert scene.choices.masks.regions[0].style == own, "what is no picture is not taken"
