//! The player is compiled in: the binary is made again when `cargo xtask player` has made another one.

fn main() {
    println!("cargo::rerun-if-changed=../../player/dist");
}
