//! An estimate of the memory that a JSON document takes once it is built.

/// Deepest nesting, as in `serde_json`.
const DEEPEST: usize = 128;

/// Members of a container that count as its first ones.
const FIRST: usize = 8;

/// Bytes that an object and an array take that are not empty.
///
/// A node of the `BTreeMap` of a `serde_json::Value` has room for eleven members and is at least half full; a list that
/// grows holds up to three times its length while it is copied. The types of records take less.
const CONTAINER: [usize; 2] = [660, 48];

/// What a member of an object and of an array takes besides: one of the first.
const FIRST_MEMBER: [usize; 2] = [0, 96];

/// One of the others.
const OTHER_MEMBER: [usize; 2] = [300, 96];

/// A container that is open.
struct Open {
    is_array: bool,
    members: usize,
}

/// The memory that the values of `text` take, or why they cannot be counted.
///
/// Broken documents are counted somehow: the parser refuses them.
pub(crate) fn estimate(text: &[u8]) -> Result<usize, &'static str> {
    let mut open: Vec<Open> = Vec::new();
    let mut needed = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let length = length_of_text(&text[at..]);
                // What the allocator gives at least, and its own administration.
                needed += usize::max(32, length + 16);
                at += length + 1;
            }
            b'{' | b'[' if open.len() == DEEPEST => return Err("values nested more than 128 deep"),
            b'{' | b'[' => {
                let is_array = byte == b'[';
                needed += CONTAINER[usize::from(is_array)];
                needed += FIRST_MEMBER[usize::from(is_array)];
                open.push(Open { is_array, members: 1 });
            }
            b'}' | b']' => drop(open.pop()),
            b',' => {
                if let Some(container) = open.last_mut() {
                    container.members += 1;
                    let is_first = container.members <= FIRST;
                    let costs = if is_first { FIRST_MEMBER } else { OTHER_MEMBER };
                    needed += costs[usize::from(container.is_array)];
                }
            }
            _ => {}
        }
    }
    Ok(needed)
}

/// Bytes up to the quote that ends a text.
fn length_of_text(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}
