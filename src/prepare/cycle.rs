//! Rows that refer to each other in a circle: none of them could ever be the first.

use rustc_hash::{FxHashMap, FxHashSet};

/// Circles that are reported with their keys; more are still found, by the rows that stay blocked.
const MOST_CYCLES: usize = 1000;

/// References between rows, child to parent, by the hashes of their keys.
#[derive(Debug, Default)]
pub(super) struct References(Vec<(u64, u64)>);

impl References {
    pub(super) fn add(&mut self, child: u64, parent: u64) {
        // A row that refers to itself is reported without this.
        if child != parent {
            self.0.push((child, parent));
        }
    }

    /// The circles, each from one of its rows along the references back to it.
    pub(super) fn cycles(mut self) -> Vec<Vec<u64>> {
        self.0.sort_unstable();
        self.0.dedup();
        let mut children: Vec<u64> = self.0.iter().map(|(child, _)| *child).collect();
        children.dedup();
        let index_of = |hash: &u64| children.binary_search(hash).ok();
        // Only references to rows that refer on can close a circle.
        let edges: Vec<(usize, usize)> = self
            .0
            .iter()
            .filter_map(|(child, parent)| Some((index_of(child)?, index_of(parent)?)))
            .collect();
        drop(self.0);
        // Taking away, again and again, what waits for nothing leaves the circles and what hangs on them.
        let mut waits = vec![0_u32; children.len()];
        let mut by_parent = edges.clone();
        by_parent.sort_unstable_by_key(|(_, parent)| *parent);
        for (child, _) in &edges {
            waits[*child] += 1;
        }
        let mut free: Vec<usize> = (0..children.len()).filter(|i| waits[*i] == 0).collect();
        while let Some(parent) = free.pop() {
            let first = by_parent.partition_point(|(_, p)| *p < parent);
            for (child, _) in by_parent[first..].iter().take_while(|(_, p)| *p == parent) {
                waits[*child] -= 1;
                if waits[*child] == 0 {
                    free.push(*child);
                }
            }
        }
        let mut next: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
        for (child, parent) in edges {
            if waits[child] > 0 && waits[parent] > 0 {
                next.entry(child).or_default().push(parent);
            }
        }
        let mut done: FxHashSet<usize> = FxHashSet::default();
        let mut cycles = Vec::new();
        for start in (0..children.len()).filter(|i| waits[*i] > 0) {
            if cycles.len() >= MOST_CYCLES {
                break;
            }
            // Along the first references until a row comes again. A row has at most two: both are tried.
            let mut path: Vec<usize> = Vec::new();
            let mut place: FxHashMap<usize, usize> = FxHashMap::default();
            let mut at = start;
            loop {
                if done.contains(&at) {
                    break;
                }
                if let Some(first) = place.get(&at) {
                    cycles.push(path[*first..].iter().map(|i| children[*i]).collect());
                    break;
                }
                place.insert(at, path.len());
                path.push(at);
                let Some(parents) = next.get(&at) else { break };
                let Some(parent) = parents
                    .iter()
                    .find(|p| place.contains_key(p))
                    .or_else(|| parents.iter().find(|p| !done.contains(p)))
                else {
                    break;
                };
                at = *parent;
            }
            done.extend(path);
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(edges: &[(u64, u64)]) -> Vec<Vec<u64>> {
        let mut references = References::default();
        for (child, parent) in edges {
            references.add(*child, *parent);
        }
        references.cycles()
    }

    #[test]
    fn circles_are_found_and_nothing_else() {
        let none: Vec<Vec<u64>> = Vec::new();
        for (edges, expected) in [
            (vec![], none.clone()),
            (vec![(1, 2), (2, 3), (4, 3)], none.clone()),
            (vec![(1, 1)], none),
            (vec![(1, 2), (2, 1)], vec![vec![1, 2]]),
            // Two rows hang on the circle, and one leads out of it.
            (
                vec![(1, 2), (2, 3), (3, 4), (4, 2), (5, 3), (4, 9)],
                vec![vec![2, 3, 4]],
            ),
            (
                vec![(1, 2), (2, 1), (3, 4), (4, 3)],
                vec![vec![1, 2], vec![3, 4]],
            ),
        ] {
            assert_eq!(cycles(&edges), expected, "{edges:?}");
        }
    }

    #[test]
    fn a_long_circle_is_one_circle() {
        let edges: Vec<(u64, u64)> = (0..100_000).map(|i| (i, (i + 1) % 100_000)).collect();
        assert_eq!(cycles(&edges)[0].len(), 100_000);
    }

    #[test]
    fn only_so_many_circles_are_reported() {
        let pairs = |n: u64| (0..n).flat_map(|i| [(2 * i, 2 * i + 1), (2 * i + 1, 2 * i)]);
        for (there, reported) in [(999, 999), (1_000, 1_000), (1_001, 1_000)] {
            let edges: Vec<(u64, u64)> = pairs(there).collect();
            assert_eq!(cycles(&edges).len(), reported);
        }
    }
}
