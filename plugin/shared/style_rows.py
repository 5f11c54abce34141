# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures in the dialog: how they are shown and taken, and the list of them, as far as GTK 2
and GTK 3 call it alike. Python 2.7 can run it."""

# The editions make the widgets, of one GTK or the other.
# pyright: reportAttributeAccessIssue=false

import gallery
import host
import style_pictures
import styles
from messages import PluginError
from pixbuf import as_pixbuf, thumbnail
from translation import _

LARGE, SMALL = 64, 36
"""Sides of the thumbnail of the one style picture, and of one of several."""


def picture_of(reference, painting, size):
    """A style picture's thumbnail.

    Raises:
        PluginError: it cannot be loaded.
    """
    is_file = styles.split(reference).kind == "file"
    picture = thumbnail(reference, size) if is_file else None
    return picture or as_pixbuf(painting.style_picture(reference), size)


def shown(reference, painting, size):
    """A style picture's thumbnail, or None: why there is none, the dialog says elsewhere."""
    try:
        return picture_of(reference, painting, size) if reference else None
    except PluginError:
        return None


def take(references, painting, put, tell):
    """`put(reference)` each style picture that can be loaded, and `tell` of the first that cannot.

    Returns whether any was taken.
    """
    problems = []
    for reference in references:
        try:
            if reference == styles.CLIPBOARD:
                painting.style_picture(reference, anew=True)
            picture_of(reference, painting, SMALL)
            put(reference)
        except PluginError as error:
            problems.append(error.text(_))
    if problems:
        tell(problems[0])
    return len(problems) < len(references)


def at_hand(image):
    """The groups of style pictures at hand (see `gallery`), for a menu: key, title, and the names
    and references."""
    named = gallery.drawn()
    groups = gallery.groups(
        gallery.load(host.config_file(gallery.FILE)), lambda one: is_there(one, image)
    )
    return [
        (key, title, [(named.get(r, [style_pictures.name_of(r, image)])[0], r) for r in references])
        for key, title, references in groups
    ]


def is_there(reference, image):
    """Whether a style picture is not gone."""
    try:
        style_pictures.check(reference, image)
    except PluginError:
        return False
    return True


class StyleRows(object):
    """A row for each style picture, kept equal to the choices.

    `on_change` is called after the artist has changed something; `tell(text)` shows a sentence. An
    edition builds `widget` with `_label` and the button `_more`, and makes rows (`_add_row`).
    """

    def __init__(self, choices, painting, on_change, tell):
        self._choices = choices
        self._painting = painting
        self._on_change = on_change
        self._tell = tell
        self._rows = []
        self._is_changing = False
        self._build()
        self.refresh()

    def _build(self):
        raise NotImplementedError

    def _add_row(self):
        raise NotImplementedError

    # -- showing -------------------------------------------------------------------------------

    def refresh(self):
        """Show the choices: also after Reset, or when saved settings were loaded."""
        if self._is_changing:
            return
        references = self._choices.styles or [None]
        while len(self._rows) > len(references):
            self._rows.pop().widget.destroy()
        while len(self._rows) < len(references):
            self._rows.append(self._add_row())
        is_alone = len(references) == 1
        words = _("St_yle picture") if is_alone else _("St_yle pictures")
        self._label.set_text_with_mnemonic(words)
        for row, reference in zip(self._rows, references):
            row.show(reference, is_alone)
        for row, weight in zip(self._rows, self._choices.weights):
            row.show_weight(weight)
        first = self._choices.styles[:1]
        is_file = not first or styles.split(first[0]).kind == "file"
        self._label.set_mnemonic_widget(self._rows[0].chooser if is_file else self._more)

    def name_of(self, reference):
        return style_pictures.name_of(reference, self._painting.image)

    def shown(self, reference, size):
        return shown(reference, self._painting, size)

    # -- changing ------------------------------------------------------------------------------

    def use(self, references, row=None):
        """Add style pictures, or put one in the place of a row's; tell if one cannot be loaded.

        Returns whether any was taken.
        """
        return take(references, self._painting, lambda one: self.put(one, row), self._tell)

    def put(self, reference, row=None):
        """Add a style picture, or put it in the place of a row's, without a look at it."""
        references, weights = self._choices.styles, self._weights()
        if row in self._rows[: len(references)]:
            references[self._rows.index(row)] = reference
        elif reference not in references:
            references.append(reference)
            weights.append(styles.MOST_WEIGHT)
        self._change(references, weights)
        self.refresh()

    def remove(self, row):
        """Take a row's style picture out of the list."""
        references, weights = self._choices.styles, self._weights()
        index = self._rows.index(row)
        del references[index], weights[index]
        self._change(references, weights)
        self.refresh()

    def weigh(self):
        """Take the weights as the rows show them; the one being moved must not be scaled."""
        self._change(self._choices.styles, self._weights())

    def _weights(self):
        return [row.weight.get_value() for row in self._rows[: len(self._choices.styles)]]

    def _change(self, references, weights):
        self._is_changing = True
        self._choices.choose_styles(references, weights)
        self._is_changing = False
        self._on_change()


class StyleRow(object):
    """One style picture's widgets; the first row is there even if there is none.

    An edition builds `widget` with `_picture`, `chooser`, `_name`, `weight` and `_remove`.
    """

    def __init__(self, owner):
        self._owner = owner
        self._shown = None
        self._is_refreshing = False
        self._build()
        self.chooser.connect("file-set", lambda chooser: owner.put(_uri_of(chooser), self))
        self.weight.connect("value-changed", self._on_weight)
        self._remove.connect("clicked", lambda _button: owner.remove(self))
        self.weight.set_tooltip_text(_("How much this style picture counts beside the others"))
        self._remove.set_tooltip_text(_("Remove this style picture"))
        for part in (self.chooser, self._name, self.weight):
            part.set_no_show_all(True)

    def _build(self):
        raise NotImplementedError

    def _show_no_picture(self):
        raise NotImplementedError

    def show(self, reference, is_alone):
        """Show a style picture, or None, as the only one or as one of several."""
        is_file = reference is None or styles.split(reference).kind == "file"
        self.chooser.set_visible(is_file)
        self._name.set_visible(not is_file)
        self.weight.set_visible(not is_alone)
        self._remove.set_sensitive(reference is not None)
        if (reference, is_alone) != self._shown or reference == styles.CLIPBOARD:
            self._shown = reference, is_alone
            self._show_picture(reference, LARGE if is_alone else SMALL)
        if reference is None:
            self.chooser.unselect_all()
        elif not is_file:
            self._name.set_text(self._owner.name_of(reference))
        elif _uri_of(self.chooser) != reference:
            self.chooser.set_uri(reference)

    def _show_picture(self, reference, size):
        self._picture.set_size_request(size, size)
        picture = self._owner.shown(reference, size)
        if picture:
            self._picture.set_from_pixbuf(picture)
        else:
            self._show_no_picture()

    def show_weight(self, weight):
        self._is_refreshing = True
        self.weight.set_value(weight)
        self._is_refreshing = False

    def _on_weight(self, _scale):
        if not self._is_refreshing:
            self._owner.weigh()


def _uri_of(chooser):
    """The chosen file's URI as text; GTK 2 has bytes."""
    uri = chooser.get_uri()
    return uri.decode("ascii") if isinstance(uri, bytes) else uri
