"""The two-layer network by hand: raw tensors, gradients written out, no autograd, no optimizer.

`vizkit.watch` takes the tensors themselves; `watch.step()` marks the end of a step.
"""

import argparse

import torch

import vizkit

N, D_IN, H, D_OUT = 64, 1000, 100, 10
LEARNING_RATE = 1e-6


def main(logdir: str) -> None:
    torch.manual_seed(0)
    x = torch.randn(N, D_IN)
    y = torch.randn(N, D_OUT)
    w1 = torch.randn(D_IN, H)
    w2 = torch.randn(H, D_OUT)

    with vizkit.watch([w1, w2], logdir=logdir, name="two-layer-manual") as watch:
        for _ in range(500):
            with watch.trace():  # no autograd here: what runs is heard instead
                h = x.mm(w1)
                h_relu = h.clamp(min=0)
                y_pred = h_relu.mm(w2)
                loss = (y_pred - y).pow(2).sum()

                grad_y_pred = 2 * (y_pred - y)
                w2.grad = h_relu.t().mm(grad_y_pred)
                grad_h = grad_y_pred.mm(w2.t())
                grad_h[h < 0] = 0
                w1.grad = x.t().mm(grad_h)

                w1 -= LEARNING_RATE * w1.grad
                w2 -= LEARNING_RATE * w2.grad

            watch.log({"loss": loss})
            watch.step()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logdir", default="runs")
    main(parser.parse_args().logdir)
