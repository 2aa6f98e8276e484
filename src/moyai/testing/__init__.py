"""What tests of moyai, and of whatever talks to it, stand on: a clock to turn, seeded ids, ready-made worlds."""
