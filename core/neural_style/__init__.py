"""Neural style transfer (Gatys, Ecker and Bethge 2015): the engine behind the GIMP plug-in."""

__version__ = "0.1.0"
