//! Lets the tests and examples of this crate find libtorch at run time without an environment variable.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // Set by torch-sys for its direct dependents, so only with the feature `torch`: the folder of libtorch's libraries.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
