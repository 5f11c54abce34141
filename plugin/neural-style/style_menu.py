# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the artist can take a style picture from: a menu, and the windows behind its entries."""

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GdkPixbuf, Gimp, Gtk  # noqa: E402

import style_pictures  # noqa: E402
import styles  # noqa: E402
from pixbuf import tile  # noqa: E402
from style_rows import at_hand  # noqa: E402
from translation import _  # noqa: E402

TILE = 48
"""Longest side of a pattern's picture."""


def style_menu(painting, window, use):
    """A menu of all that is there to choose from now; `use(references)` takes what is chosen."""
    menu, image = Gtk.Menu(), painting.image
    append(menu, _("_File..."), lambda: use(_ask_for_files(window)))
    append(
        menu,
        _("_Pattern..."),
        lambda: painting.turns.take(
            _patterns,
            lambda patterns: use(_ask_for_pattern(window, patterns)),
            lambda _error: None,
        ),
    )
    _append_submenu(menu, _("_Layer of This Image"), style_pictures.layers_of(image), use)
    _append_submenu(menu, _("_Open Image"), style_pictures.images_besides(image), use)
    copied = Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).wait_is_image_available()
    append(menu, _("_Clipboard"), lambda: use([styles.CLIPBOARD]), copied)
    for _key, title, named in at_hand():
        _append_submenu(menu, title, named, use, use_underline=False)
    menu.show_all()
    return menu


def append(menu, label, chosen, is_there=True, use_underline=True):
    """Add an entry to a menu; `chosen()` is called when it is taken."""
    item = Gtk.MenuItem(label=label, use_underline=use_underline, sensitive=is_there)
    item.connect("activate", lambda _item: chosen())
    menu.append(item)


def _append_submenu(menu, label, named, use, use_underline=True):
    item = Gtk.MenuItem(label=label, use_underline=use_underline, sensitive=bool(named))
    submenu = Gtk.Menu()
    for name, reference in named:
        append(submenu, name, lambda reference=reference: use([reference]), use_underline=False)
    item.set_submenu(submenu)
    menu.append(item)


def _ask_for_files(window):
    buttons = (_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Open"), Gtk.ResponseType.OK)
    chooser = Gtk.FileChooserDialog(title=_("Add style pictures"), transient_for=window)
    chooser.add_buttons(*buttons)
    chooser.set_default_response(Gtk.ResponseType.OK)
    chooser.set_select_multiple(True)
    answer, chosen = chooser.run(), chooser.get_uris()
    chooser.destroy()
    return chosen if answer == Gtk.ResponseType.OK else []


def _patterns():
    """A picture and the name of each of GIMP's patterns."""
    return [(tile(one, TILE), one.get_name()) for one in Gimp.patterns_get_list("")]


def _ask_for_pattern(window, patterns):
    """A window with these patterns, of which one can be chosen."""
    dialog = Gtk.Dialog(title=_("Choose a pattern"), transient_for=window, modal=True)
    dialog.add_buttons(_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Open"), Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    rows = Gtk.ListStore(GdkPixbuf.Pixbuf, str)
    for pattern in patterns:
        rows.append(list(pattern))
    view = Gtk.IconView(model=rows, pixbuf_column=0, text_column=1, item_width=90)
    view.set_selection_mode(Gtk.SelectionMode.BROWSE)
    view.connect("item-activated", lambda *_item: dialog.response(Gtk.ResponseType.OK))
    scrolled = Gtk.ScrolledWindow(min_content_width=560, min_content_height=380)
    scrolled.add(view)
    dialog.get_content_area().pack_start(scrolled, True, True, 0)
    dialog.show_all()
    answer, chosen = dialog.run(), view.get_selected_items()
    dialog.destroy()
    if answer != Gtk.ResponseType.OK:
        return []
    return [styles.pattern(rows[path][1]) for path in chosen]
