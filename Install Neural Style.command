#!/bin/sh
# Double-click: installs Neural Style for GIMP, or repairs it.
cd "$(dirname "$0")" || exit
if command -v python3 >/dev/null; then
    python3 -I installer "$@"
else
    echo "Python is missing. Install it from https://www.python.org/downloads/ and double-click this file again."
fi
