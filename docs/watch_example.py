import torch
from torch import nn
from torch.nn import functional as F

from actcli.torch import Watch


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up, self.relu, self.down = nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, width)

    def forward(self, x):
        return x + self.down(self.relu(self.up(x)))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Block(8) for _ in range(3))
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(F.gelu(x))


torch.manual_seed(0)
x = torch.randn(2000, 8)
y = torch.sin(x @ torch.randn(8, 1))
model = Network()
optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

with Watch(model) as watch:
    for epoch in range(3):
        for rows in torch.randperm(2000).split(50):
            optimizer.zero_grad()
            F.mse_loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
        print(watch.epoch(), end="\n\n")
    print(watch)
    watch.save("run.npz")
