"""``moyai demo``: the main job from beginning to end, over the public API."""
