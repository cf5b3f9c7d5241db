//! Writes wasm-bindgen's JavaScript for a wasm file: `polywire-wasm-glue FILE.wasm FOLDER NAME`.
//!
//! Owns the options of the generator. Knows nothing of what the wasm file does.

use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, folder, name] = arguments.as_slice() else {
        eprintln!("usage: polywire-wasm-glue FILE.wasm FOLDER NAME");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    let made = bindgen.input_path(wasm).out_name(name).web(true).and_then(|bindgen| {
        bindgen.remove_name_section(true).remove_producers_section(true).generate(folder)
    });
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
