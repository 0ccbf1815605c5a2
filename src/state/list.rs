//! A list that is looked at through a window: what is selected, what is visible.

/// Holds the selection and the scroll position of a list whose rows are kept elsewhere.
///
/// The selection belongs to a row's key, not to its index: rows may be sorted anew or vanish under it.
#[derive(Debug, Clone)]
pub struct ListView<K> {
    selected: usize,
    offset: usize,
    key: Option<K>,
    /// Whether a person chose the row; until then the first row is selected, whichever it is.
    chosen: bool,
}

impl<K> Default for ListView<K> {
    fn default() -> Self {
        Self { selected: 0, offset: 0, key: None, chosen: false }
    }
}

impl<K: Clone + PartialEq> ListView<K> {
    /// Returns the index of the selected row.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Returns the index of the first visible row.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the key of the selected row.
    pub fn key(&self) -> Option<&K> {
        self.key.as_ref()
    }

    /// Selects the row that a person chose and brings it into a window of `page` rows.
    pub fn select(&mut self, index: usize, keys: &[K], page: usize) {
        self.chosen = true;
        self.place(index, keys, page);
    }

    fn place(&mut self, index: usize, keys: &[K], page: usize) {
        self.selected = index.min(keys.len().saturating_sub(1));
        self.key = keys.get(self.selected).cloned();
        self.scroll(keys.len(), page);
    }

    /// Moves the selection by so many rows, stopping at the ends.
    pub fn step(&mut self, by: isize, keys: &[K], page: usize) {
        self.select(self.selected.saturating_add_signed(by), keys, page);
    }

    /// Finds the selected key in rows that changed; where it vanished, the selection stays at its index.
    ///
    /// A row that nobody chose is not followed: what comes in first must not carry the selection down.
    pub fn follow(&mut self, keys: &[K], page: usize) {
        if !self.chosen {
            return self.place(0, keys, page);
        }
        let found = self.key.as_ref().and_then(|key| keys.iter().position(|candidate| candidate == key));
        self.place(found.unwrap_or(self.selected), keys, page);
    }

    /// Moves the window so that the selection is inside and no row below the last is shown while rows above are hidden.
    pub fn scroll(&mut self, len: usize, page: usize) {
        let page = page.max(1);
        self.offset =
            self.offset.min(self.selected).max((self.selected + 1).saturating_sub(page)).min(len.saturating_sub(page));
    }

    /// Returns the indices of the visible rows.
    pub fn visible(&self, len: usize, page: usize) -> std::ops::Range<usize> {
        let start = self.offset.min(len);
        start..(start + page).min(len)
    }
}

/// Holds the scroll position of something that is read and not selected from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll(pub usize);

impl Scroll {
    /// Moves by so many lines of `len`.
    pub fn step(&mut self, by: isize, len: usize) {
        self.0 = self.0.saturating_add_signed(by).min(len.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [char; 6] = ['a', 'b', 'c', 'd', 'e', 'f'];

    #[test]
    fn the_window_follows_the_selection_and_never_shows_less_than_it_can() {
        let mut list = ListView::default();
        list.step(4, &KEYS, 3);
        assert_eq!((list.selected(), list.offset()), (4, 2));
        list.step(-2, &KEYS, 3);
        assert_eq!((list.selected(), list.offset()), (2, 2));
        list.scroll(KEYS.len(), 10);
        assert_eq!(list.offset(), 0);
        list.step(isize::MAX, &KEYS, 3);
        assert_eq!((list.selected(), list.offset()), (5, 3));
        list.step(isize::MIN, &KEYS, 3);
        assert_eq!((list.selected(), list.offset()), (0, 0));
    }

    #[test]
    fn the_selection_stays_with_its_row_when_rows_move_and_near_it_when_they_vanish() {
        let mut list = ListView::default();
        list.select(2, &KEYS, 3);
        list.follow(&['f', 'e', 'd', 'c'], 3);
        assert_eq!((list.selected(), list.key()), (3, Some(&'c')));
        list.follow(&['a', 'b'], 3);
        assert_eq!((list.selected(), list.key()), (1, Some(&'b')));
        list.follow(&[], 3);
        assert_eq!((list.selected(), list.key(), list.offset()), (0, None, 0));
    }

    #[test]
    fn a_selection_that_nobody_chose_stays_on_the_first_row() {
        let mut list = ListView::default();
        list.follow(&['c', 'd'], 3);
        list.follow(&KEYS, 3);
        assert_eq!((list.selected(), list.key()), (0, Some(&'a')));
    }

    #[test]
    fn a_window_without_rows_is_empty() {
        let list: ListView<char> = ListView::default();
        assert_eq!(list.visible(0, 5), 0..0);
        assert_eq!(list.visible(3, 0), 0..0);
    }
}
