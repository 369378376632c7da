//! Gives Tauri its context. The package lies at the top of the tree, so Tauri is told where the capabilities are.

fn main() {
    // Without this line an edited capability is ignored in silence: Tauri watches only its default folder.
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
    if let Err(error) = tauri_build::try_build(attributes) {
        panic!("Tauri could not read tauri.conf.json or src-tauri/capabilities: {error:#}");
    }
}
