//! Finds the places of a file that can be mutated, and writes the chosen mutants beside what stands there.

use crate::bodies;
use proc_macro2::Span;
use serde::Serialize;
use std::{collections::HashSet, path::Path};
use syn::{
    Attribute, BinOp, Block, Expr, ImplItemFn, ItemConst, ItemFn, ItemImpl, ItemMod, ItemStatic, ItemTrait, Pat, Signature, Type, UnOp,
    parse_quote, spanned::Spanned, visit_mut::VisitMut,
};

/// Which mutants are written.
pub enum Chosen {
    None,
    Some(HashSet<u32>),
}

/// One possible mutant.
#[derive(Serialize)]
pub struct Mutant {
    id: u32,
    file: String,
    line: usize,
    function: String,
    change: String,
}

/// Adds all mutants of `file` to `mutants`, numbered on from there, and writes the chosen ones.
pub fn rewrite(file: &mut syn::File, path: &Path, chosen: &Chosen, mutants: &mut Vec<Mutant>) {
    let mut mutator = Mutator { path: path.display().to_string(), chosen, mutants, functions: Vec::new(), owner: String::new() };
    mutator.visit_file_mut(file);
}

struct Mutator<'a> {
    path: String,
    chosen: &'a Chosen,
    mutants: &'a mut Vec<Mutant>,
    functions: Vec<String>,
    owner: String,
}

impl Mutator<'_> {
    /// Notes a mutant; its number if it was chosen.
    fn note(&mut self, span: Span, change: String) -> Option<u32> {
        let id = self.mutants.len() as u32;
        let function = format!("{}{}", self.owner, self.functions.join("::"));
        self.mutants.push(Mutant { id, file: self.path.clone(), line: span.start().line, function, change });
        matches!(self.chosen, Chosen::Some(ids) if ids.contains(&id)).then_some(id)
    }

    /// Replaces an expression by a choice between it and its mutants, each with a description.
    fn choose(&mut self, expression: &mut Expr, span: Span, mutants: Vec<(String, Expr)>) {
        let mut written = expression.clone();
        for (change, mutant) in mutants {
            if let Some(id) = self.note(span, change) {
                written = parse_quote!((if crate::mutant_switch::on(#id) { #mutant } else { #written }));
            }
        }
        *expression = written;
    }

    fn body(&mut self, signature: &Signature, block: &mut Block) {
        if signature.constness.is_some() || signature.unsafety.is_some() || signature.asyncness.is_some() {
            return;
        }
        self.functions.push(signature.ident.to_string());
        self.visit_block_mut(block);
        for value in bodies::values(&signature.output) {
            let change = value.as_ref().map_or("returns at once".to_owned(), |value| format!("returns {}", text(value)));
            if let Some(id) = self.note(signature.ident.span(), change) {
                block.stmts.insert(0, parse_quote!(if crate::mutant_switch::on(#id) { return #value; }));
            }
        }
        self.functions.pop();
    }
}

impl VisitMut for Mutator<'_> {
    fn visit_item_mod_mut(&mut self, item: &mut ItemMod) {
        if !of_tests(&item.attrs) {
            syn::visit_mut::visit_item_mod_mut(self, item);
        }
    }

    fn visit_item_impl_mut(&mut self, item: &mut ItemImpl) {
        if of_tests(&item.attrs) {
            return;
        }
        let owner = std::mem::replace(&mut self.owner, format!("{}::", text(&item.self_ty)));
        syn::visit_mut::visit_item_impl_mut(self, item);
        self.owner = owner;
    }

    fn visit_item_trait_mut(&mut self, item: &mut ItemTrait) {
        let owner = std::mem::replace(&mut self.owner, format!("{}::", item.ident));
        for item in &mut item.items {
            if let syn::TraitItem::Fn(function) = item
                && let Some(block) = &mut function.default
            {
                self.body(&function.sig, block);
            }
        }
        self.owner = owner;
    }

    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        if !of_tests(&item.attrs) {
            self.body(&item.sig, &mut item.block);
        }
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut ImplItemFn) {
        if !of_tests(&item.attrs) {
            self.body(&item.sig, &mut item.block);
        }
    }

    fn visit_item_const_mut(&mut self, _: &mut ItemConst) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut ItemStatic) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_pat_mut(&mut self, _: &mut Pat) {}
    fn visit_expr_const_mut(&mut self, _: &mut syn::ExprConst) {}
    fn visit_generic_argument_mut(&mut self, _: &mut syn::GenericArgument) {}

    fn visit_expr_repeat_mut(&mut self, expression: &mut syn::ExprRepeat) {
        self.visit_expr_mut(&mut expression.expr); // not its length, which is a constant
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let span = expression.span();
        syn::visit_mut::visit_expr_mut(self, expression);
        match expression {
            Expr::Binary(binary) if !has_let(&binary.left) && !has_let(&binary.right) => {
                let mutants = others(&binary.op).into_iter().map(|op| {
                    let mut mutant = binary.clone();
                    let change = format!("{} → {}", text(&binary.op), text(&op));
                    mutant.op = op;
                    (change, Expr::Binary(mutant))
                });
                let span = binary.op.span();
                let mutants = mutants.collect();
                self.choose(expression, span, mutants);
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                let mutant = (format!("no {}", text(&unary.op)), (*unary.expr).clone());
                self.choose(expression, span, vec![mutant]);
            }
            Expr::Match(matching) => {
                let others = matches!(matching.arms.last(), Some(arm) if matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none());
                let n_arms = matching.arms.len();
                for (index, arm) in matching.arms.iter_mut().enumerate() {
                    let span = arm.pat.span();
                    if let Some((_, guard)) = &mut arm.guard
                        && !has_let(guard)
                    {
                        if let Some(id) = self.note(span, "guard → true".into()) {
                            **guard = parse_quote!(crate::mutant_switch::on(#id) || (#guard));
                        }
                        if let Some(id) = self.note(span, "guard → false".into()) {
                            **guard = parse_quote!(!crate::mutant_switch::on(#id) && (#guard));
                        }
                    } else if arm.guard.is_none()
                        && others
                        && index + 1 < n_arms
                        && let Some(id) = self.note(span, format!("no arm {}", text(&arm.pat)))
                    {
                        arm.guard = Some((Default::default(), parse_quote!(!crate::mutant_switch::on(#id))));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether an item belongs to tests alone.
fn of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("test") || attribute.path().is_ident("cfg") && text(&attribute.meta).contains("test"))
}

/// Whether a condition binds names, so that it cannot become a value.
fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// What a mutant has in the place of an operator.
fn others(op: &BinOp) -> Vec<BinOp> {
    let others: &[&str] = match text(op).as_str() {
        "+" => &["-", "*"],
        "-" => &["+", "/"],
        "*" => &["+", "/"],
        "/" => &["%", "*"],
        "%" => &["/", "+"],
        "<<" => &[">>"],
        ">>" => &["<<"],
        "&" => &["|", "^"],
        "|" => &["&", "^"],
        "^" => &["|", "&"],
        "&&" => &["||"],
        "||" => &["&&"],
        "==" => &["!="],
        "!=" => &["=="],
        "<" => &["==", ">", "<="],
        ">" => &["==", "<", ">="],
        "<=" => &[">", "<"],
        ">=" => &["<", ">"],
        "+=" => &["-=", "*="],
        "-=" => &["+=", "/="],
        "*=" => &["+=", "/="],
        "/=" => &["%=", "*="],
        "%=" => &["/=", "+="],
        "|=" => &["&=", "^="],
        "&=" => &["|=", "^="],
        "^=" => &["|=", "&="],
        _ => &[],
    };
    others.iter().map(|other| syn::parse_str(other).expect("an operator of the list")).collect()
}

/// The source of a piece of syntax on one line.
pub fn text(piece: &impl quote::ToTokens) -> String {
    piece.to_token_stream().to_string()
}
