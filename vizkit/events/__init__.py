"""The waist: TensorBoard event files, written, read, tailed and resynchronised after damage."""
