"""A real convolutional network and a real transformer, small enough to export in a second."""

from __future__ import annotations

import torch
from torch import nn

CLASSES = 10


class Block(nn.Module):
    """A residual block: Conv, BatchNorm, ReLU, Conv, BatchNorm, and the sum with what came in."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        """Make a block; ``stride`` also sets the shortcut's."""
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Take and give N, C, H, W."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ResidualNet(nn.Module):
    """Eleven convolutions, for images of 3 x 64 x 64."""

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2))
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.head = nn.Linear(64, CLASSES)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Classify N x 3 x 64 x 64."""
        return self.head(self.blocks(self.stem(image)).mean((2, 3)))


class TextEncoder(nn.Module):
    """Two layers of torch's own transformer encoder with GELU, for token ids with a padding mask."""

    def __init__(self) -> None:
        """Make the network with random weights."""
        super().__init__()
        self.tokens = nn.Embedding(100, 32)
        self.places = nn.Parameter(torch.zeros(1, 16, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(32), enable_nested_tensor=False)
        self.head = nn.Linear(32, CLASSES)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Classify N x 16 token ids; the mask is 0 where there is no token."""
        x = self.tokens(input_ids) + self.places
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        return self.head(x[:, 0])


def in_training_mode() -> nn.Module:
    """Make the convolutional network as it is while it learns; the exporter has to put it in inference mode."""
    return ResidualNet().train()
