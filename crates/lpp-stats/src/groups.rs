//! Assignment of observations to groups: models to families, scans to subjects.

/// A partition of observations into groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    members: Vec<Vec<usize>>,
    group_of: Vec<usize>,
}

impl Groups {
    /// Groups observations by equal labels; groups are numbered in the order in which their labels first appear.
    ///
    /// # Example
    /// ```
    /// let families = lpp_stats::Groups::by_label(&["gpt2", "opt", "gpt2"]);
    /// assert_eq!(families.len(), 2);
    /// assert_eq!(families.members(0), [0, 2]);
    /// ```
    #[must_use]
    pub fn by_label<T: PartialEq>(labels: &[T]) -> Self {
        let mut known: Vec<&T> = Vec::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut group_of = Vec::with_capacity(labels.len());
        for (observation, label) in labels.iter().enumerate() {
            // Groups are few, so that a walk over their labels is as good as a table.
            let group = known.iter().position(|&other| other == label).unwrap_or_else(|| {
                known.push(label);
                members.push(Vec::new());
                known.len() - 1
            });
            members[group].push(observation);
            group_of.push(group);
        }
        Self { members, group_of }
    }

    /// Number of groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are no groups.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Number of observations over all groups.
    #[must_use]
    pub fn n_observations(&self) -> usize {
        self.group_of.len()
    }

    /// The observations of a group, ascending; empty if there is no such group.
    #[must_use]
    pub fn members(&self, group: usize) -> &[usize] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// The group of each observation.
    #[must_use]
    pub fn of_observations(&self) -> &[usize] {
        &self.group_of
    }

    /// The observations of several groups, one group after the other. A group that is given twice appears twice.
    #[must_use]
    pub fn observations_of(&self, groups: &[usize]) -> Vec<usize> {
        groups
            .iter()
            .flat_map(|&group| self.members(group).iter().copied())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_everything_once() {
        let groups = Groups::by_label(&['b', 'a', 'b', 'c', 'a']);
        assert_eq!(groups.of_observations(), [0, 1, 0, 2, 1]);
        assert_eq!(groups.observations_of(&[0, 1, 2]), [0, 2, 1, 4, 3]);
        assert_eq!(groups.observations_of(&[2, 2, 9]), [3, 3]);
        assert_eq!((groups.len(), groups.n_observations()), (3, 5));
    }

    #[test]
    fn nothing_has_no_groups() {
        assert!(Groups::by_label::<u8>(&[]).is_empty());
    }
}
