"""Every error and warning that the engine can report, by its code.

A code is part of the protocol: hosts test for it, and the README explains it under
an anchor of the same name. What happened is written where it happens; what to do about it
stands here, once.
"""

from __future__ import annotations

HINTS: dict[str, str] = {
    # -- wrong input ---------------------------------------------------------------------------
    "bad_settings": "Correct that setting; `neural-style describe` lists every setting and range.",
    "file_missing": "Check the name and the folder.",
    "cannot_read": "Choose a file that you may read.",
    "not_an_image": "Choose a picture file such as JPEG, PNG, HEIC, TIFF or WebP.",
    "image_damaged": "Export or download the picture again.",
    "image_truncated": "Look at the picture's last rows, or export or download it again.",
    "colours_guessed": "Export the picture as PNG, in sRGB, if its colours look wrong.",
    "image_too_large": "Scale the picture down first.",
    "image_too_small": "Choose a larger picture, or a larger size.",
    "image_transparent": "Choose a picture with something visible in it.",
    "photos_as_styles": "Give photos to `neural-style batch`, and style pictures with --style.",
    "style_plain": "Choose another style picture, or cut off what is plain, if that is not meant.",
    "mask_empty": "Choose a mask that is white where the region is.",
    "mask_size": "Make the mask as large as the photo.",
    "masks_overlap": "Change the masks if that is not meant.",
    # -- output --------------------------------------------------------------------------------
    "cannot_write": "Choose a folder that exists and that you may write to.",
    "disk_full": "Free some disk space and try again.",
    "unsupported_format": "Choose a name that ends in .png, .jpg, .webp or .tif.",
    "metadata_left_out": "Choose a name that ends in .png or .tif to keep them.",
    # -- going on ------------------------------------------------------------------------------
    "checkpoint_damaged": "Delete that file, and the painting begins anew.",
    "checkpoint_other": "Give the same pictures and settings, or delete that file to begin anew.",
    "checkpoint_there": "Stop this one and give --resume, if you want to go on with the other.",
    # -- network weights -----------------------------------------------------------------------
    "weights_missing": "Use the compact network, or run `python3 installer weights`.",
    "weights_damaged": "Delete that file and fetch it again.",
    "weights_unknown": "Use a VGG-19 file in torchvision's, Caffe's or this project's layout.",
    # -- the machine ---------------------------------------------------------------------------
    "device_unavailable": "Choose device `auto` or `cpu`; `neural-style devices` lists what works.",
    "device_unusable": "Update the graphics card's driver; until then, choose device `cpu`.",
    "out_of_memory": "Choose a smaller size, or device `cpu`.",
    "less_memory": "Choose a smaller size if it takes too long, or close other programs.",
    "diverged": "Lower the learning rate, or choose the Adam optimiser.",
    "not_painted": "Choose device `cpu`, or the Adam optimiser with a lower learning rate.",
    # -- batches and films ------------------------------------------------------------------------
    "batch_busy": "Wait until it has finished, or choose another folder.",
    "batch_incomplete": "Correct what is said of them, and give the same command again.",
    "film_unreadable": "Choose a video such as MP4, MOV or WebM, or a folder with its frames.",
    "sound_left_out": "Choose a name that ends in .mkv, or put the sound in with another program.",
    "frame_size": "Give all frames of a film one size.",
    "painter_lost": "Give the same command again; if memory is short, with fewer --jobs.",
    # -- host and worker -----------------------------------------------------------------------
    "cancelled": "Nothing was changed.",
    "bad_message": "Plug-in and engine do not match; install both from the same version.",
    "internal": "This is a mistake in the program; please report it with the log.",
}


class NeuralStyleError(Exception):
    """Something the person at the other end can understand and act on.

    Args:
        code: a key of `HINTS`.
        message: one sentence without its full stop, naming the thing and what is wrong with it.
        hint: what to do; the code's own hint unless the place of the error knows better.
    """

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = HINTS[code] if hint is None else hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}"

    def __reduce__(self) -> tuple[type[NeuralStyleError], tuple[str, str, str]]:
        # By default an exception is made again of its `args`: the message alone.
        return type(self), (self.code, self.message, self.hint)


class NeuralStyleWarning(UserWarning):
    """Something that is not as it should be, though the work goes on.

    Args:
        code: a key of `HINTS`.
        message: one sentence without its full stop, naming the thing and what is wrong with it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[NeuralStyleWarning], tuple[str, str]]:
        return type(self), (self.code, self.message)
