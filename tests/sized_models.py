"""Small networks that take any input size, or one only, each for its own reason."""

from __future__ import annotations

import io

import torch
from torch import nn
from torch.nn import functional


class Pooled(nn.Module):
    """Convolutions with global pooling."""

    def __init__(self, _: int) -> None:
        """Make the layers."""
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU())
        self.head = nn.Linear(16, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Classify."""
        return self.head(self.body(image).mean((2, 3)))


class Flattened(Pooled):
    """The same with a linear layer over the whole picture."""

    def __init__(self, side: int) -> None:
        """Make the layers for one size."""
        super().__init__(side)
        self.head = nn.Linear(16 * (side // 4) ** 2, 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Classify."""
        return self.head(torch.flatten(self.body(image), 1))


class Viewed(Flattened):
    """The same, where the -1 of the view takes what is too many."""

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Classify."""
        return self.head(self.body(image).view(-1, self.head.in_features))


class Encoder(nn.Module):
    """A pyramid of three levels that are added from the smallest up."""

    def __init__(self, _: int) -> None:
        """Make the layers."""
        super().__init__()
        self.fixed = True
        self.one, self.two, self.three = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give a map of an eighth of the size, brought up to a half."""
        one = self.one(image)
        two = self.two(one)
        three = self.three(two)
        for skip in (two, one):
            if self.fixed:
                three = functional.interpolate(three, size=tuple(int(side) for side in skip.shape[2:]))
            else:
                three = functional.interpolate(three, scale_factor=2.0)
            three = three + skip
        return three


class Scaled(Encoder):
    """The same with scales in place of sizes: multiples of eight."""

    def __init__(self, side: int) -> None:
        """Make the layers."""
        super().__init__(side)
        self.fixed = False


class Attended(nn.Module):
    """One block of global attention over patches of 8 x 8, with a positional embedding."""

    def __init__(self, side: int) -> None:
        """Make the layers for one size."""
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 8, 8)
        self.places = nn.Parameter(torch.zeros(1, (side // 8) ** 2, 32))
        self.mix, self.out = nn.Linear(32, 96), nn.Linear(32, 32)

    def place(self, tokens: torch.Tensor) -> torch.Tensor:
        """Add the positions."""
        return tokens + self.places

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give tokens."""
        x = self.place(self.patches(image).flatten(2).transpose(1, 2))
        batch, count, width = x.shape
        q, k, v = self.mix(x).reshape(batch, count, 3, 4, width // 4).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1) / 3.0).softmax(-1)
        return self.out((scores @ v).transpose(1, 2).reshape(batch, count, width))


class Unplaced(Attended):
    """The same without positions."""

    def place(self, tokens: torch.Tensor) -> torch.Tensor:
        """Leave the tokens alone."""
        return tokens


class Windowed(nn.Module):
    """Attention in windows of 4 x 4 of a map a quarter of the size."""

    def __init__(self, _: int) -> None:
        """Make the layers."""
        super().__init__()
        self.patches, self.mix = nn.Conv2d(3, 16, 4, 4), nn.Linear(16, 48)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give a map."""
        x = self.patches(image).permute(0, 2, 3, 1)
        batch, height, width, channels = x.shape
        x = x.view(batch, height // 4, 4, width // 4, 4, channels).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, channels)
        q, k, v = self.mix(x).chunk(3, -1)
        x = (q @ k.transpose(-2, -1)).softmax(-1) @ v
        x = x.view(batch, height // 4, width // 4, 4, 4, channels).permute(0, 1, 3, 2, 4, 5)
        return x.reshape(batch, height, width, channels)


class Mixed(nn.Module):
    """An MLP over the positions of patches of 8 x 8."""

    def __init__(self, side: int) -> None:
        """Make the layers for one size."""
        super().__init__()
        self.patches, self.mix = nn.Conv2d(3, 16, 8, 8), nn.Linear((side // 8) ** 2, (side // 8) ** 2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Give tokens."""
        return self.mix(self.patches(image).flatten(2))


def exported(model: type[nn.Module], side: int, exporter: str, *, dynamic: bool = False) -> bytes:
    """Export a network for pictures of ``side`` x ``side``."""
    torch.manual_seed(0)
    network, image = model(side).eval(), torch.zeros(1, 3, side, side)
    written = io.BytesIO()
    if exporter == "torchscript":
        axes = {"image": {2: "h", 3: "w"}} if dynamic else None
        torch.onnx.export(
            network, (image,), written, input_names=["image"], output_names=["y"], opset_version=17, dynamo=False,
            dynamic_axes=axes,
        )  # fmt: skip
        return written.getvalue()
    free = torch.export.Dim.DYNAMIC
    shapes = ({2: free, 3: free},) if dynamic else None
    program = torch.onnx.export(network, (image,), opset_version=18, dynamo=True, dynamic_shapes=shapes, verbose=False)
    program.save(written)
    return written.getvalue()
