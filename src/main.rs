//! The binary: everything it can do will stand in `cli`.

fn main() {}
