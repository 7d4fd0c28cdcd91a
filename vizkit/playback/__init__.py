"""From when we look: playhead, window and downsampling."""
