"""What we listen to in PyTorch: loss, gradients, weights, optimizer steps, module graph."""
