//! Files made by hand: programs and headers that ask for too much. Some broke a reader once.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The bytes as a gzip file.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Pickles of a few bytes that build much: doubled by the memo, deep, long, endless.
pub(crate) fn pickles() -> Vec<Vec<u8>> {
    let with = |start: &[u8], cycle: &[u8], times: usize| {
        [b"\x80\x02", start, &cycle.repeat(times)[..], b"."].concat()
    };
    vec![
        with(b")q\x000", b"h\x00h\x00\x86q\x00", 40),
        with(b")q\x000", b"](h\x00h\x00eq\x00", 40),
        with(b"}q\x000", b"}(h\x00h\x00uq\x00", 40),
        with(b")", b"\x85", 1 << 20),
        with(b"]", b"]a", 1 << 18),
        with(b"", b"(", 1 << 18),
        with(b"", b"N", 1 << 20),
        with(b"", b")", 1 << 20),
        with(b"", b"K\x01", 1 << 20),
        with(b"", b"N0", 1 << 20),
        with(b"]", b"Na", 1 << 20),
        with(b"N", b"\x94", 1 << 20),
        with(b"", b"X\xff\xff\xff\xff", 1),
        with(b"cos\nsystem\n", b"X\x02\0\0\0ls\x85R", 1),
    ]
}

/// Configurations of models with a list of parameters beyond memory, and with numbers of them beyond 64 bits.
#[cfg(feature = "torch")]
pub(crate) fn model_configs() -> Vec<Vec<u8>> {
    let heads = |n: u32| {
        format!(
            r#"{{"model_type": "stablelm", "num_hidden_layers": 1000, "hidden_size": {}, "num_attention_heads": {n},
            "num_key_value_heads": {n}, "qk_layernorm": true, "partial_rotary_factor": 1.0}}"#,
            4 * n
        )
    };
    let wide = r#"{"model_type": "llama", "hidden_size": 16777216, "num_attention_heads": 16777216,
        "num_key_value_heads": 16777216, "head_dim": 16777216}"#;
    vec![heads(1 << 19).into(), heads(64).into(), wide.into()]
}

/// `.npy` headers that claim or nest too much.
pub(crate) fn npy_headers() -> Vec<Vec<u8>> {
    let version_2 =
        |length: u32, text: &str| [b"\x93NUMPY\x02\x00", &length.to_le_bytes()[..], text.as_bytes()].concat();
    let shape = |shape: &str| {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        version_2(u32::try_from(text.len()).unwrap_or(0), &text)
    };
    let brackets = |n: usize| "(".repeat(n) + &")".repeat(n);
    vec![
        version_2(u32::MAX, "{}"),
        shape(&brackets(20_000)),
        shape(&brackets(200_000)),
        shape("(1000000000000, 1000000000000)"),
        shape("(10000000000, 0, 1000000000000)"),
        shape("(100000000-0, 0, 1000000000000)"),
        shape("(-1, 3)"),
        shape("(4611686018427387904,)"),
    ]
}

/// GIFTI files with entities and deep elements.
pub(crate) fn gifti() -> Vec<Vec<u8>> {
    let entity = format!(
        "<!DOCTYPE GIFTI [<!ENTITY a \"{}\">]><GIFTI>{}</GIFTI>",
        "b".repeat(2_000_000),
        "&a;".repeat(5000)
    );
    let nested = "<GIFTI>".repeat(90_000) + &"</GIFTI>".repeat(90_000);
    let billion =
        "<!DOCTYPE g [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><g>&b;</g>";
    [entity.as_str(), &nested, billion]
        .map(|text| gzip(text.as_bytes()))
        .to_vec()
}

/// Tables with cells, rows or headers as long as the file.
pub(crate) fn tables(header: &str) -> Vec<Vec<u8>> {
    let long = "a".repeat(3 << 20);
    let separator = if header.contains('\t') { "\t" } else { "," };
    vec![
        format!("{header}\n\"{long}\",1,2,1\n").into_bytes(),
        format!("{header}\n\"{long}").into_bytes(),
        format!("{}\n", "word,".repeat(300_000)).into_bytes(),
        format!("{header}\n{}\n", ",".repeat(3 << 20)).into_bytes(),
        long.into_bytes(),
        tiny_rows(header, separator),
        format!(
            "{header}\n{}\n",
            vec!["1".repeat(5000); header.split(separator).count()].join(separator)
        )
        .into_bytes(),
    ]
}

/// Rows of a few bytes, each with another word, of which the last has too few cells.
fn tiny_rows(header: &str, separator: &str) -> Vec<u8> {
    let rest = format!("{separator}1").repeat(header.split(separator).count() - 1);
    let rows = (0..600_000).map(|n| format!("{n:x}{rest}\n"));
    [header.to_owned(), "\n".to_owned()]
        .into_iter()
        .chain(rows)
        .chain(["x\n".to_owned()])
        .flat_map(String::into_bytes)
        .collect()
}

/// JSON that is deep, one long text, or holds numbers beyond all types.
pub(crate) fn json() -> Vec<Vec<u8>> {
    vec![
        "[".repeat(1 << 20).into_bytes(),
        "{\"a\":".repeat(1 << 18).into_bytes(),
        b"1e99999".to_vec(),
        vec![b'"'; 1 << 20],
        format!("\"{}\"", "a".repeat(1 << 20)).into_bytes(),
    ]
}
