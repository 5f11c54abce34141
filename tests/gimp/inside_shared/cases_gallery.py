"""Style pictures at hand, and their thumbnails' files: in every GIMP; Python 2.7 runs it too."""

import io
import json
import os
import shutil
import stat
import struct
import tempfile
import zlib

import helpers

helpers.plug_in()
import gallery  # noqa: E402
import thumbnails  # noqa: E402
import uris  # noqa: E402
from paths import native  # noqa: E402

A, B = ("file:///a.png".encode("ascii").decode("ascii"), "pattern:Pine".encode().decode("ascii"))


def folder():
    return tempfile.mkdtemp(dir=helpers.WORK)


def written(data):
    """The path of a state file with those bytes."""
    path = os.path.join(folder(), gallery.FILE)
    with open(path, "wb") as file:
        file.write(data)
    return path


def listed(uri):
    return gallery.listed(native(uris.to_path(uri)))


def groups(path):
    found = gallery.groups(gallery.load(path), lambda reference: "gone" not in reference, listed)
    return {group.key: group.references for group in found}


def case_what_was_painted_with_is_first():
    path = os.path.join(folder(), gallery.FILE)
    gallery.remember(path, [A, "layer:3#sky", "clipboard:", "image:4/5#x"])
    assert gallery.load(path)["recent"] == [A], "what means nothing elsewhere is not kept"
    gallery.remember(path, [B])
    gallery.remember(path, [A])
    assert gallery.load(path)["recent"] == [A, B]
    gallery.remember(path, ["file:///%d.png" % number for number in range(20)])
    assert len(gallery.load(path)["recent"]) == gallery.LAST_USED
    assert os.listdir(os.path.dirname(path)) == [gallery.FILE], "something is left behind"


def case_favourites_come_and_go():
    path = os.path.join(folder(), gallery.FILE)
    gallery.favour(path, A, True)
    gallery.favour(path, B, True)
    gallery.favour(path, A, True)
    gallery.remember(path, [B])
    assert gallery.load(path)["favourites"] == [B, A]
    gallery.favour(path, B, False)
    assert gallery.load(path)["favourites"] == [A]
    assert gallery.load(path)["recent"] == [B], "the rest stays"


def case_a_damaged_file_is_an_empty_one():
    empty = gallery.load(os.path.join(folder(), "missing.json"))
    assert empty == {"recent": [], "favourites": [], "folder": "", "group": ""}
    for data in (b"", b"{", b"[1]", b"\xff\xfe", b'{"recent": {"a": 1}, "folder": 3}', b"null"):
        path = written(data)
        assert gallery.load(path) == empty, data
        gallery.favour(path, A, True)
        assert gallery.load(path)["favourites"] == [A]
    path = written(b'{"recent": ["file:///a.png", 7, null], "favourites": "no"}')
    assert gallery.load(path) == dict(empty, recent=[A])


def case_a_folder_that_cannot_be_written_loses_nothing():
    path = os.path.join(folder(), "missing", gallery.FILE)
    gallery.remember(path, [A])
    assert not os.path.exists(path)


def case_what_is_gone_is_not_shown_but_kept():
    path = os.path.join(folder(), gallery.FILE)
    gallery.remember(path, ["file:///gone.png", A])
    assert groups(path)[gallery.RECENT] == [A]
    assert len(gallery.load(path)["recent"]) == 2, "its disk may only be away"


def case_the_first_group():
    path = os.path.join(folder(), gallery.FILE)
    assert gallery.first_shown(gallery.load(path)) == gallery.DRAWN
    gallery.remember(path, ["file:///%d.png" % number for number in range(3)])
    assert gallery.first_shown(gallery.load(path)) == gallery.DRAWN, "not enough to choose from"
    gallery.remember(path, [A])
    assert gallery.first_shown(gallery.load(path)) == gallery.RECENT
    gallery.change(path, group=gallery.FAVOURITES)
    gallery.remember(path, [B])
    assert gallery.first_shown(gallery.load(path)) == gallery.FAVOURITES


def case_a_folder_and_its_subfolders():
    own = os.path.join(folder(), "Bilder 100%")
    named = b"Gr\xc3\xb6\xc3\x9fe (2)!".decode("utf-8").encode("utf-8")
    for name in (b"b.PNG", b"a.jpg", b"notes.txt", b".hidden.jpg", named + b"/c.tiff", b"no/x.txt"):
        path = os.path.join(own.encode("utf-8"), name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        open(path, "wb").close()
    state = os.path.join(folder(), gallery.FILE)
    gallery.change(state, folder=uris.from_path(own))
    found = gallery.groups(gallery.load(state), lambda _reference: True, listed)
    titles = [group.title for group in found[2:-1]]
    assert titles == ["Bilder 100%", named.decode("utf-8")], titles
    names = [[uris.name_of(one) for one in group.references] for group in found[2:-1]]
    assert names == [["a.jpg", "b.PNG"], ["c.tiff"]], names
    assert found[3].key.endswith("/Gr%C3%B6%C3%9Fe%20(2)!"), "not as GLib spells it"
    assert os.path.samefile(uris.to_path(found[3].references[0]), path_of(own, named, b"c.tiff"))
    for name in ("a.jpg", "b.PNG"):
        os.remove(os.path.join(own, name))
    assert gallery.FOLDER not in groups(state), "it has only subfolders now"
    shutil.rmtree(own)
    assert groups(state)[gallery.FOLDER] == []


def path_of(own, *names):
    return os.path.join(own.encode("utf-8"), *names)


def case_many_pictures_are_not_all_shown():
    own = folder()
    for number in range(gallery.MOST_PICTURES + 20):
        open(os.path.join(own, "%04d.png" % number), "wb").close()
    state = os.path.join(folder(), gallery.FILE)
    gallery.change(state, folder=uris.from_path(own))
    assert len(groups(state)[gallery.FOLDER]) == gallery.MOST_PICTURES


def case_those_that_come_with_it():
    drawn = gallery.drawn()
    names = [name for name, _description in drawn.values()]
    assert len(names) == 12 and "ink wash" in names and "impasto" in names, names
    assert all(os.path.exists(uris.to_path(one)) for one in drawn)
    found = gallery.groups(gallery.load("missing"), lambda _reference: True, listed)
    assert found[-1].references == list(drawn)


# -- thumbnails ------------------------------------------------------------------------------------


def png(texts, before=b""):
    """A PNG of one pixel with texts, some of which are behind the picture."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)
        )

    said = [chunk(b"tEXt", key + b"\0" + text) for key, text in texts]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    pixel = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return (
        thumbnails.SIGNATURE
        + header
        + before
        + said[0]
        + pixel
        + b"".join(said[1:])
        + chunk(b"IEND", b"")
    )


def thumbnail(data):
    path = os.path.join(folder(), "thumbnail.png")
    with open(path, "wb") as file:
        file.write(data)
    return path


def case_a_thumbnail_is_of_one_file_at_one_time():
    picture = thumbnail(b"a picture")
    os.utime(picture, (1000000000, 1000000000))
    uri = uris.from_path(picture)
    facts = thumbnails.facts(uri, picture)
    assert facts == {"Thumb::URI": uri, "Thumb::MTime": "1000000000"}
    said = [(b"Thumb::URI", uri.encode("ascii")), (b"Thumb::MTime", b"1000000000")]
    kept = thumbnail(png(said))
    assert thumbnails.is_valid(kept, facts)
    os.utime(picture, (1000000001, 1000000001))
    assert not thumbnails.is_valid(kept, thumbnails.facts(uri, picture)), "the file has changed"
    other = thumbnails.facts(uri + "x", picture)
    assert not thumbnails.is_valid(kept, dict(other, **{"Thumb::MTime": "1000000000"}))


def case_a_foreign_or_damaged_png_is_no_thumbnail():
    facts = {"Thumb::URI": A, "Thumb::MTime": "5"}
    whole = png([(b"Thumb::URI", A.encode("ascii")), (b"Thumb::MTime", b"5")])
    assert thumbnails.is_valid(thumbnail(whole), facts)
    for data in (b"", b"text", png([(b"Software", b"x")]), whole[:40], whole[:60]):
        assert not thumbnails.is_valid(thumbnail(data), facts), data
    huge = struct.pack(">I", 0x7FFFFFFF) + b"tEXt"
    assert not thumbnails.is_valid(thumbnail(png([(b"Thumb::URI", b"x")], huge)), facts)
    assert not thumbnails.is_valid(os.path.join(folder(), "missing.png"), facts)


def case_its_place_is_the_standards():
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = cache = os.path.join(folder(), "cache")
    try:
        # The standard's own example.
        uri = "file:///home/jens/photos/me.png"
        path = thumbnails.path_of(uri, thumbnails.side_for(96))
        wanted = "thumbnails/normal/c6ee772d9e49320e97ec29a7eb5b1697.png"
        assert path == os.path.join(cache, wanted), path
        thumbnails.keep(path, b"one")
        thumbnails.keep(path, b"another")
        with io.open(path, "rb") as file:
            assert file.read() == b"another"
        assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        for each in (thumbnails.folder(), os.path.dirname(path)):
            assert stat.S_IMODE(os.stat(each).st_mode) == 0o700
        os.environ["XDG_CACHE_HOME"] = "relative"
        assert thumbnails.folder() == os.path.expanduser("~/.cache/thumbnails")
    finally:
        del os.environ["XDG_CACHE_HOME"]
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before
    assert [thumbnails.side_for(side) for side in (48, 128, 129, 300)] == [128, 128, 256, 0]


def case_the_file_is_readable_json():
    path = os.path.join(folder(), gallery.FILE)
    gallery.remember(path, [A])
    with io.open(path, encoding="ascii") as file:
        assert json.load(file)["recent"] == [A]
