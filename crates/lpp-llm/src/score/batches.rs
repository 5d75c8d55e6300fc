//! Rows of equal length, so that they can go through a model together.

use std::collections::HashMap;

use lpp_text::TokenRow;

use crate::model::WindowInput;

/// Rows of equal length.
#[derive(Debug)]
pub(super) struct Batch {
    /// Their indices.
    pub(super) rows: Vec<usize>,
    /// Their tokens without the last one, row after row.
    ids: Vec<i64>,
    /// The token after each position from `first_needed` on, row after row.
    pub(super) targets: Vec<i64>,
    first_needed: usize,
}

impl Batch {
    fn new(rows: Vec<usize>, all: &[TokenRow]) -> Self {
        let first_needed = rows.iter().map(|&row| all[row].first_scored - 1).min();
        let first_needed = first_needed.unwrap_or(0);
        let mut batch = Self {
            ids: Vec::new(),
            targets: Vec::new(),
            first_needed,
            rows,
        };
        for &row in &batch.rows {
            let ids = &all[row].ids;
            batch.ids.extend(&ids[..ids.len() - 1]);
            batch.targets.extend(&ids[first_needed + 1..]);
        }
        batch
    }

    /// The input of the model.
    pub(super) fn window(&self) -> WindowInput<'_> {
        WindowInput {
            n_rows: self.rows.len(),
            first_needed: self.first_needed,
            ..WindowInput::new(&self.ids)
        }
    }

    /// The part of a batch's results that belongs to each of its rows, as a range of the targets.
    pub(super) fn parts<'a>(
        &'a self,
        all: &'a [TokenRow],
    ) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + 'a {
        let n_positions = self.targets.len() / self.rows.len().max(1);
        self.rows.iter().enumerate().map(move |(index, &row)| {
            let skipped = all[row].first_scored - 1 - self.first_needed;
            (row, index * n_positions + skipped..(index + 1) * n_positions)
        })
    }
}

/// Batches of at most `batch_tokens` tokens, or of one row; the longest rows first, so that memory runs out at once or not
/// at all. Rows without a scored token are in none.
pub(super) fn batches(rows: &[TokenRow], batch_tokens: usize) -> Vec<Batch> {
    let mut order: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].n_scored() > 0).collect();
    order.sort_by_key(|&row| std::cmp::Reverse(rows[row].ids.len()));
    let of_one_length = order.chunk_by(|&a, &b| rows[a].ids.len() == rows[b].ids.len());
    of_one_length
        .flat_map(|same| {
            let n_tokens = rows[same[0]].ids.len() - 1;
            same.chunks((batch_tokens / n_tokens).max(1))
        })
        .map(|same| Batch::new(same.to_vec(), rows))
        .collect()
}

/// Each sequence of tokens once, with all that is scored of it somewhere, and for each row its sequence.
pub(super) fn distinct(rows: &[TokenRow]) -> (Vec<TokenRow>, Vec<usize>) {
    let mut known: HashMap<&[i64], usize> = HashMap::new();
    let mut sequences: Vec<TokenRow> = Vec::new();
    let mut sequence_of = Vec::with_capacity(rows.len());
    for row in rows {
        let index = *known.entry(&row.ids).or_insert(sequences.len());
        match sequences.get_mut(index) {
            Some(sequence) => sequence.first_scored = sequence.first_scored.min(row.first_scored),
            None => sequences.push(TokenRow {
                first_scored: row.first_scored.max(1),
                ..row.clone()
            }),
        }
        sequence_of.push(index);
    }
    (sequences, sequence_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ids: &[i64], first_scored: usize) -> TokenRow {
        TokenRow {
            ids: ids.to_vec(),
            first_scored,
        }
    }

    #[test]
    fn rows_of_equal_length_share_a_batch_within_the_limit() {
        let rows = [
            row(&[1, 2, 3], 1),
            row(&[4], 1),
            row(&[1, 5, 6, 7], 2),
            row(&[1, 8, 9], 2),
            row(&[1, 2, 4], 1),
        ];
        let found = batches(&rows, 4);
        let rows_of: Vec<_> = found.iter().map(|batch| batch.rows.clone()).collect();
        assert_eq!(rows_of, [vec![2], vec![0, 3], vec![4]]);
        assert_eq!(found[0].window().first_needed, 1);
        assert_eq!(
            (found[1].window().n_rows, found[1].window().ids),
            (2, &[1, 2, 1, 8][..])
        );
        assert_eq!(found[1].targets, [2, 3, 8, 9]);
        let parts: Vec<_> = found[1].parts(&rows).collect();
        assert_eq!(parts, [(0, 0..2), (3, 3..4)]);
    }

    #[test]
    fn equal_rows_are_one_sequence() {
        let rows = [row(&[1, 2, 3], 2), row(&[1, 2], 1), row(&[1, 2, 3], 1)];
        let (sequences, sequence_of) = distinct(&rows);
        assert_eq!(sequence_of, [0, 1, 0]);
        assert_eq!(sequences, [row(&[1, 2, 3], 1), row(&[1, 2], 1)]);
    }
}
