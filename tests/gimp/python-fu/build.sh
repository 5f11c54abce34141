#!/bin/bash
# Runs inside the chroot, beside the sources that lab210.py fetched: makes PyGObject, PyGTK and
# GIMP's own pygimp for Python 2.7, which Debian no longer has.
set -euo pipefail
cd "$(dirname "$0")"
exec 3>&2 > build.log 2>&1
trap '[ $? = 0 ] || tail -n 40 build.log >&3' EXIT
jobs=$(nproc)
export LC_ALL=C.UTF-8 PKG_CONFIG_PATH=/usr/local/lib/pkgconfig
export CFLAGS="-O0 -w -fno-strict-aliasing"
export PYGOBJECT_WITHOUT_PYCAIRO=1 # PyGTK has its own bridge to it
export PYTHON=/usr/bin/python2.7
packages=/usr/local/lib/python2.7/dist-packages
headers=/usr/local/include/pygtk-2.0
share=/usr/local/share/pygobject/2.0
gimp=/usr/lib/gimp/2.0

# -- what the other two stand on ------------------------------------------------------------------

setup() {
    tar xf "$1"-*.tar.gz
    cd "$1"-*/
    $PYTHON setup.py install --root=/ --prefix=/usr/local --install-layout=deb
}
(setup pycairo) & pycairo=$!
(setup PyGObject) & pygobject=$!
tar xf pygtk-*.tar.bz2
tar xf gimp_*.tar.bz2 --wildcards 'gimp-*/plug-ins/pygimp/*'
mkdir -p $headers/pygtk $packages $share/defs $PKG_CONFIG_PATH
cp pygobject.h $headers
cp pygtk-*/gtk/pygtk.h $headers/pygtk
cp -r shims/. $packages
cp pygobject-2.0.pc $PKG_CONFIG_PATH
msiextract -C msi pygobject-*.msi # its code generator; the source of 2.28 is not to be had
cp -r msi/Lib/site-packages/gtk-2.0/codegen $share
sed -i 's/\r$//' $share/codegen/*.py
wait $pycairo
wait $pygobject
$PYTHON -c 'import cairo, pygtk; pygtk.require("2.0"); import gobject; assert gobject.TYPE_INT'

# -- PyGTK and pygimp -----------------------------------------------------------------------------

make_pygtk() {
    cd pygtk-*/
    sed -i '/^(define-virtual find_shaper/,/^)/d' pango.defs # Pango 1.44 lost it
    # Their parents are in the gio of PyGObject 2, of which there is only a stub here.
    sed -i -E 's/\(parent "(GAppLaunchContext|GMountOperation)"\)/(parent "GObject")/' \
        gtk/*-types.defs
    export am_cv_python_pythondir=$packages am_cv_python_pyexecdir=$packages
    ./configure --prefix=/usr/local --disable-docs --disable-numpy
    make -j"$jobs"
    make install pythondir=$packages pyexecdir=$packages
}

make_pygimp() {
    cd gimp-*/plug-ins/pygimp
    mkdir -p $gimp/python
    local needs="gimpui-2.0 gegl-0.4 gtk+-2.0"
    module() { # NAME SOURCE ...
        local name=$1
        shift
        # shellcheck disable=SC2046,SC2086
        gcc $CFLAGS -fPIC -shared -DGETTEXT_PACKAGE='"gimp20"' -DHAVE_BIND_TEXTDOMAIN_CODESET \
            -I. -I$headers -I/usr/local/include -I/usr/local/include/pycairo \
            $(pkg-config --cflags python-2.7 $needs) \
            "$@" -o "$gimp/python/$name.so" $(pkg-config --libs $needs) -lgimpthumb-2.0
    }
    module gimp gimpmodule.c pygimp-{item,display,drawable,image,parasite,pdb,tile,vectors}.c
    module gimpcolor gimpcolormodule.c pygimp-colors.c
    module gimpthumb gimpthumbmodule.c gimpthumb.c
    module _gimpenums gimpenumsmodule.c
    module _gimpui gimpuimodule.c gimpui.c
    cp gimpenums.py gimpfu.py gimpplugin.py gimpshelf.py gimpui.py pygimp-logo.png $gimp/python
    for name in eval console; do
        install -D -m 755 plug-ins/python-$name.py -t $gimp/plug-ins/python-$name
    done
    install -m 644 plug-ins/pyconsole.py $gimp/plug-ins/python-console
    # As "make install" of GIMP writes them.
    echo ': PYTHONPATH=${gimp_plug_in_dir}/python' > $gimp/environ/pygimp.env
    printf '%s\n' "python=$PYTHON" "python2=$PYTHON" "/usr/bin/python=$PYTHON" \
        ':Python:E::py::python2.7:' > $gimp/interpreters/pygimp.interp
}

(make_pygtk) & pygtk=$!
(make_pygimp) & pygimp=$!
wait $pygtk
wait $pygimp
cp -r shims/. $packages # PyGTK has put its own pygtk.py there
$PYTHON -c 'import pygtk; pygtk.require("2.0"); import gtk'
