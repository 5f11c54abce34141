"""VGG-19's convolutions as a frozen feature extractor, forward and backward.

The weights never learn, so the backward pass is written here instead of left to autograd, which
keeps each convolution's input all the same. For a 3x3 convolution with stride 1 the gradient of
its input is another such convolution with the weights turned; ReLU needs to know only which
values were positive, average pooling nothing, and features are kept only of the layers in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from neural_style.devices import is_limited
from neural_style.errors import NeuralStyleError
from neural_style.network.weights import Weights
from neural_style.precision import exact_float32
from neural_style.settings import LAYERS

Visit = Callable[[str, Tensor], None]
"""Called with a layer's name and its features, which are lent: it must not change them."""

Add = Callable[[str, Tensor, Tensor], None]
"""Called with a layer's name, features and gradient, to add to the gradient in place."""


@dataclass
class Tape:
    """What the backward pass needs of a forward pass; it is used up by it.

    Attributes:
        features: of the layers in use.
        positive: of all other layers, int8, 1 where the ReLU let a value pass and 0 elsewhere.
        places: for max pooling, by the layer after it, where each largest value stood.
    """

    features: dict[str, Tensor] = field(default_factory=dict)
    positive: dict[str, Tensor] = field(default_factory=dict)
    places: dict[str, Tensor] = field(default_factory=dict)


class VGG:
    """Features of a picture, by layer name, after each layer's ReLU.

    Simonyan and Zisserman 2015 (arXiv 1409.1556), table 1, column E, without the classifier:
    3x3 convolutions with padding 1, a 2x2 pooling between blocks. Each convolution repeats its
    input's border instead of adding zeros: beyond a picture's edge there is no black, and a network
    that sees black there paints a frame. The network ends at the deepest layer asked for.

    Args:
        weights: what `load_weights` returns.
        layers: names of the layers wanted, such as `conv4_2`.
        pooling: `average` (Gatys et al.: better gradients, smoother pictures) or `max`.
        device: where to compute.
        dtype: of the features; the picture and its gradient are float32 in any case.

    Raises:
        NeuralStyleError: `bad_settings` if the weights do not reach a layer.
    """

    def __init__(
        self,
        weights: Weights,
        layers: Iterable[str],
        pooling: str = "average",
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.wanted = frozenset(layers)
        deepest = max(self.wanted, key=LAYERS.index)
        if deepest not in weights.convolutions:
            raise NeuralStyleError(
                "bad_settings",
                f"The network {weights.name} has no layer {deepest}",
                f"Its last layer is {list(weights.convolutions)[-1]}.",
            )
        self.layers = LAYERS[: LAYERS.index(deepest) + 1]
        self.pooling = pooling
        self.dtype = dtype
        self.bgr = weights.preprocessing.bgr
        shape = (1, 3, 1, 1)
        self.mean = torch.tensor(weights.preprocessing.mean, device=device).view(shape)
        self.scale = torch.tensor(weights.preprocessing.scale, device=device).view(shape)
        self.weight: dict[str, Tensor] = {}
        self.turned: dict[str, Tensor] = {}
        self.bias: dict[str, Tensor] = {}
        for name in self.layers:
            weight, bias = weights.convolutions[name]
            self.weight[name] = _channels_last(weight.to(device, dtype))
            self.turned[name] = _channels_last(self.weight[name].flip(2, 3).transpose(0, 1))
            self.bias[name] = bias.to(device, dtype)

    def channels(self, name: str) -> int:
        """Number of features of a layer."""
        return len(self.bias[name])

    def features(self, image: Tensor) -> dict[str, Tensor]:
        """Features of all layers wanted: `forward` for those who want nothing else."""
        features: dict[str, Tensor] = {}
        self.forward(image, features.__setitem__)
        return features

    @torch.no_grad()
    @exact_float32()
    def forward(self, image: Tensor, visit: Visit, *, keep: bool = False) -> Tape:
        """Visit the features of `image` layer by layer, shallow to deep.

        Args:
            image: shape (1, 3, H, W), sRGB 0..1, float32.
            visit: called for each wanted layer with a tensor (1, C, h, w) in channels-last order,
                h and w halved (rounded down) at each new block. It must not hold on to the tensor
                if `keep` is set, as `backward` takes its memory for other numbers.
            keep: record what `backward` needs.

        Returns:
            The record, empty without `keep`.
        """
        tape = Tape()
        x = (image.flip(1) if self.bgr else image) * self.scale - self.mean
        x = _channels_last(x.to(self.dtype))
        before = ""
        for name in self.layers:
            if before and name[4] != before[4]:
                wide, x = x, self._pool(x, name, tape if keep else None)
                self._retire(before, wide, tape, keep)
                del wide
                before = ""
            source, x = x, F.conv2d(_padded(x), self.weight[name], self.bias[name])
            self._retire(before, source, tape, keep)
            del source
            _values(x).clamp_min_(0)
            if name in self.wanted:
                visit(name, x)
                if keep:
                    tape.features[name] = x
            before = name
        return tape

    @torch.no_grad()
    @exact_float32()
    def backward(self, tape: Tape, add: Add) -> Tensor:
        """Gradient with respect to the picture of what `add` adds at the layers.

        Args:
            tape: what `forward` returned; empty afterwards.
            add: called for each wanted layer, deep to shallow.

        Returns:
            Shape (1, 3, H, W), float32.
        """
        gradient = torch.empty(0)
        for index in reversed(range(len(self.layers))):
            name = self.layers[index]
            if name in self.wanted:
                features = tape.features.pop(name)
                if name == self.layers[-1]:
                    gradient = torch.zeros_like(features)
                add(name, features, gradient)
                positive = _values(features).sign_()
                del features
            else:
                positive = tape.positive.pop(name)
            _values(gradient).mul_(positive)
            del positive
            gradient = _unpadded(F.conv2d(gradient, self.turned[name], padding=2))
            before = self.layers[index - 1] if index else name
            if before[4] != name[4]:
                kept = tape.features if before in self.wanted else tape.positive
                gradient = self._unpool(gradient, kept[before].shape, tape.places.pop(name, None))
        gradient = gradient.float() * self.scale
        return gradient.flip(1) if self.bgr else gradient

    def _retire(self, name: str, x: Tensor, tape: Tape, keep: bool) -> None:
        """Note the signs of a layer that nothing reads any more, in its own memory."""
        if keep and name and name not in self.wanted:
            tape.positive[name] = _values(x).sign_().to(torch.int8)

    def _pool(self, x: Tensor, name: str, tape: Tape | None) -> Tensor:
        if self.pooling == "average":
            return F.avg_pool2d(x, 2)
        x, places = F.max_pool2d(x, 2, return_indices=True)
        if tape is not None:
            tape.places[name] = places
        return x

    def _unpool(self, gradient: Tensor, shape: torch.Size, places: Tensor | None) -> Tensor:
        """The pooling's gradient; `shape` is that of its input. Overwrites `gradient`."""
        if places is not None:
            return _channels_last(_unpooled(gradient, shape, places))
        height, width = gradient.shape[2:]
        wide = torch.empty(
            shape,
            dtype=gradient.dtype,
            device=gradient.device,
            memory_format=torch.channels_last,
        )
        wide[:, :, 2 * height :] = 0
        wide[..., 2 * width :] = 0
        gradient.mul_(0.25)
        for row in (0, 1):
            for column in (0, 1):
                wide[:, :, row : 2 * height : 2, column : 2 * width : 2] = gradient
        return wide


def _unpooled(gradient: Tensor, shape: torch.Size, places: Tensor) -> Tensor:
    """Max pooling's gradient."""
    if not is_limited(gradient.device):
        return F.max_unpool2d(gradient, places, [2, 2], output_size=list(shape))
    wide = gradient.new_zeros(shape)
    wide.flatten(2).scatter_(2, places.flatten(2), gradient.flatten(2))
    return wide


def _values(x: Tensor) -> Tensor:
    """The tensor's memory as integers, which have the same sign, where a device can do that.

    On a CPU a ReLU takes a tenth of the time so, in bfloat16.
    """
    return x if is_limited(x.device) else bits(x)


def bits(x: Tensor) -> Tensor:
    """The same memory as integers: positive where a float is, zero for 0, negative else."""
    return x.view({2: torch.int16, 4: torch.int32, 8: torch.int64}[x.element_size()])


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)


def _padded(x: Tensor) -> Tensor:
    """With the border repeated once on each side, in channels-last order."""
    if x.device.type == "cpu":
        return F.pad(x, (1, 1, 1, 1), mode="replicate")
    # On cards that has channels first, and each convolution would turn it round again.
    return bordered(x)


def bordered(x: Tensor) -> Tensor:
    """`_padded` on any device, (1, C, h, w) to (1, C, h + 2, w + 2)."""
    height, width = x.shape[2:]
    shape = (len(x), x.shape[1], height + 2, width + 2)
    last = torch.channels_last
    padded = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=last)
    padded[:, :, 1:-1, 1:-1] = x
    padded[:, :, 0, 1:-1], padded[:, :, -1, 1:-1] = x[:, :, 0], x[:, :, -1]
    padded[..., 0], padded[..., -1] = padded[..., 1], padded[..., -2]
    return padded


def _unpadded(gradient: Tensor) -> Tensor:
    """The gradient of `_padded`, whose outer positions belong to the border's; overwrites it."""
    gradient[:, :, 1] += gradient[:, :, 0]
    gradient[:, :, -2] += gradient[:, :, -1]
    gradient[..., 1] += gradient[..., 0]
    gradient[..., -2] += gradient[..., -1]
    return gradient[:, :, 1:-1, 1:-1]
