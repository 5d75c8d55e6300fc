//! The selective scan of Mamba: one linear recurrence a channel, with a state of a few numbers.

/// What the scan reads; all slices are row-major f32.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanInput<'a> {
    /// Tokens of a row.
    pub(crate) n_tokens: usize,
    pub(crate) n_channels: usize,
    pub(crate) n_states: usize,
    /// Input, (`n_rows` x `n_tokens`, `n_channels`).
    pub(crate) u: &'a [f32],
    /// Time steps, (`n_rows` x `n_tokens`, `n_channels`).
    pub(crate) delta: &'a [f32],
    /// Decay rates (negative), (`n_channels`, `n_states`).
    pub(crate) a: &'a [f32],
    /// What enters the states, (`n_rows` x `n_tokens`, `n_states`).
    pub(crate) b: &'a [f32],
    /// What is read from the states, (`n_rows` x `n_tokens`, `n_states`).
    pub(crate) c: &'a [f32],
    /// Direct path, (`n_channels`).
    pub(crate) d: &'a [f32],
    pub(crate) n_threads: usize,
}

/// y\[t\] = Σₙ h\[t, n\] C\[t, n\] + D u\[t\] with h\[t\] = exp(Δ\[t\] A) h\[t-1\] + Δ\[t\] B\[t\] u\[t\], for each channel.
///
/// Returns (`n_rows` x `n_tokens`, `n_channels`). `states`, (`n_rows` x `n_channels`, `n_states`), are those before the first token, and
/// then those after the last. Rows and channels are independent, so they are shared out among threads; the
/// result does not depend on their number. The (channels, tokens, states) arrays of the reference never exist.
pub(crate) fn selective_scan(input: &ScanInput<'_>, states: &mut [f32]) -> Vec<f32> {
    let ScanInput {
        n_tokens,
        n_channels,
        n_states,
        u,
        n_threads,
        ..
    } = *input;
    if n_channels == 0 || u.is_empty() {
        return Vec::new();
    }
    // One column a row and channel while scanning, so that threads write to separate memory.
    let mut columns = vec![0.0; u.len()];
    let per_thread = (u.len() / n_tokens).div_ceil(n_threads.max(1));
    std::thread::scope(|scope| {
        let shares = columns.chunks_mut(per_thread * n_tokens);
        let of_shares = states.chunks_mut(per_thread * n_states);
        for (index, (share, states)) in shares.zip(of_shares).enumerate() {
            scope.spawn(move || {
                let columns = share.chunks_mut(n_tokens).zip(states.chunks_mut(n_states));
                for (offset, (y, state)) in columns.enumerate() {
                    scan_channel(input, index * per_thread + offset, y, state);
                }
            });
        }
    });
    let mut rows = vec![0.0; columns.len()];
    for (index, column) in columns.chunks(n_tokens).enumerate() {
        let (row, channel) = (index / n_channels, index % n_channels);
        for (t, &y) in column.iter().enumerate() {
            rows[(row * n_tokens + t) * n_channels + channel] = y;
        }
    }
    rows
}

/// Scans one channel of one row; columns are numbered row by row.
fn scan_channel(input: &ScanInput<'_>, column: usize, y: &mut [f32], state: &mut [f32]) {
    let n = input.n_states;
    let (row, channel) = (column / input.n_channels, column % input.n_channels);
    let rates = &input.a[channel * n..(channel + 1) * n];
    for (t, y) in y.iter_mut().enumerate() {
        let t = row * input.n_tokens + t;
        let at = t * input.n_channels + channel;
        let (u, delta) = (input.u[at], input.delta[at]);
        let (b, c) = (&input.b[t * n..(t + 1) * n], &input.c[t * n..(t + 1) * n]);
        let mut sum = 0.0;
        for (((h, &rate), &b), &c) in state.iter_mut().zip(rates).zip(b).zip(c) {
            *h = (delta * rate).exp() * *h + delta * b * u;
            sum += *h * c;
        }
        *y = sum + input.d[channel] * u;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_decay_the_state_is_a_running_sum() {
        let input = ScanInput {
            n_tokens: 3,
            n_channels: 1,
            n_states: 1,
            u: &[1.0, 2.0, 3.0],
            delta: &[1.0; 3],
            a: &[0.0],
            b: &[1.0; 3],
            c: &[1.0; 3],
            d: &[0.0],
            n_threads: 1,
        };
        let mut states = [0.0];
        assert_eq!(selective_scan(&input, &mut states), [1.0, 3.0, 6.0]);
        assert_eq!(states.to_vec(), [6.0]);
    }

    #[test]
    fn each_row_starts_with_a_state_of_its_own() {
        let input = ScanInput {
            n_tokens: 2,
            n_channels: 1,
            n_states: 1,
            u: &[1.0, 2.0, 4.0, 8.0],
            delta: &[1.0; 4],
            a: &[0.0],
            b: &[1.0; 4],
            c: &[1.0; 4],
            d: &[0.0],
            n_threads: 3,
        };
        let mut states = [0.0, 10.0];
        assert_eq!(selective_scan(&input, &mut states), [1.0, 3.0, 14.0, 22.0]);
        assert_eq!(states.to_vec(), [3.0, 22.0]);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let values = |n: usize, step: f32| (0..n).map(|i| (i as f32 * step).sin()).collect::<Vec<_>>();
        let (u, delta, a) = (values(35, 0.7), values(35, 0.3), values(10, 0.9));
        let (b, c, d) = (values(14, 0.5), values(14, 0.2), values(5, 0.4));
        let scan = |n_threads| {
            let input = ScanInput {
                n_tokens: 7,
                n_channels: 5,
                n_states: 2,
                u: &u,
                delta: &delta,
                a: &a,
                b: &b,
                c: &c,
                d: &d,
                n_threads,
            };
            selective_scan(&input, &mut [0.0; 10])
        };
        for n_threads in [2, 3, 8] {
            assert_eq!(scan(1), scan(n_threads));
        }
    }
}
