"""The two-layer network with autograd and a function of our own: MyReLU, forward and backward."""

import argparse

import torch

import vizkit

N, D_IN, H, D_OUT = 64, 1000, 100, 10
LEARNING_RATE = 1e-6


class MyReLU(torch.autograd.Function):
    """max(x, 0); the gradient passes where x was positive."""

    @staticmethod
    def forward(ctx, x):
        """Return max(x, 0)."""
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_y):
        """Return the gradient of x."""
        (x,) = ctx.saved_tensors
        return grad_y * (x >= 0)


def main(logdir: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(N, D_IN)
    y = torch.randn(N, D_OUT)
    w1 = torch.randn(D_IN, H, requires_grad=True)
    w2 = torch.randn(H, D_OUT, requires_grad=True)

    with vizkit.watch([w1, w2], logdir=logdir, name="two-layer-autograd-function") as watch:
        for _ in range(500):
            with watch.trace():  # the lines of code, and the values in the small graph
                y_pred = MyReLU.apply(x.mm(w1)).mm(w2)
                loss = (y_pred - y).pow(2).sum()
            loss.backward()

            with torch.no_grad():
                w1 -= LEARNING_RATE * w1.grad
                w2 -= LEARNING_RATE * w2.grad
            watch.step()
            w1.grad = w2.grad = None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
