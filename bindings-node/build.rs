//! Tells the linker what an addon of Node is on each platform.

fn main() {
    napi_build::setup();
}
