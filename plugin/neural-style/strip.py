# SPDX-License-Identifier: GPL-3.0-or-later
"""Style pictures at hand: a row of thumbnails above the list, in groups (see `gallery`)."""

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GdkPixbuf, Gimp, GLib, Gtk, Pango  # noqa: E402

import gallery  # noqa: E402
import host  # noqa: E402
import style_rows  # noqa: E402
import styles  # noqa: E402
from pixbuf import tile  # noqa: E402
from style_files import answers  # noqa: E402
from style_menu import append  # noqa: E402
from translation import _  # noqa: E402
from words import style_words  # noqa: E402

SIDE = 64
"""Of a thumbnail."""
PADDING = 3
AHEAD = 12
"""Thumbnails that are loaded beyond those in sight; the others when they come there."""
PICTURE, TOOLTIP, REFERENCE = range(3)


class Strip:
    """The thumbnails of one group; what is chosen goes into `style_list`."""

    def __init__(self, style_list, painting):
        self._list = style_list
        self._turns = painting.turns
        self._path = host.config_file(gallery.FILE)
        self._groups = {}
        self._shown = []  # the references in the rows
        self._waiting = []  # numbers of the rows for which no thumbnail was asked yet
        self._changes = 0  # of what is known of files, that are shown
        self._build()
        self._wanted = gallery.first_shown(gallery.load(self._path))
        self._regroup()

    # -- building ------------------------------------------------------------------------------

    def _build(self):
        self._combo = Gtk.ComboBoxText(valign=Gtk.Align.CENTER)
        self._combo.set_tooltip_text(_("Which style pictures are shown beside"))
        for cell in self._combo.get_cells():
            cell.set_properties(ellipsize=Pango.EllipsizeMode.END, width_chars=12)
        self._combo.connect("changed", self._on_group)
        self._stack = Gtk.Stack()
        self._stack.set_size_request(-1, SIDE + 2 * PADDING)  # as high when it is empty
        self._stack.add_named(self._build_pictures(), "pictures")
        self._stack.add_named(self._build_nothing(), "nothing")
        self.widget = Gtk.Box(spacing=12)
        self.widget.set_margin_start(12)
        self.widget.set_margin_end(12)
        self.widget.pack_start(self._combo, False, False, 0)
        self.widget.pack_start(self._stack, True, True, 0)
        self.widget.show_all()

    def _build_pictures(self):
        self._rows = Gtk.ListStore(GdkPixbuf.Pixbuf, str, str)
        self._view = Gtk.IconView(item_padding=PADDING, margin=0, column_spacing=0, row_spacing=0)
        # A fixed size: hundreds need not be measured again for each thumbnail that is there.
        renderer = Gtk.CellRendererPixbuf()
        renderer.set_fixed_size(SIDE, SIDE)
        self._view.pack_start(renderer, False)
        self._view.add_attribute(renderer, "pixbuf", PICTURE)
        self._view.set_tooltip_column(TOOLTIP)
        self._view.set_selection_mode(Gtk.SelectionMode.BROWSE)
        self._view.connect("button-press-event", self._on_press)
        self._view.connect("item-activated", lambda _view, path: self._use(path))
        self._view.connect("key-press-event", self._on_key)
        self._view.connect("focus-in-event", self._on_focus)
        self._view.connect("scroll-event", self._on_wheel)
        self._scrolled = Gtk.ScrolledWindow(vscrollbar_policy=Gtk.PolicyType.NEVER)
        self._scrolled.add(self._view)
        self._scrolled.get_hadjustment().connect("value-changed", lambda _place: self._load())
        return self._scrolled

    def _build_nothing(self):
        self._words = Gtk.Label(xalign=0.0, wrap=True)
        self._choose = Gtk.Button(label=_("Choose Fol_der..."), use_underline=True)
        self._choose.set_valign(Gtk.Align.CENTER)
        self._choose.set_no_show_all(True)
        self._choose.connect("clicked", lambda _button: self._choose_folder())
        nothing = Gtk.Box(spacing=12)
        nothing.pack_start(self._words, False, False, 0)
        nothing.pack_start(self._choose, False, False, 0)
        return nothing

    # -- showing -------------------------------------------------------------------------------

    def look(self):
        """Show what has become known of files meanwhile; to be called often."""
        if answers.changes != self._changes:
            groups, shown = self._groups, self._shown
            self._look()
            if self._groups != groups:
                self._regroup(shown)

    def _regroup(self, shown=None):
        """Offer the groups that there are now, and show the one wanted, or else the drawn pictures,
        unless just these are `shown` already."""
        groups, key = self._look(), self._wanted
        if key not in self._groups:
            # A folder without pictures of its own has subfolders with some.
            key = groups[2].key if key == gallery.FOLDER else gallery.DRAWN
        self._combo.handler_block_by_func(self._on_group)
        self._combo.remove_all()
        for group in groups:
            self._combo.append(group.key, group.title)
        self._combo.set_active_id(key)
        self._combo.handler_unblock_by_func(self._on_group)
        if shown is None or shown != self._groups[key].references:
            self._show(key)

    def _look(self):
        self._changes = answers.changes
        groups = style_rows.groups()
        self._groups = {group.key: group for group in groups}
        return groups

    def _on_group(self, combo):
        self._wanted = combo.get_active_id()
        gallery.change(self._path, group=self._wanted)
        self._show(self._wanted)

    def _show(self, key):
        references = self._shown = list(self._groups[key].references)
        named = gallery.drawn()
        self._view.set_model(None)
        self._rows.clear()
        icon = _icon()
        for reference in references:
            text = "\n".join(named.get(reference, [style_words(reference)]))
            self._rows.append([icon, GLib.markup_escape_text(text), reference])
        self._view.set_columns(max(1, len(references)))
        self._view.set_model(self._rows)
        self._scrolled.get_hadjustment().set_value(0)
        self._say_nothing(key)
        self._stack.set_visible_child_name("pictures" if references else "nothing")
        self._waiting = list(range(len(references)))
        self._load()

    def _say_nothing(self, key):
        """What there is to do where there are no pictures."""
        is_chosen = bool(gallery.load(self._path)["folder"])
        self._words.set_text(
            {
                gallery.RECENT: _("Pictures that you paint with appear here."),
                gallery.FAVOURITES: _("Right-click a picture to make it a favourite."),
                gallery.FOLDER: _("There are no pictures in this folder.")
                if is_chosen
                else _("Choose a folder with your own pictures."),
            }.get(key, "")
        )
        self._choose.set_visible(key == gallery.FOLDER)

    # -- thumbnails ----------------------------------------------------------------------------

    def _load(self):
        """Have the thumbnails made that are in sight, or nearly."""
        in_sight = self._view.get_visible_range()
        first, last = [path.get_indices()[0] for path in in_sight] if in_sight else (0, AHEAD)
        for number in [one for one in self._waiting if first <= one <= last + AHEAD]:
            self._waiting.remove(number)
            self._load_one(number, self._shown)

    def _load_one(self, number, shown):
        def show(picture):
            if picture and shown is self._shown:
                self._rows[number][PICTURE] = picture

        kind, value, _name = styles.split(shown[number])
        if kind == "pattern":
            self._turns.take(
                lambda: tile(Gimp.Pattern.get_by_name(value), SIDE), show, lambda _error: None
            )
        else:
            style_rows.when_thumbnail(show, shown[number], SIDE)

    # -- choosing ------------------------------------------------------------------------------

    def _use(self, path):
        self._list.replace(self._rows[path][REFERENCE])

    def _add(self, path):
        self._list.use([self._rows[path][REFERENCE]])

    def _on_press(self, view, event):
        path = view.get_path_at_pos(int(event.x), int(event.y))
        if path is None or event.type != Gdk.EventType.BUTTON_PRESS:
            return False
        view.grab_focus()
        self._select(path)
        if event.triggers_context_menu():
            self._menu_of(path).popup_at_pointer(event)
        elif event.button == Gdk.BUTTON_PRIMARY:
            adds = event.state & view.get_modifier_mask(Gdk.ModifierIntent.MODIFY_SELECTION)
            (self._add if adds else self._use)(path)
        return True

    def _select(self, path):
        self._view.set_cursor(path, None, False)
        self._view.select_path(path)

    def _on_focus(self, view, _event):
        if not view.get_selected_items():
            self._select(Gtk.TreePath.new_first())

    def _on_wheel(self, _view, event):
        if event.direction in (Gdk.ScrollDirection.UP, Gdk.ScrollDirection.DOWN):
            place = self._scrolled.get_hadjustment()
            step = SIDE if event.direction == Gdk.ScrollDirection.DOWN else -SIDE
            place.set_value(place.get_value() + step)
            return True
        return False

    # -- the menu ------------------------------------------------------------------------------

    def _on_key(self, view, event):
        # Not the signal "popup-menu", which GIMP 3.2 does not send.
        with_shift = event.state & Gdk.ModifierType.SHIFT_MASK
        is_menu = event.keyval == Gdk.KEY_Menu or (event.keyval == Gdk.KEY_F10 and with_shift)
        chosen = view.get_selected_items()
        if not is_menu or not chosen:
            return False
        _found, place = view.get_cell_rect(chosen[0], None)
        menu = self._menu_of(chosen[0])
        corners = Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST
        menu.popup_at_rect(view.get_window(), place, *corners, event)
        menu.select_first(False)
        return True

    def _menu_of(self, path):
        reference = self._rows[path][REFERENCE]
        is_favourite = reference in gallery.load(self._path)["favourites"]
        favour = _("_Remove from Favourites") if is_favourite else _("Add to _Favourites")
        self._menu = menu = Gtk.Menu(attach_widget=self._view)
        append(menu, _("_Use"), lambda: self._use(path))
        append(menu, _("_Add"), lambda: self._add(path))
        append(menu, favour, lambda: self._favour(reference, not is_favourite))
        append(menu, _("Choose Fol_der..."), self._choose_folder)
        menu.show_all()
        return menu

    def _favour(self, reference, wanted):
        gallery.favour(self._path, reference, wanted)
        self._look()
        if self._combo.get_active_id() == gallery.FAVOURITES:
            self._show(gallery.FAVOURITES)

    def _choose_folder(self):
        window = self.widget.get_toplevel()
        action = Gtk.FileChooserAction.SELECT_FOLDER
        chooser = Gtk.FileChooserDialog(
            title=_("Choose a folder of style pictures"), transient_for=window, action=action
        )
        chooser.add_buttons(_("_Cancel"), Gtk.ResponseType.CANCEL, _("_Open"), Gtk.ResponseType.OK)
        chooser.set_default_response(Gtk.ResponseType.OK)
        before = gallery.load(self._path)["folder"]
        if before:
            chooser.set_current_folder_uri(before)
        answer, chosen = chooser.run(), chooser.get_uri()
        chooser.destroy()
        if answer == Gtk.ResponseType.OK and chosen:
            gallery.change(self._path, folder=chosen, group=gallery.FOLDER)
            self._wanted = gallery.FOLDER
            self._regroup()


def _icon():
    """What stands for a picture without a thumbnail, or None."""
    try:
        return Gtk.IconTheme.get_default().load_icon("image-x-generic", SIDE // 2, 0)
    except GLib.Error:
        return None
