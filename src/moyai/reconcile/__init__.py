"""Control loops: observe, let the planner decide, record its changes, carry out its effects. They decide nothing."""
