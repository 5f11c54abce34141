#!/bin/sh
# Double-click and choose "Run in Terminal": installs Neural Style for GIMP, or repairs it.
cd "$(dirname "$0")" || exit
python3 -I installer "$@"
status=$?
if [ -t 0 ]; then
    printf 'Press Return to close this window. '
    read -r _
fi
exit $status
