"""What the arguments of torch's operations are called, where a file gives only their places."""

from __future__ import annotations

_CONV = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_CONVOLUTION = (*_CONV[:6], "transposed", "output_padding", "groups")
_NORM = ("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps")
_POOL = ("input", "kernel_size", "stride", "padding")
_ARGUMENTS = {
    "conv1d": _CONV,
    "conv2d": _CONV,
    "conv3d": _CONV,
    "convolution": _CONVOLUTION,
    "_convolution": _CONVOLUTION,
    "batch_norm": _NORM,
    "instance_norm": (*_NORM[:5], "use_input_stats", "momentum", "eps"),
    "layer_norm": ("input", "normalized_shape", "weight", "bias", "eps"),
    "group_norm": ("input", "num_groups", "weight", "bias", "eps"),
    "max_pool1d": (*_POOL, "dilation", "ceil_mode"),
    "max_pool2d": (*_POOL, "dilation", "ceil_mode"),
    "max_pool3d": (*_POOL, "dilation", "ceil_mode"),
    "avg_pool2d": (*_POOL, "ceil_mode", "count_include_pad"),
    "adaptive_avg_pool2d": ("input", "output_size"),
    "linear": ("input", "weight", "bias"),
    "addmm": ("input", "mat1", "mat2", "beta", "alpha"),
    "add": ("input", "other", "alpha"),
    "sub": ("input", "other", "alpha"),
    "dropout": ("input", "p", "train"),
    "embedding": ("weight", "indices", "padding_idx"),
    "flatten": ("input", "start_dim", "end_dim"),
    "softmax": ("input", "dim", "dtype"),
    "log_softmax": ("input", "dim", "dtype"),
    "mean": ("input", "dim", "keepdim", "dtype"),
    "sum": ("input", "dim", "keepdim", "dtype"),
    "cat": ("tensors", "dim"),
    "stack": ("tensors", "dim"),
    "transpose": ("input", "dim0", "dim1"),
    "permute": ("input", "dims"),
    "view": ("input", "size"),
    "reshape": ("input", "shape"),
    "threshold": ("input", "threshold", "value"),
    "leaky_relu": ("input", "negative_slope"),
    "gelu": ("input", "approximate"),
}


def argument(op: str, place: int) -> str:
    """Return the name of an operation's argument, "argument 3" where it is not known."""
    names = _ARGUMENTS.get(op.removesuffix("_") if op.endswith("_") else op, ())
    return names[place] if place < len(names) else f"argument {place}"


def plain(target: str) -> str:
    """Return "conv2d" for torch.ops.aten.conv2d.default, aten::conv2d or aten.conv2d.default."""
    name = target.rpartition("::")[2]
    parts = name.removeprefix("torch.ops.").split(".")
    return parts[1] if len(parts) > 1 else parts[0]
