//! The virtual POS: a drawn terminal over a simulated one.
