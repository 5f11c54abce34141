/* pygobject.h for code written for PyGObject 2.28 (pygimp 2.10, pygtk 2.24),
 * over the C API of PyGObject 3.36 (the last series that runs on Python 2.7). */
#ifndef _PYG2_COMPAT_H_
#define _PYG2_COMPAT_H_

#include <pygobject-3.0/pygobject.h>
#include <gobject/gvaluecollector.h>

#undef  pyg_enable_threads
#define pyg_enable_threads()  (0)
#define PYGIL_API_IS_BUGGY FALSE
#define pygobject_register_sinkfunc(t, f)           ((void) 0)
#define pyg_register_boxed_custom                   pyg_register_gtype_custom
#define pyg_set_object_has_new_constructor(t)       ((void) 0)
#define pyg_type_register_custom_callback(n, c, d)  ((void) 0)

#define init_pygobject() G_STMT_START { \
    if (!pygobject_init (-1, -1, -1)) return; } G_STMT_END
#define init_pygobject_check(a, b, c) init_pygobject ()

/* 2.28 sinks floating references when a wrapper is registered, 3.x does not */
static inline void
pyg2_register_wrapper (PyObject *self)
{
    GObject *obj = ((PyGObject *) self)->obj;
    if (G_IS_INITIALLY_UNOWNED (obj))
        g_object_ref_sink (obj);
    _PyGObject_API->register_wrapper (self);
}
#undef  pygobject_register_wrapper
#define pygobject_register_wrapper pyg2_register_wrapper

/* 2.28's pygobject_new adds a reference of its own to a floating object, 3.x takes the
 * floating one; generated code unrefs the result of a "caller-owns-return" function */
static inline PyObject *
pyg2_new (GObject *obj)
{
    if (obj && g_object_is_floating (obj))
        g_object_ref (obj);
    return _PyGObject_API->newgobj (obj);
}
#undef  pygobject_new
#define pygobject_new pyg2_new

/* 2.28's pygobject_constructv is private in 3.x: go through GObject.__init__, which
 * knows how to pair the new GObject with the wrapper that is being made */
static inline int
pyg2_init (PyGObject *self, PyObject *kwargs)
{
    PyObject *args = PyTuple_New (0);
    int ret = _PyGObject_API->object_type->tp_init ((PyObject *) self, args, kwargs);
    Py_DECREF (args);
    Py_XDECREF (kwargs);
    return ret;
}

G_GNUC_BEGIN_IGNORE_DEPRECATIONS
static inline int
pyg2_constructv (PyGObject *self, guint n, GParameter *params)
{
    PyObject *kwargs = NULL;
    guint i;
    if (self->obj != NULL)
        return 0;
    if (n)
        kwargs = PyDict_New ();
    for (i = 0; i < n; i++) {
        PyObject *v = pyg_value_as_pyobject (&params[i].value, TRUE);
        if (v == NULL) {
            Py_DECREF (kwargs);
            return -1;
        }
        PyDict_SetItemString (kwargs, params[i].name, v);
        Py_DECREF (v);
    }
    return pyg2_init (self, kwargs);
}
G_GNUC_END_IGNORE_DEPRECATIONS

static inline int
pyg2_construct (PyGObject *self, const char *first, ...)
{
    GObjectClass *klass;
    PyObject *kwargs = PyDict_New ();
    const char *name;
    va_list ap;
    if (self->obj != NULL) {
        Py_DECREF (kwargs);
        return 0;
    }
    klass = g_type_class_ref (pyg_type_from_object ((PyObject *) self));
    va_start (ap, first);
    for (name = first; name; name = va_arg (ap, const char *)) {
        GValue value = { 0, };
        gchar *error = NULL;
        GParamSpec *pspec = g_object_class_find_property (klass, name);
        PyObject *v;
        if (pspec == NULL)
            break;
        G_VALUE_COLLECT_INIT (&value, pspec->value_type, ap, 0, &error);
        if (error) {
            g_free (error);
            break;
        }
        v = pyg_value_as_pyobject (&value, TRUE);
        g_value_unset (&value);
        if (v) {
            PyDict_SetItemString (kwargs, name, v);
            Py_DECREF (v);
        }
    }
    va_end (ap);
    g_type_class_unref (klass);
    return pyg2_init (self, kwargs);
}
#define pygobject_constructv pyg2_constructv
#define pygobject_construct  pyg2_construct

#endif
