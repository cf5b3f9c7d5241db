//! `polywire-bindgen generate LIBRARY --language kotlin|swift --out-dir FOLDER`: the sources of a
//! language, read out of the built library. Owns nothing: uniffi does the work.

fn main() {
    uniffi::uniffi_bindgen_main();
}
