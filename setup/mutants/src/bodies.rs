//! Values that a function could return at once, by its type.

use syn::{Expr, GenericArgument, PathArguments, ReturnType, Type, parse_quote};

/// The most values of one function.
const MOST: usize = 4;

/// What a function of this type may return at once; `None` is a return without a value.
pub fn values(output: &ReturnType) -> Vec<Option<Expr>> {
    match output {
        ReturnType::Default => vec![None],
        ReturnType::Type(_, kind) => of_type(kind).into_iter().take(MOST).map(Some).collect(),
    }
}

fn of_type(kind: &Type) -> Vec<Expr> {
    match kind {
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else { return Vec::new() };
            let inner: Vec<&Type> = match &last.arguments {
                PathArguments::AngleBracketed(arguments) => arguments.args.iter().filter_map(as_type).collect(),
                _ => Vec::new(),
            };
            of_name(&last.ident.to_string(), &inner)
        }
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => vec![parse_quote!(""), parse_quote!("xyzzy")],
            Type::Slice(_) => vec![parse_quote!(&[])],
            inner => of_type(inner).into_iter().map(|value| parse_quote!(Box::leak(Box::new(#value)))).collect(),
        },
        Type::Tuple(tuple) => {
            let parts: Vec<Vec<Expr>> = tuple.elems.iter().map(of_type).collect();
            let most = parts.iter().map(Vec::len).max().unwrap_or(0);
            if parts.iter().any(Vec::is_empty) {
                return Vec::new();
            }
            (0..most)
                .map(|index| {
                    let values = parts.iter().map(|part| &part[index % part.len()]);
                    parse_quote!((#(#values),*,))
                })
                .collect()
        }
        Type::Array(array) => {
            let length = &array.len;
            of_type(&array.elem).into_iter().map(|value| parse_quote!([#value; #length])).collect()
        }
        _ => Vec::new(),
    }
}

fn of_name(name: &str, inner: &[&Type]) -> Vec<Expr> {
    let of_inner = |index: usize| inner.get(index).map(|kind| of_type(kind)).unwrap_or_default();
    match name {
        "bool" => vec![parse_quote!(true), parse_quote!(false)],
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => vec![parse_quote!(0), parse_quote!(1)],
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => vec![parse_quote!(0), parse_quote!(1), parse_quote!(-1)],
        "f32" | "f64" => vec![parse_quote!(0.0), parse_quote!(1.0), parse_quote!(-1.0)],
        "String" => vec![parse_quote!(String::new()), parse_quote!("xyzzy".into())],
        "Vec" => {
            let one = of_inner(0).into_iter().map(|value| parse_quote!(vec![#value]));
            std::iter::once(parse_quote!(vec![])).chain(one).collect()
        }
        "Option" => {
            let some = of_inner(0).into_iter().map(|value| parse_quote!(Some(#value)));
            std::iter::once(parse_quote!(None)).chain(some).collect()
        }
        "Result" => match inner.first() {
            Some(Type::Tuple(tuple)) if tuple.elems.is_empty() => vec![parse_quote!(Ok(()))],
            _ => of_inner(0).into_iter().map(|value| parse_quote!(Ok(#value))).collect(),
        },
        "Box" | "Arc" => {
            let new = quote::format_ident!("{name}");
            of_inner(0).into_iter().map(|value| parse_quote!(#new::new(#value))).collect()
        }
        _ => vec![parse_quote!(Default::default())],
    }
}

fn as_type(argument: &GenericArgument) -> Option<&Type> {
    match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    }
}
