//! Zeek's letters for what happened on a connection, in order
//! (scripts/base/protocols/conn/main.zeek, field `history`).

use anyany_dissectors::Side;

/// The letters so far. The initiator's are upper case. Each letter appears once per side, but those
/// that count (retransmission, gap, zero window) come again at each power of ten.
#[derive(Debug, Clone, Default)]
pub struct History {
    said: [u32; 2],
    /// The first few letters: nearly always they are all.
    few: [u8; FEW],
    len: u8,
    flipped: bool,
    more: Option<Box<[u8; MORE]>>,
}

impl History {
    /// Adds `letter` (upper case) for `side`, unless it was said before.
    pub(super) fn say(&mut self, side: Side, letter: u8) {
        let bit = 1u32 << (letter.saturating_sub(b'A') & 31);
        let Some(said) = self.said.get_mut(side.index()) else { return };
        if *said & bit == 0 {
            *said |= bit;
            self.push(side, letter);
        }
    }

    /// Adds `letter` for the `count`-th time: said at 1, 10, 100…
    pub(super) fn count(&mut self, side: Side, letter: u8, count: u64) {
        if count > 0 && 10u64.checked_pow(count.ilog10()) == Some(count) {
            self.push(side, letter);
        }
    }

    fn push(&mut self, side: Side, letter: u8) {
        let at = usize::from(self.len);
        if at >= FEW + MORE {
            return;
        }
        let slot = match self.few.get_mut(at) {
            Some(slot) => Some(slot),
            None => self.more.get_or_insert_default().get_mut(at - FEW),
        };
        if let Some(slot) = slot {
            *slot = if side == Side::Initiator { letter } else { letter.to_ascii_lowercase() };
            self.len += 1;
        }
    }

    /// The sides were exchanged: what one said was said by the other.
    pub(super) fn flip(&mut self) {
        let more = self.more.iter_mut().flat_map(|more| more.iter_mut());
        for letter in self.few.iter_mut().chain(more).take(usize::from(self.len)) {
            *letter = swap_case(*letter);
        }
        self.said.reverse();
        self.flipped = !self.flipped;
    }

    /// The letters, with Zeek's `^` first when the sides were exchanged after the first packet.
    pub fn text(&self) -> String {
        let more = self.more.iter().flat_map(|more| more.iter());
        let letters = self.few.iter().chain(more).take(usize::from(self.len));
        let mut text = String::from(if self.flipped { "^" } else { "" });
        text.extend(letters.map(|&letter| char::from(letter)));
        text
    }

    /// Whether `side` ever said `letter` (upper case).
    pub fn has(&self, side: Side, letter: u8) -> bool {
        self.said.get(side.index()).is_some_and(|said| said & (1u32 << (letter.saturating_sub(b'A') & 31)) != 0)
    }
}

fn swap_case(letter: u8) -> u8 {
    letter ^ 0x20
}

/// An ordinary connection says `ShAaDdFf` and a retransmission or two.
const FEW: usize = 12;
/// Every letter once per side, and the counting ones a few times more.
const MORE: usize = 28;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_once_and_counts_at_powers_of_ten() {
        let mut history = History::default();
        for side in [Side::Initiator, Side::Responder, Side::Initiator] {
            history.say(side, b'D');
        }
        for count in 1..=100 {
            history.count(Side::Initiator, b'T', count);
        }
        assert_eq!(history.text(), "DdTTT");
        history.flip();
        history.say(Side::Initiator, b'F');
        assert_eq!(history.text(), "^dDtttF", "what comes after the exchange has the new sides");
    }

    #[test]
    fn who_said_a_letter_is_exchanged_with_the_sides() {
        let mut history = History::default();
        history.say(Side::Initiator, b'A');
        history.flip();
        assert!(history.has(Side::Responder, b'A') && !history.has(Side::Initiator, b'A'));
    }

    #[test]
    fn a_long_story_stays_bounded() {
        let mut history = History::default();
        for count in 0..1_000u64 {
            history.count(Side::Responder, b'W', 10u64.pow(u32::try_from(count % 10).unwrap()));
        }
        assert_eq!(history.text().len(), FEW + MORE);
    }
}
