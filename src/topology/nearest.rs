//! Which known word somebody meant.

/// The known word that differs least from `word` (Levenshtein distance), if it differs little
/// enough to have been meant: by no more than half of its letters. Of equals the first one.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(LONGEST).collect();
    let (distance, near) = known.map(|one| (distance(&word, one), one)).min_by_key(|(distance, _)| *distance)?;
    (distance * 2 <= near.chars().count().max(word.len())).then_some(near)
}

fn distance(word: &[char], known: &str) -> usize {
    // The distance of each prefix of `word` from the part of `known` that was gone through.
    let mut prefixes: Vec<usize> = (0..=word.len()).collect();
    for (gone, known) in known.chars().enumerate() {
        let mut diagonal = gone;
        let mut left = gone + 1;
        for (letter, slot) in word.iter().zip(prefixes.iter_mut().skip(1)) {
            let above = *slot;
            let replaced = diagonal + usize::from(*letter != known);
            left = replaced.min(above + 1).min(left + 1);
            diagonal = above;
            *slot = left;
        }
        if let Some(first) = prefixes.first_mut() {
            *first = gone + 1;
        }
    }
    prefixes.last().copied().unwrap_or_default()
}

/// Longer than any known word; the rest of what was typed does not bring it nearer.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let roles = || ["cas", "hub", "mailbox", "reverse-proxy"].into_iter();
        assert_eq!(nearest("mailbx", roles()), Some("mailbox"));
        assert_eq!(nearest("Mail-box", roles()), Some("mailbox"));
        assert_eq!(nearest("reverse proxy", roles()), Some("reverse-proxy"));
        assert_eq!(nearest("CAS", roles()), Some("cas"));
        assert_eq!(nearest("domaincontroller", roles()), None);
        assert_eq!(nearest("", roles()), None);
    }

    #[test]
    fn distance_counts_letters_changed_added_and_left_out() {
        let distance = |one: &str, other| distance(&one.chars().collect::<Vec<_>>(), other);
        assert_eq!((distance("hub", "hub"), distance("hub", "hab"), distance("hub", "hubs")), (0, 1, 1));
        assert_eq!((distance("", "hub"), distance("kitten", "sitting")), (3, 3));
    }
}
