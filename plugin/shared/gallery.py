# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures at hand: those used last, favourites, a folder of the artist's own, and those that
come with the program. Python 2.7 can run it.

What is remembered is a dict: `recent` and `favourites` are references (see `styles`), `folder` is
the artist's folder as a URI, and `group` the key of the group that was shown last; both may be "".
"""

import collections
import io
import json
import os

import styles
import uris
from paths import replace
from translation import _

FILE = "neural-style-styles.json"
"""In GIMP's own folder."""
LAST_USED, ENOUGH = 12, 4
"""Most style pictures that are remembered as used last, and from how many on they are shown at
first."""
MOST_PICTURES, MOST_FOLDERS = 500, 100
"""That are shown: in one folder, and of its subfolders."""
ENDINGS = tuple(
    b".avif .bmp .gif .heic .heif .jpeg .jpg .jxl .ora .png .psd .tif .tiff .webp .xcf".split()
)
LASTING = ("file", "pattern")
"""Kinds of references that mean the same in another image and another GIMP."""
RECENT, FAVOURITES, FOLDER, DRAWN = "recent", "favourites", "folder", "drawn"
"""Keys of groups; a subfolder's is its URI."""
TEXT = type(b"".decode("ascii"))

Group = collections.namedtuple("Group", "key title references")


# -- what is remembered ----------------------------------------------------------------------------


def load(path):
    """What the file at `path` remembers; nothing if it is missing or damaged."""
    try:
        with io.open(path, encoding="utf-8") as file:
            note = json.load(file)
    except (IOError, OSError, ValueError):
        note = None
    note = note if isinstance(note, dict) else {}
    return {
        "recent": _texts(note.get("recent"))[:LAST_USED],
        "favourites": _texts(note.get("favourites")),
        "folder": "".join(_texts([note.get("folder")])),
        "group": "".join(_texts([note.get("group")])),
    }


def _texts(value):
    return [one for one in value if isinstance(one, TEXT)] if isinstance(value, list) else []


def change(path, **values):
    """Change some of what is remembered, whatever else another GIMP has changed meanwhile."""
    text = json.dumps(dict(load(path), **values), indent=1, sort_keys=True)
    try:
        replace(path, text.encode("ascii"))
    except (IOError, OSError):
        pass  # then it is as it was, and the artist sees so


def remember(path, references):
    """Put style pictures that were painted with first among those last used."""
    new = [one for one in references if styles.split(one).kind in LASTING]
    change(path, recent=_each_once(new + load(path)["recent"])[:LAST_USED])


def favour(path, reference, wanted):
    """Make a style picture a favourite, or no longer."""
    others = [one for one in load(path)["favourites"] if one != reference]
    change(path, favourites=others + [reference] if wanted else others)


def _each_once(references):
    return list(collections.OrderedDict.fromkeys(references))


# -- what is shown ---------------------------------------------------------------------------------


def groups(state, is_there, listed):
    """All groups, each with the style pictures that are still there (`is_there(reference)`);
    `listed(uri)` is what the function of that name says of a folder.

    The artist's folder is one, and each of its subfolders with pictures; a folder without pictures
    of its own is only one if there are no others.
    """
    return (
        [
            Group(RECENT, _("Last used"), [one for one in state["recent"] if is_there(one)]),
            Group(FAVOURITES, _("Favourites"), [o for o in state["favourites"] if is_there(o)]),
        ]
        + _folder_groups(state["folder"], listed)
        + [Group(DRAWN, _("Comes with it"), list(drawn()))]
    )


def first_shown(state):
    """The key of the group to begin with: the one chosen last, or else those used last, if they are
    enough to choose from."""
    return state["group"] or (RECENT if len(state["recent"]) >= ENOUGH else DRAWN)


def _folder_groups(uri, listed):
    if not uri:
        return [Group(FOLDER, _("My folder"), [])]
    pictures, subfolders = listed(uri)
    found = []
    for each in subfolders[:MOST_FOLDERS]:
        inside = listed(each)[0]
        if inside:
            found.append(Group(each, uris.name_of(each), inside))
    own = [Group(FOLDER, uris.name_of(uri), pictures)]
    return own + found if pictures or not found else found


def listed(folder):
    """Pictures and folders in a folder, by name; none in one that cannot be read."""
    try:
        names = sorted(os.listdir(folder), key=lambda name: name.lower())
    except (IOError, OSError):
        return [], []
    paths = [os.path.join(folder, name) for name in names if not name.startswith(b".")]
    pictures = [path for path in paths if path.lower().endswith(ENDINGS)]
    folders = [path for path in paths if os.path.isdir(path)]
    return [uris.from_path(path) for path in pictures[:MOST_PICTURES]], [
        uris.from_path(path) for path in folders
    ]


def drawn():
    """Name and description of each style picture that comes with the program, by its reference."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "styles")
    try:
        with io.open(os.path.join(folder, "styles.json"), encoding="utf-8") as file:
            texts = json.load(file, object_pairs_hook=collections.OrderedDict)
    except (IOError, OSError, ValueError):
        return {}
    found = collections.OrderedDict()
    for name, description in texts.items():
        path = os.path.join(folder, str(name) + ".jpg")
        if os.path.exists(path):
            found[uris.from_path(path)] = _(name.replace("-", " ")), _(description)
    return found
