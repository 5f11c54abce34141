# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures in the dialog: how they are shown and taken, and the list of them, as far as GTK 2
and GTK 3 call it alike. Python 2.7 can run it."""

# The editions make the widgets, of one GTK or the other.
# pyright: reportAttributeAccessIssue=false

import os

import gallery
import host
import style_files
import style_pictures
import styles
from messages import PluginError
from pixbuf import as_pixbuf, thumbnail
from reporting import unexpected
from translation import _
from words import style_words

LARGE, SMALL = 64, 36
"""Sides of the thumbnail of the one style picture, and of one of several."""


def show_picture(reference, painting, size, show):
    """Call `show` with a style picture's thumbnail when there is one; why there is none, the dialog
    says elsewhere."""

    def make(picture):
        if picture is not None:
            show(picture)
        else:
            painting.turns.take(lambda: _made(reference, painting, size), show, lambda _error: None)

    if styles.split(reference).kind == "file":
        when_thumbnail(make, reference, size)
    else:
        make(None)


def _made(reference, painting, size):
    """The thumbnail that GIMP makes of a style picture."""
    return as_pixbuf(painting.style_picture(reference), size)


def when_thumbnail(then, uri, size):
    """Call `then` with a file's thumbnail, or None for a kind of picture that only GIMP knows; not
    at all where there is no file."""
    style_files.answers.when_there(
        lambda answer: then(answer[0]) if answer else None,
        _thumbnail,
        style_files.path_of(uri),
        uri,
        size,
    )


def _thumbnail(path, uri, size):
    if uri.startswith("file:") and not os.path.exists(path):
        return None
    return (thumbnail(uri, size),)


def take(references, painting, put, tell):
    """`put(reference)` each style picture that can be loaded; `tell` of the first that cannot."""
    problems = []

    def look_at(reference):
        is_copied = reference == styles.CLIPBOARD
        if is_copied:
            painting.style_picture(reference, anew=True)
        style_pictures.check(reference, painting.image)
        if is_copied or styles.split(reference).kind != "file" or not thumbnail(reference, SMALL):
            painting.style_picture(reference)

    def fail(error):
        problems.append(error if isinstance(error, PluginError) else unexpected(error))
        if len(problems) == 1:
            tell(problems[0].text(_))

    for one in references:
        painting.turns.take(
            lambda reference=one: look_at(reference),
            lambda _nothing, reference=one: put(reference),
            fail,
        )


def groups():
    """The style pictures at hand, in groups (see `gallery`), as far as is known of their files."""
    path_of, answers = style_files.path_of, style_files.answers

    def seems_there(reference):
        return not reference.startswith("file:") or style_files.seems_there(path_of(reference))

    return gallery.groups(
        gallery.load(host.config_file(gallery.FILE)),
        seems_there,
        lambda folder: answers.of(gallery.listed, path_of(folder)) or ([], []),
    )


def at_hand():
    """The groups of style pictures at hand, for a menu: key, title, names and references."""
    named = gallery.drawn()
    return [
        (key, title, [(named.get(one, [style_words(one)])[0], one) for one in references])
        for key, title, references in groups()
    ]


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

    def show_picture(self, reference, size, show):
        show_picture(reference, self._painting, size, show)

    # -- changing ------------------------------------------------------------------------------

    def use(self, references, row=None):
        """Add style pictures, or put one in the place of a row's; tell if one cannot be loaded."""
        take(references, self._painting, lambda one: self.put(one, row), self._tell)

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
            self._name.set_text(style_words(reference))
        elif _uri_of(self.chooser) != reference:
            self.chooser.set_uri(reference)

    def _show_picture(self, reference, size):
        self._picture.set_size_request(size, size)
        self._show_no_picture()

        def show(picture):
            if self._shown[0] == reference:
                self._picture.set_from_pixbuf(picture)

        if reference:
            self._owner.show_picture(reference, size, show)

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
