"""Scalar: one number of one step."""
