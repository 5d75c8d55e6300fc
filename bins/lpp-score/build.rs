//! Lets this program and its tests find libtorch at run time without an environment variable.

fn main() {
    // Set by torch-sys for its direct dependents: the folder that holds libtorch's shared libraries.
    if let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
