from vizkit.kinds.graph.kernels import is_kernel, kernel_id, kernel_title


def test_kernels_are_told_from_calls():
    assert is_kernel(kernel_id(3))
    assert not is_kernel("/kernels/fc")


def test_titles_have_few_words_and_no_dots():
    assert kernel_title(2, ["conv2d", "relu", "relu"]) == "kernel 2: conv2d, relu"
    assert kernel_title(1, list("abcdef")) == "kernel 1: a, b, c, d and 2 more"
    assert kernel_title(1, ["mine.fused"]) == "kernel 1: mine fused"
