# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the dialog for what is protected and for the regions."""

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk, Pango  # noqa: E402

import layers  # noqa: E402
import mask_pictures  # noqa: E402
import masks  # noqa: E402
import style_rows  # noqa: E402
import styles  # noqa: E402
from style_menu import style_menu  # noqa: E402
from translation import _  # noqa: E402
from words import mask_words, style_words  # noqa: E402

THUMBNAIL = 32


class MasksForm:
    """A list of masks for what is protected, and a row for each region, kept equal to the choices.

    `on_change` is called after the artist has changed something, and `tell(text)` shows a sentence.
    """

    def __init__(self, choices, painting, on_change, tell):
        self._choices = choices
        self.painting = painting
        self._on_change = on_change
        self._tell = tell
        self._rows = []
        self._is_refreshing = False
        self.offered = mask_pictures.offered(painting.image)
        self._build()
        self.refresh()

    @property
    def image(self):
        return self.painting.image

    def _build(self):
        self._protect = MaskCombo(self._on_protect)
        self._protect.widget.set_tooltip_text(
            _(
                "Where it is white, the photo stays as it is. If the selection is chosen here or "
                "for a region, it no longer says what is painted: that is all of the layer."
            )
        )
        label = Gtk.Label(label=_("Pro_tect"), use_underline=True, xalign=0.0)
        label.set_mnemonic_widget(self._protect.widget)
        top = Gtk.Box(spacing=12)
        top.pack_start(label, False, False, 0)
        top.pack_start(self._protect.widget, True, True, 0)
        self._list = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._list.set_no_show_all(True)  # without regions it would be a gap
        self._add = Gtk.Button(label=_("Add Re_gion"), use_underline=True, halign=Gtk.Align.START)
        self._add.set_tooltip_text(_("Paint a part of the layer in a style of its own"))
        self._add.connect("clicked", lambda _b: self.painting.turns.when_free(self._on_add))
        self.widget = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=6)
        for part in (top, self._list, self._add):
            self.widget.pack_start(part, False, False, 0)

    # -- showing -------------------------------------------------------------------------------

    def look(self):
        """What GIMP says that can be a mask now."""
        return mask_pictures.offered(self.image)

    def show_looked(self, offered):
        """Offer it."""
        if offered != self.offered:
            self.offered = offered
            self.refresh()

    def refresh(self):
        """Show the choices: also after Reset, or when saved settings were loaded."""
        if self._is_refreshing:
            return
        self._is_refreshing = True
        protect, regions = self._choices.masks
        self._protect.show([(_("Nothing"), ""), *self.offered], protect)
        while len(self._rows) > len(regions):
            self._rows.pop().widget.destroy()
        while len(self._rows) < len(regions):
            row = Row(self)
            self._rows.append(row)
            self._list.pack_start(row.widget, False, False, 0)
            row.widget.show_all()
        strength = self._choices.effective("strength")
        for row, region in zip(self._rows, regions, strict=True):
            row.show(region, strength)
        self._list.set_visible(bool(regions))
        self._add.set_sensitive(len(regions) < masks.MOST_REGIONS)
        self._is_refreshing = False

    # -- changing ------------------------------------------------------------------------------

    def _on_protect(self, reference):
        if not self._is_refreshing:
            self._change(self._choices.masks._replace(protect=reference))

    def _on_add(self):
        regions = self._choices.masks.regions
        self._change_regions([*regions, masks.Region(self._likely_mask(), "", None)])
        self._rows[-1].style.grab_focus()

    def _likely_mask(self):
        """The first mask that is not used, the selection if there is one; a selection of nothing
        and the layer to paint itself only for want of others."""
        used = [masks.split(one)[:2] for one in masks.references(self._choices.masks)]
        own = mask_pictures.reference_of(self.painting.source, self.image)
        last = [own] if layers.selected_area(self.image) else [masks.SELECTION, own]
        everything = [reference for _label, reference in self.offered if reference not in last]
        free = [one for one in everything if masks.split(one)[:2] not in used]
        return (free + last)[0]

    def change(self, row, **values):
        """Take something else into a row's region."""
        if self._is_refreshing:
            return
        regions, index = self._choices.masks.regions, self._rows.index(row)
        regions[index] = regions[index]._replace(**values)
        self._change_regions(regions)

    def use(self, row, references):
        """Take a style picture for a row's region; tell if it cannot be loaded."""
        style_rows.take(
            references[:1], self.painting, lambda one: self.change(row, style=one), self._tell
        )

    def remove(self, row):
        regions, index = self._choices.masks.regions, self._rows.index(row)
        self._rows.pop(index).widget.destroy()
        del regions[index]
        self._change_regions(regions)

    def _change_regions(self, regions):
        self._change(self._choices.masks._replace(regions=regions))

    def _change(self, guided):
        self._choices.choose_masks(guided)
        self.refresh()
        self._on_change()


class MaskCombo:
    """A drop-down list of masks; `on_change(reference)` is called when one is chosen."""

    def __init__(self, on_change):
        self._listed = None
        self.widget = Gtk.ComboBoxText()
        self.widget.connect("changed", lambda combo: on_change(combo.get_active_id()))
        for cell in self.widget.get_cells():
            cell.set_properties(ellipsize=Pango.EllipsizeMode.MIDDLE, width_chars=20)

    def show(self, offered, chosen):
        """Show a mask in a list of those offered; one that is gone is in it too."""
        same = [reference for _label, reference in offered if masks.is_same(reference, chosen)]
        gone = [] if same else [(mask_words(chosen), chosen)]
        if [*offered, *gone] != self._listed:
            self._listed = [*offered, *gone]
            self.widget.remove_all()
            for label, reference in self._listed:
                self.widget.append(reference, label)
        self.widget.set_active_id(same[0] if same else chosen)


class Row:
    """One region's widgets."""

    def __init__(self, owner):
        self._owner = owner
        self._shown = None
        self._mask = MaskCombo(lambda reference: owner.change(self, mask=reference))
        self._mask.widget.set_tooltip_text(_("Where this is white, the region is"))
        self._picture = Gtk.Image()
        self._picture.set_size_request(THUMBNAIL, THUMBNAIL)
        self._name = Gtk.Label(xalign=0.0, ellipsize=Pango.EllipsizeMode.MIDDLE, width_chars=14)
        inside = Gtk.Box(spacing=6)
        inside.pack_start(self._picture, False, False, 0)
        inside.pack_start(self._name, True, True, 0)
        self.style = Gtk.Button()
        self.style.set_tooltip_text(_("The style picture of this region"))
        self.style.add(inside)
        self.style.connect("clicked", self._on_style)
        self.own = Gtk.CheckButton(label=_("Own strength"))
        self.own.set_tooltip_text(_("Another strength in this region than above"))
        self.own.connect("toggled", self._on_strength)
        self.strength = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, 0, 100, 1)
        self.strength.set_value_pos(Gtk.PositionType.RIGHT)
        self.strength.set_size_request(190, -1)
        self.strength.set_tooltip_text(_("Strength in this region"))
        self.strength.connect("value-changed", self._on_strength)
        remove = Gtk.Button.new_from_icon_name("list-remove-symbolic", Gtk.IconSize.BUTTON)
        remove.set_tooltip_text(_("Remove this region"))
        remove.connect("clicked", lambda _button: owner.remove(self))
        self.widget = Gtk.Box(spacing=6)
        for part in (self._mask.widget, self.style):
            self.widget.pack_start(part, False, False, 0)
        self.widget.pack_start(self.own, True, True, 0)  # broader where it is bold
        self.widget.pack_start(self.strength, False, False, 0)
        self.widget.pack_start(remove, False, False, 0)

    def show(self, region, strength):
        """Show a region; `strength` is that of the rest."""
        self._mask.show(self._owner.offered, region.mask)
        is_own = region.strength is not None
        self.own.set_active(is_own)
        self.strength.set_sensitive(is_own)
        self.strength.set_value(region.strength if is_own else strength)
        if region.style != self._shown or region.style == styles.CLIPBOARD:
            self._shown = region.style
            self._show_style(region.style)

    def _show_style(self, reference):
        self._picture.set_from_icon_name("image-x-generic", Gtk.IconSize.BUTTON)
        self._name.set_text(style_words(reference) if reference else _("Choose a style..."))

        def show(picture):
            if self._shown == reference:
                self._picture.set_from_pixbuf(picture)

        if reference:
            style_rows.show_picture(reference, self._owner.painting, THUMBNAIL, show)

    def _on_style(self, button):
        self._owner.painting.turns.when_free(lambda: self._offer_styles(button))

    def _offer_styles(self, button):
        self._menu = style_menu(self._owner.painting, button.get_toplevel(), self._use)
        self._menu.popup_at_widget(button, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None)
        self._menu.select_first(False)

    def _use(self, chosen):
        self._owner.use(self, chosen)

    def _on_strength(self, _widget):
        is_own = self.own.get_active()
        self._owner.change(self, strength=self.strength.get_value() if is_own else None)
