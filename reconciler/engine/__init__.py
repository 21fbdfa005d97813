"""One file per verb: orders the pure steps and the effects, and sees the outside world only as `types.ports`."""
