//! Lists the arrays of a joblib dump: index path, type, shape and SHA-256 of the values, one array a line.
//!
//! The values are hashed in C order and little-endian, so that the digest does not depend on how they were stored.

use std::process::ExitCode;

use lpp_fmri::NumArray;
use lpp_fmri::joblib::{self, JoblibTree};
use sha2::{Digest, Sha256};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        return fail("usage: joblib_digest FILE");
    };
    match joblib::load_tree(path.as_ref()) {
        Ok(tree) => {
            print(&tree, &mut Vec::new());
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "an example without a logger")]
fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "printing is its purpose")]
fn print(tree: &JoblibTree, indices: &mut Vec<usize>) {
    match tree {
        JoblibTree::Array(array) => {
            println!(
                "{indices:?} {} {:?} {}",
                array.element_type().name(),
                array.shape(),
                digest(array)
            );
        }
        JoblibTree::Sequence(items) => {
            for (i, item) in items.iter().enumerate() {
                indices.push(i);
                print(item, indices);
                indices.pop();
            }
        }
    }
}

/// SHA-256 of the values.
fn digest(array: &NumArray) -> String {
    let mut hasher = Sha256::new();
    macro_rules! update {
        ($($variant:ident)+) => {
            match array {
                $(NumArray::$variant(a) => a.iter().for_each(|v| hasher.update(v.to_le_bytes())),)+
                _ => {}
            }
        };
    }
    update!(U8 I8 U16 I16 U32 I32 U64 I64 F32 F64);
    format!("{:x}", hasher.finalize())
}
