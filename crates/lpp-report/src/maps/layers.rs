//! Which layers of a model the page has room for.

/// At most `room` of `n_layers`, evenly spread from the first to the last, the best one among them; sorted.
pub(crate) fn spread(n_layers: usize, room: usize, best: Option<usize>) -> Vec<usize> {
    if n_layers <= room {
        return (0..n_layers).collect();
    }
    let best = best.filter(|layer| *layer < n_layers);
    match room {
        0 => return Vec::new(),
        1 => return vec![best.unwrap_or(n_layers - 1)],
        _ => {}
    }
    let mut layers: Vec<usize> = (0..room)
        .map(|i| (i * (n_layers - 1) + (room - 1) / 2) / (room - 1))
        .collect();
    if let Some(best) = best
        && let Some(nearest) = layers.iter_mut().min_by_key(|layer| layer.abs_diff(best))
    {
        *nearest = best;
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_layers_if_there_is_room() {
        assert_eq!(spread(3, 3, Some(1)), [0, 1, 2]);
        assert!(spread(0, 5, None).is_empty());
    }

    #[test]
    fn ends_and_the_best_layer_are_kept() {
        assert_eq!(spread(41, 5, None), [0, 10, 20, 30, 40]);
        assert_eq!(spread(41, 5, Some(27)), [0, 10, 20, 27, 40]);
        assert_eq!(spread(41, 1, Some(27)), [27]);
        assert!(spread(41, 0, Some(27)).is_empty());
    }

    #[test]
    fn layers_stay_in_order_and_apart() {
        for n in 2..60 {
            for room in 2..n {
                for best in 0..n {
                    let layers = spread(n, room, Some(best));
                    assert!(layers.is_sorted_by(|a, b| a < b), "{n} {room} {best}: {layers:?}");
                    assert!(layers.len() == room && layers.contains(&best));
                }
            }
        }
    }
}
